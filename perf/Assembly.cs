using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Perf;

/// <summary>NVIDIA's assembler, where the machine has it: what becomes of a kernel's registers.</summary>
/// <param name="Registers">Registers of a thread.</param>
/// <param name="SpilledBytes">Bytes that a thread stores to local memory and loads again because registers ran out.</param>
internal sealed partial record Assembly(int Registers, int SpilledBytes)
{
    private static readonly Lazy<string?> Assembler = new(Find);

    /// <summary>Where ptxas is; null if it is nowhere.</summary>
    public static string? Path => Assembler.Value;

    /// <summary>Assembles a module for the architecture that it names.</summary>
    /// <exception cref="InvalidOperationException">The assembler refuses it.</exception>
    public static Assembly Of(PtxModule module)
    {
        var file = System.IO.Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, module.ToString());
            using var process = Process.Start(new ProcessStartInfo(
                Path!, ["-v", $"-arch={module.Target}", file, "-o", "/dev/null"]) { RedirectStandardError = true })!;
            var said = process.StandardError.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0
                ? new Assembly(Number(Used().Match(said)), Number(Stores().Match(said)) + Number(Loads().Match(said)))
                : throw new InvalidOperationException(said);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static int Number(Match match) => int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture);

    private static string? Find()
    {
        string?[] folders =
        [
            Environment.GetEnvironmentVariable("DPT_CUDA_BIN"),
            Environment.GetEnvironmentVariable("CUDA_HOME") is { } home ? System.IO.Path.Combine(home, "bin") : null,
            .. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(System.IO.Path.PathSeparator),
            .. Directory.Exists("/usr/local") ? Directory.GetDirectories("/usr/local", "cuda*").Select(d => System.IO.Path.Combine(d, "bin")) : [],
        ];
        return folders.OfType<string>().Select(f => System.IO.Path.Combine(f, "ptxas")).FirstOrDefault(File.Exists);
    }

    [GeneratedRegex("Used ([0-9]+) registers")]
    private static partial Regex Used();

    [GeneratedRegex("([0-9]+) bytes spill stores")]
    private static partial Regex Stores();

    [GeneratedRegex("([0-9]+) bytes spill loads")]
    private static partial Regex Loads();
}
