namespace DPT.Engine.Dpt;

/// <summary>What a few independent values say of where they come from.</summary>
/// <param name="Count">How many there are, at least 1.</param>
/// <param name="Mean">Their mean.</param>
/// <param name="StandardDeviation">
/// Root of the squared deviations' sum by <paramref name="Count"/> - 1; null for one value, which says nothing of it.
/// </param>
public sealed record SampleSummary(int Count, double Mean, double? StandardDeviation)
{
    /// <summary>Summarises values.</summary>
    /// <param name="values">At least one.</param>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static SampleSummary Of(IReadOnlyCollection<double> values)
    {
        if (values.Count == 0)
        {
            throw new ArgumentException("no values have no mean", nameof(values));
        }

        var mean = values.Average();
        return new SampleSummary(
            values.Count,
            mean,
            values.Count < 2 ? null : Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Count - 1)));
    }

    /// <summary>
    /// The interval of Student's t around the mean, which holds the true mean with this confidence if the values are normally
    /// distributed; of differences run by run it is that of the paired test. Null for one value.
    /// </summary>
    /// <param name="confidence">0.95 for 95 %; 0 and 1 excluded.</param>
    public (double Low, double High)? Interval(double confidence)
    {
        if (StandardDeviation is not { } deviation)
        {
            return null;
        }

        var half = StudentT.CriticalValue(Count - 1, confidence) * deviation / Math.Sqrt(Count);
        return (Mean - half, Mean + half);
    }
}
