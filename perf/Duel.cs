using System.Diagnostics;
using DPT.Engine.Kernels;

namespace Perf;

/// <summary>Rates of one contestant in operations per second.</summary>
/// <param name="Median">Median of the turns.</param>
/// <param name="Low">Lower quartile of the turns.</param>
/// <param name="High">Upper quartile of the turns.</param>
/// <param name="Best">The fastest single run: what the code can do when nothing else runs.</param>
internal readonly record struct Rate(double Median, double Low, double High, double Best);

/// <summary>What a contest came to.</summary>
/// <param name="Ours">Our rate.</param>
/// <param name="Theirs">Their rate.</param>
/// <param name="Peak">Rate of multiply-adds in registers or of a copy, measured in the same rounds.</param>
/// <param name="Ratio">Median of the rounds' own ratios: a disturbance hits both sides of a round.</param>
/// <param name="Disagreement">Largest difference of the results, before and after.</param>
internal sealed record Verdict(Rate Ours, Rate Theirs, Rate Peak, double Ratio, double Disagreement);

/// <summary>
/// Times both sides in turns within one process, so that both see the same machine. Each turn starts with a pause, in
/// which the other side's waiting threads fall asleep, and with an untimed run, which wakes this side's threads.
/// </summary>
internal static class Duel
{
    private const double TurnSeconds = 0.02;

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
        return new Verdict(ours.Rate, theirs.Rate, peak.Rate, Quantile(ratios, 0.5), disagreement);
    }

    private static double Quantile(List<double> values, double share)
    {
        var sorted = values.Order().ToList();
        return sorted[(int)(share * (sorted.Count - 1))];
    }

    private sealed class Side(Action run, double work)
    {
        private readonly List<double> _turns = [];
        private double _best;

        public double Latest => _turns[^1];

        public Rate Rate => new(Quantile(_turns, 0.5), Quantile(_turns, 0.25), Quantile(_turns, 0.75), _best);

        public void Turn()
        {
            Thread.Sleep(2);
            run();
            var runs = 0;
            var turn = Stopwatch.GetTimestamp();
            TimeSpan elapsed;
            do
            {
                var start = Stopwatch.GetTimestamp();
                run();
                _best = Math.Max(_best, work / Stopwatch.GetElapsedTime(start).TotalSeconds);
                runs++;
                elapsed = Stopwatch.GetElapsedTime(turn);
            }
            while (elapsed.TotalSeconds < TurnSeconds);
            _turns.Add(runs * work / elapsed.TotalSeconds);
        }
    }
}
