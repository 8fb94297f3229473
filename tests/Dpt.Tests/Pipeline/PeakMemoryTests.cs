using System.Globalization;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt.Tests;

/// <summary>The peak that a result tells is what the system gave: on the host, by what the process grew.</summary>
[NonParallelizable]
[Platform("Linux")]
public sealed class PeakMemoryTests
{
    [Test]
    public void Peak_OfARun_IsWhatTheProcessGrewBy()
    {
        var tiny = TinyOptions.Run;
        var options = tiny with
        {
            Stage1 = tiny.Stage1 with { Steps = 1 },
            Diffusion = tiny.Diffusion with { Steps = 1, PatchSize = 2, Width = 64, Depth = 2, Heads = 1, Batch = 768, LabelDropout = 0 },
            Stage3 = tiny.Stage3 with { Steps = 1, ControlSteps = 1 },
        };
        using var folder = new TemporaryFolder();
        TinyRun.In(folder["warm-up"]);
        using var device = new HostDevice(threads: 1);
        GC.Collect();

        // From here on the largest size counts anew.
        File.WriteAllText("/proc/self/clear_refs", "5");
        var before = Resident("VmRSS:");
        DptResult? result = null;
        TinyRun.On(device, folder["run"], options, new SilentObserver(), pipeline => result = pipeline.Run(CancellationToken.None));
        var (grown, told) = (Resident("VmHWM:") - before, result!.PeakMemoryBytes);
        TestContext.Out.WriteLine($"told {told:n0}, reserved {device.Memory.ReservedBytes:n0}, grown {grown:n0}");
        Assert.That((double)told / grown, Is.EqualTo(1).Within(0.05));
    }

    /// <summary>A line of /proc/self/status in bytes.</summary>
    private static long Resident(string name)
    {
        var line = File.ReadLines("/proc/self/status").First(line => line.StartsWith(name, StringComparison.Ordinal));
        return 1024 * long.Parse(line[name.Length..^"kB".Length], NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture);
    }
}
