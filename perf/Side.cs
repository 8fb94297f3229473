using System.Diagnostics;

namespace Perf;

/// <summary>Rates of one side in operations per second.</summary>
/// <param name="Median">Median of the turns.</param>
/// <param name="Low">Lower quartile of the turns.</param>
/// <param name="High">Upper quartile of the turns.</param>
/// <param name="Best">The fastest single run: what the code can do when nothing else runs.</param>
internal readonly record struct Rate(double Median, double Low, double High, double Best);

/// <summary>
/// Something that is timed in turns with others. Each turn starts with a pause, in which the others' waiting threads fall
/// asleep, and with an untimed run, which wakes its own.
/// </summary>
/// <param name="run">What is timed.</param>
/// <param name="work">Operations or bytes of one run.</param>
internal sealed class Side(Action run, double work)
{
    private const double TurnSeconds = 0.02;

    private readonly List<double> _turns = [];
    private double _best;

    /// <summary>Rate of the last turn.</summary>
    public double Latest => _turns[^1];

    public Rate Rate => new(Quantile(_turns, 0.5), Quantile(_turns, 0.25), Quantile(_turns, 0.75), _best);

    public static double Quantile(List<double> values, double share)
    {
        var sorted = values.Order().ToList();
        return sorted[(int)(share * (sorted.Count - 1))];
    }

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
