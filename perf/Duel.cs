using System.Diagnostics;
using DPT.Engine.Kernels;

namespace Perf;

/// <summary>What a contest came to.</summary>
/// <param name="Ours">Our rate.</param>
/// <param name="Theirs">Their rate.</param>
/// <param name="Peak">Rate of multiply-adds in registers or of a copy, measured in the same rounds.</param>
/// <param name="Ratio">Median of the rounds' own ratios: a disturbance hits both sides of a round.</param>
/// <param name="Disagreement">Largest difference of the results, before and after.</param>
internal sealed record Verdict(Rate Ours, Rate Theirs, Rate Peak, double Ratio, double Disagreement);

/// <summary>Times both sides in turns within one process, so that both see the same machine.</summary>
internal static class Duel
{
    public static Verdict Run(HostDevice device, Contest contest, TimeSpan budget)
    {
        contest.Ours();
        contest.Theirs();
        var disagreement = contest.Disagreement();
        var ours = new Side(contest.Ours, contest.Work);
        var theirs = new Side(contest.Theirs, contest.Work);
        Func<HostDevice, double> ceiling = contest.Bound == Bound.Memory ? CopyPeak.Run : FmaPeak.Run;
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

        disagreement = Math.Max(disagreement, contest.Disagreement());
        return new Verdict(ours.Rate, theirs.Rate, peak.Rate, Side.Quantile(ratios, 0.5), disagreement);
    }
}
