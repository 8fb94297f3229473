using System.Diagnostics;
using DPT.Engine.Kernels;

namespace Perf;

/// <summary>What a comparison came to.</summary>
/// <param name="Ours">Our rate.</param>
/// <param name="Theirs">Their rate.</param>
/// <param name="Peak">Rate of multiply-adds in registers or of a copy, measured in the same rounds.</param>
/// <param name="Ratio">Median of the rounds' own ratios: a disturbance hits both sides of a round.</param>
/// <param name="Disagreement">Largest difference of the results, before and after.</param>
internal sealed record Verdict(Rate Ours, Rate Theirs, Rate Peak, double Ratio, double Disagreement);

/// <summary>Times both sides in turns within one process, so that both see the same machine.</summary>
internal static class SideBySide
{
    public static Verdict Run(HostDevice device, Comparison comparison, TimeSpan budget)
    {
        comparison.Ours();
        comparison.Theirs();
        var disagreement = comparison.Disagreement();
        var ours = new Side(comparison.Ours, comparison.Work);
        var theirs = new Side(comparison.Theirs, comparison.Work);
        Func<HostDevice, double> ceiling = comparison.Bound == Bound.Memory ? CopyPeak.Run : FmaPeak.Run;
        var peak = new Side(() => ceiling(device), ceiling(device));
        var ratios = new List<double>();
        var watch = Stopwatch.StartNew();
        while (watch.Elapsed < budget || ratios.Count < 5)
        {
            // The order alternates: whoever comes second may find warmer caches or a lower clock.
            var (first, second) = ratios.Count % 2 == 0 ? (ours, theirs) : (theirs, ours);
            first.Turn();
            second.Turn();
            peak.Turn();
            ratios.Add(ours.Latest / theirs.Latest);
        }

        disagreement = Math.Max(disagreement, comparison.Disagreement());
        return new Verdict(ours.Rate, theirs.Rate, peak.Rate, Side.Quantile(ratios, 0.5), disagreement);
    }
}
