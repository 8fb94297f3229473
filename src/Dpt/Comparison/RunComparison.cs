namespace DPT.Engine.Dpt;

/// <summary>
/// Several runs side by side, the content of <c>summary.json</c>, schema 1: one seed proves little. Statistics follow from the
/// results, which stand beside them.
/// </summary>
public sealed record RunComparison
{
    private const double ConfidenceOfIntervals = 0.95;

    /// <summary>Version of this schema.</summary>
    public int Schema { get; init; } = 1;

    /// <summary>Probability with which an interval holds the true mean.</summary>
    public double Confidence { get; init; } = ConfidenceOfIntervals;

    /// <summary>Results of the finished runs by folder, in the order of the table.</summary>
    public required OrderedDictionary<string, DptResult> Runs { get; init; }

    /// <summary>Folders of the runs that are not finished: no number is of them.</summary>
    public required IReadOnlyList<string> Unfinished { get; init; }

    /// <summary>Mean, deviation and interval by <see cref="RunColumn.Name"/>; columns that no run has are left out.</summary>
    public required OrderedDictionary<string, ColumnStatistics> Statistics { get; init; }

    /// <summary>What a reader of the numbers should know; none if all is well.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }

    /// <summary>Compares runs.</summary>
    /// <param name="runs">Folder and result of each finished run, at least one; no folder twice.</param>
    /// <param name="unfinished">Folders of those that have no result yet.</param>
    public static RunComparison Of(IReadOnlyList<(string Folder, DptResult Result)> runs, IReadOnlyList<string> unfinished)
    {
        var statistics =
            from column in RunColumn.All
            let values = runs.Select(run => column.Of(run.Result)).OfType<double>().ToList()
            where values.Count > 0
            select KeyValuePair.Create(column.Name, Summarise(values, column.IsDifference));
        return new RunComparison
        {
            Runs = new(runs.Select(run => KeyValuePair.Create(run.Folder, run.Result))),
            Unfinished = unfinished,
            Statistics = new(statistics),
            Warnings = [.. Doubts([.. runs.Select(run => run.Result)], unfinished)],
        };
    }

    private static ColumnStatistics Summarise(IReadOnlyCollection<double> values, bool isDifference)
    {
        var summary = SampleSummary.Of(values);
        var interval = isDifference ? summary.Interval(ConfidenceOfIntervals) : null;
        return new ColumnStatistics(summary.Count, summary.Mean, summary.StandardDeviation, interval?.Low, interval?.High);
    }

    private static IEnumerable<string> Doubts(IReadOnlyList<DptResult> runs, IReadOnlyList<string> unfinished)
    {
        if (unfinished.Count > 0)
        {
            yield return $"not finished, and in none of the numbers: {string.Join(", ", unfinished)}";
        }

        if (runs.Count < 2)
        {
            yield return "one run has no standard deviation and no interval: they take two or more";
        }

        if (runs.Select(run => run.Data).Distinct().Count() > 1)
        {
            yield return "the runs are not of the same data or number of labels: their mean says little";
        }

        if (runs.CountBy(run => run.Seed).Where(seed => seed.Value > 1).Select(seed => seed.Key).Order().ToList() is { Count: > 0 } seeds)
        {
            yield return $"several runs have seed {string.Join(" and seed ", seeds)}: the intervals are for runs that are independent";
        }
    }
}

/// <summary>What the runs say of one number.</summary>
/// <param name="Count">Runs that have it.</param>
/// <param name="Mean">Its mean.</param>
/// <param name="StandardDeviation">Its standard deviation, with <paramref name="Count"/> - 1; null for one run.</param>
/// <param name="Low">Lower end of the mean's interval; null for one run, and for what is no difference.</param>
/// <param name="High">Upper end.</param>
public sealed record ColumnStatistics(int Count, double Mean, double? StandardDeviation, double? Low, double? High);
