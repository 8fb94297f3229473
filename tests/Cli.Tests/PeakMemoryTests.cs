using System.Diagnostics;
using System.Globalization;
using DPT.Engine.Cli;
using DPT.Engine.Dpt;

namespace Cli.Tests;

/// <summary>
/// The peak that a result tells is what the system gave. Of two runs that differ in a batch alone, as processes of their own, the peaks that
/// the results tell differ by as much as those of the processes: what else a process needs is the same in both.
/// </summary>
[Platform("Linux")]
public sealed class PeakMemoryTests
{
    private static readonly string[] _run =
    [
        "run", "--preset", "digits-smoke", "--device", "host", "--quiet", "--set",
        "data.trainLimit=200,data.testLimit=40,stage1.steps=1,stage3.steps=1,stage3.controlSteps=1,generate.perClass=2,generate.evaluations=3,"
        + "diffusion.steps=1,diffusion.patchSize=2,diffusion.width=64,diffusion.depth=2,diffusion.heads=1,diffusion.labelDropout=0",
    ];

    [Test]
    public void Peak_OfARun_IsWhatTheProcessTook()
    {
        using var folder = new TemporaryFolder();
        var (small, large) = (Peaks(folder.File("small"), batch: 128), Peaks(folder.File("large"), batch: 768));
        var (told, taken) = (large.Told - small.Told, large.Taken - small.Taken);
        TestContext.Out.WriteLine($"told {small.Told:n0} and {large.Told:n0}, taken {small.Taken:n0} and {large.Taken:n0}, ratio of what lies between {(double)told / taken:f3}");
        Assert.That(told, Is.GreaterThan(400 << 20));
        Assert.That((double)told / taken, Is.EqualTo(1).Within(0.05));
    }

    /// <summary>The largest memory of a run's device by its result, and of its process by the system.</summary>
    private static (long Told, long Taken) Peaks(string path, int batch)
    {
        using var process = Process.Start(new ProcessStartInfo(
            "dotnet", [typeof(Application).Assembly.Location, .. _run, "--set", $"diffusion.batch={batch}", "--out", path])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        })!;
        var (errors, output) = (process.StandardError.ReadToEndAsync(), process.StandardOutput.ReadToEndAsync());
        var taken = 0L;
        while (!process.WaitForExit(20))
        {
            taken = Math.Max(taken, LargestResident(process.Id));
        }

        Assert.That(process.ExitCode, Is.Zero, errors.Result + output.Result);
        return (DptResult.Load(Path.Combine(path, "result.json")).PeakMemoryBytes, taken);
    }

    /// <summary>The system keeps the largest value, so that it does not matter when it is asked after that; 0 of a process that ends just now.</summary>
    private static long LargestResident(int process)
    {
        const string Name = "VmHWM:";
        try
        {
            return File.ReadLines($"/proc/{process}/status").FirstOrDefault(line => line.StartsWith(Name, StringComparison.Ordinal)) is { } line
                ? 1024 * long.Parse(line[Name.Length..^"kB".Length].Trim(), CultureInfo.InvariantCulture)
                : 0;
        }
        catch (IOException)
        {
            return 0;
        }
    }
}
