using System.Diagnostics;

namespace DPT.Engine.Ptx;

/// <summary>One of NVIDIA's programs for machine code, where this machine has it. The engine ships none of them.</summary>
public sealed class CudaTool
{
    /// <summary>The environment variable that names the folder of these programs.</summary>
    public const string Variable = "DPT_CUDA_BIN";

    private CudaTool(string name) => Name = name;

    /// <summary>ptxas: PTX to machine code.</summary>
    public static CudaTool Assembler { get; } = new("ptxas");

    /// <summary>nvdisasm: machine code to SASS, its text.</summary>
    public static CudaTool Disassembler { get; } = new("nvdisasm");

    /// <summary>What the program is called.</summary>
    public string Name { get; }

    /// <summary>Where it is; null if it is nowhere.</summary>
    public string? Path => Find(Name, Environment.GetEnvironmentVariable).Path;

    /// <summary>Where it was looked for and what to do, in a line; null if it was found.</summary>
    public string? WhyNot => Find(Name, Environment.GetEnvironmentVariable).WhyNot;

    /// <summary>
    /// Looks in the folder of <see cref="Variable"/>, and only there if it is set; else in that of CUDA_HOME, in PATH, and where
    /// NVIDIA's installer puts it.
    /// </summary>
    internal static (string? Path, string? WhyNot) Find(string name, Func<string, string?> variable)
    {
        var file = OperatingSystem.IsWindows() ? name + ".exe" : name;
        if (variable(Variable) is { Length: > 0 } named)
        {
            var path = System.IO.Path.Combine(named, file);
            return File.Exists(path) ? (path, null) : (null, $"{Variable} names {named}, where there is no {name}");
        }

        var found = Folders(variable).Select(folder => System.IO.Path.Combine(folder, file)).FirstOrDefault(File.Exists);
        return found is not null ? (found, null) : (null,
            $"no {name} in CUDA_HOME/bin, PATH or /usr/local/cuda*/bin; it comes with NVIDIA's CUDA toolkit "
            + $"(Debian and Ubuntu: nvidia-cuda-toolkit), and {Variable} can name its folder");
    }

    /// <summary>Runs it to its end.</summary>
    /// <returns>What it printed, its messages apart.</returns>
    /// <exception cref="PtxException">It is not there or cannot be started, or it failed; the message has its first complaint.</exception>
    internal (string Output, string Messages) Run(params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(Path ?? throw new PtxException(WhyNot!), arguments)
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
            var messages = process.StandardError.ReadToEndAsync();
            var output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0
                ? (output, messages.Result)
                : throw new PtxException($"{Name} failed: {FirstLine(messages.Result + output)}");
        }
        catch (System.ComponentModel.Win32Exception failure)
        {
            throw new PtxException($"{Path} does not run: {failure.Message}", failure);
        }
    }

    private static string FirstLine(string text) => text.Trim().Split('\n')[0].TrimEnd();

    private static IEnumerable<string> Folders(Func<string, string?> variable)
    {
        const string Installed = "/usr/local";
        string[] ofHome = variable("CUDA_HOME") is { Length: > 0 } home ? [System.IO.Path.Combine(home, "bin")] : [];
        var ofPath = (variable("PATH") ?? "").Split(System.IO.Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        var ofInstaller = Directory.Exists(Installed)
            ? Directory.GetDirectories(Installed, "cuda*").Order(StringComparer.Ordinal).Select(f => System.IO.Path.Combine(f, "bin"))
            : [];
        return [.. ofHome, .. ofPath, .. ofInstaller];
    }
}
