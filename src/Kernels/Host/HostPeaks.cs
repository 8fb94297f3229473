using System.Diagnostics;

namespace DPT.Engine.Kernels;

/// <summary>What this machine can do at most, as measured now: what a kernel's rates are held against.</summary>
/// <param name="Flops">Multiply-adds in registers on all threads, as floating-point operations per second.</param>
/// <param name="Bytes">A copy that no cache holds, as bytes read and written per second.</param>
public readonly record struct HostPeaks(double Flops, double Bytes)
{
    private const int Rounds = 5;

    /// <summary>Measures both, the best of a few rounds each: about a tenth of a second.</summary>
    public static HostPeaks Measure(HostDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        return new HostPeaks(Best(device, FmaPeak.Run), Best(device, CopyPeak.Run));
    }

    private static double Best(HostDevice device, Func<HostDevice, double> work)
    {
        work(device);
        var best = 0.0;
        for (var round = 0; round < Rounds; round++)
        {
            var start = Stopwatch.GetTimestamp();
            var amount = work(device);
            best = Math.Max(best, amount / Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        return best;
    }
}
