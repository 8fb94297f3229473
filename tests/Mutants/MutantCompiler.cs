using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;

namespace Mutants;

/// <summary>
/// Compiles a project with one source file replaced, by the SDK's compiler server and with the arguments that the build
/// of the project gives to it. Warnings and analyzers are off: a fault that makes a variable unused is still one.
/// </summary>
internal sealed class MutantCompiler
{
    private static readonly string[] Dropped = ["/warnaserror", "/out:", "/refout:", "/doc:", "/noconfig"];

    private readonly ConcurrentDictionary<string, Lazy<string[]>> argumentsOf = new();
    private readonly string compiler = Path.Combine(SdkFolder(), "Roslyn", "bincore", "csc.dll");

    /// <summary>Null if the assembly was written, else the compiler's first error.</summary>
    /// <param name="project">The folder below src.</param>
    /// <param name="file">The source file to replace, from the root of the repository.</param>
    /// <param name="source">Its text.</param>
    /// <param name="assembly">Where the assembly goes, under its right name; the replaced source and the arguments are written beside it.</param>
    public string? Compile(string project, string file, string source, string assembly)
    {
        var folder = Repository.In("src/" + project);
        var original = Path.GetRelativePath(folder, Repository.In(file));
        var mutated = assembly + ".cs";
        File.WriteAllText(mutated, source);
        var arguments = argumentsOf.GetOrAdd(project, p => new Lazy<string[]>(() => ArgumentsOf(p))).Value;
        if (!arguments.Contains(original))
        {
            throw new FormatException($"{file} is not compiled into {project}");
        }

        File.WriteAllLines(
            assembly + ".rsp",
            [.. arguments.Select(a => a == original ? mutated : a), "/skipanalyzers+", "/warn:0", "/out:" + assembly]);
        var (code, output) = Run(folder, compiler, "/noconfig", "/shared", "/nologo", "@" + assembly + ".rsp");
        return code == 0 ? null : output.Split('\n').FirstOrDefault(l => l.Contains("error")) ?? output;
    }

    private static string[] ArgumentsOf(string project)
    {
        // Asks the build what it would give to the compiler, and has nothing compiled: a target that is never up to date.
        var (code, output) = Run(
            Repository.Root,
            "msbuild",
            $"src/{project}/{project}.csproj",
            "-p:Configuration=Release",
            "-t:PrepareResources;Compile",
            "-p:ProvideCommandLineArgs=true",
            "-p:SkipCompilerExecution=true",
            "-p:BuildProjectReferences=false",
            "-p:NonExistentFile=none",
            "-getItem:CscCommandLineArgs");
        if (code != 0)
        {
            throw new InvalidOperationException($"no compiler arguments for {project}: {output}");
        }

        using var json = JsonDocument.Parse(output);
        return
        [
            .. json.RootElement.GetProperty("Items").GetProperty("CscCommandLineArgs").EnumerateArray()
                .Select(item => item.GetProperty("Identity").GetString()!)
                .Where(a => !Dropped.Any(d => a.StartsWith(d, StringComparison.Ordinal))),
        ];
    }

    private static string SdkFolder()
    {
        var (_, output) = Run(Repository.Root, "--info");
        var line = output.Split('\n').First(l => l.Contains("Base Path:"));
        return line[(line.IndexOf(':') + 1)..].Trim();
    }

    private static (int Code, string Output) Run(string folder, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + errors.Result);
    }
}
