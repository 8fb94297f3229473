using System.Diagnostics;

namespace Perf;

/// <summary>One size of a sweep.</summary>
/// <param name="Value">The size.</param>
/// <param name="Images">Images in one run.</param>
/// <param name="Open">Opens the computation; only our side is run.</param>
internal sealed record SweepPoint(int Value, int Images, Func<Comparison> Open);

/// <summary>What a point came to.</summary>
/// <param name="Value">The size.</param>
/// <param name="Flops">Operations for one image.</param>
/// <param name="Seconds">Median time for one image.</param>
/// <param name="ToReference">Time over what the rate of the reference predicts.</param>
/// <param name="ToSmaller">Time over what the best rate of all smaller points predicts; null for the smallest.</param>
internal sealed record ScalingRow(int Value, double Flops, double Seconds, double ToReference, double? ToSmaller)
{
    /// <summary>More than this is worse than the operations explain.</summary>
    public const double Limit = 1.2;

    public bool IsAsPredicted => ToSmaller is null or <= Limit;
}

/// <summary>A computation over one of its sizes, the others fixed.</summary>
/// <param name="Workload">What is computed.</param>
/// <param name="Variable">The size that changes.</param>
/// <param name="Fixed">The sizes that do not.</param>
/// <param name="Reference">The value from which the prediction line is drawn.</param>
/// <param name="Points">By increasing size.</param>
internal sealed record Sweep(
    string Workload, string Variable, string Fixed, int Reference, IReadOnlyList<SweepPoint> Points)
{
    private const int MinRounds = 5;

    public string Name => $"{Workload} by {Variable}";

    /// <summary>Times all points in turns, so that a disturbance of the machine hits all alike.</summary>
    /// <param name="budget">Time for each point.</param>
    public IReadOnlyList<ScalingRow> Measure(TimeSpan budget)
    {
        var comparisons = Points.Select(p => p.Open()).ToList();
        try
        {
            var sides = comparisons.Select(c => new Side(c.Ours, c.Work)).ToList();
            var watch = Stopwatch.StartNew();
            for (var round = 0; round < MinRounds || watch.Elapsed < budget * sides.Count; round++)
            {
                sides.ForEach(side => side.Turn());
            }

            return Rows([.. comparisons.Select((c, i) => c.Work / Points[i].Images)], [.. sides.Select(s => s.Rate.Median)]);
        }
        finally
        {
            comparisons.ForEach(c => c.Dispose());
        }
    }

    /// <summary>A rate of r predicts work / r seconds; so times compare as rates do, the other way round.</summary>
    private List<ScalingRow> Rows(double[] flops, double[] rates)
    {
        var reference = rates[Points.Index().First(p => p.Item.Value == Reference).Index];
        return
        [
            .. Points.Select((point, i) => new ScalingRow(
                point.Value,
                flops[i],
                flops[i] / rates[i],
                reference / rates[i],
                i == 0 ? null : rates[..i].Max() / rates[i])),
        ];
    }
}
