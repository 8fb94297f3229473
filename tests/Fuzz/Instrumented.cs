using System.Diagnostics;
using SharpFuzz;

namespace Fuzz;

/// <summary>
/// A copy of this program whose readers count the edges that they take. It runs as a process of its own for each reader: one that
/// overflows its stack or never ends takes nothing with it.
/// </summary>
internal sealed class Instrumented : IDisposable
{
    private static readonly string[] _assemblies = ["DPT.Engine.Dpt.dll", "DPT.Engine.Autograd.dll"];

    private readonly string _folder = Path.Combine(AppContext.BaseDirectory, "..", $"Instrumented-{Environment.ProcessId}");

    /// <summary>Makes it.</summary>
    public Instrumented()
    {
        Copy(AppContext.BaseDirectory, _folder);
        foreach (var assembly in _assemblies)
        {
            Fuzzer.Instrument(Path.Combine(_folder, assembly), _ => true, SharpFuzz.Options.Value);
        }
    }

    /// <summary>Tries one reader; null if the process died of an input, which is kept.</summary>
    public Counts? Run(Options options)
    {
        var place = Directory.CreateDirectory(Path.Combine(Memory(), $"dpt-fuzz-{Environment.ProcessId}"));
        try
        {
            using var process = Start(options, place);
            var counts = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            if (process.ExitCode is 0 or Worker.Found)
            {
                return Counts.Parse(counts);
            }

            var what = process.ExitCode == Worker.Hangs ? "does not come to an end" : $"ends the process with exit code {process.ExitCode}";
            Finding.Keep(options, ReaderTarget.LastInput(place, options.Only), new Fault(what, what));
            return null;
        }
        finally
        {
            place.Delete(recursive: true);
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private Process Start(Options options, DirectoryInfo place) => Process.Start(
        new ProcessStartInfo("dotnet", [Path.Combine(_folder, "Fuzz.dll"), Worker.Verb, .. options.Arguments])
        {
            RedirectStandardOutput = true,
            Environment =
            {
                ["TMPDIR"] = place.FullName,

                // One thread, so that counts of edges are the same in every run; and what asks for more memory fails alone.
                ["DOTNET_PROCESSOR_COUNT"] = "1",
                ["DOTNET_GCHeapHardLimit"] = "0x80000000",
            },
        })!;

    /// <summary>A folder that no disk is behind, where there is one.</summary>
    private static string Memory() => Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath();

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.GetFiles(from))
        {
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        }

        foreach (var folder in Directory.GetDirectories(from))
        {
            Copy(folder, Path.Combine(to, Path.GetFileName(folder)));
        }
    }
}
