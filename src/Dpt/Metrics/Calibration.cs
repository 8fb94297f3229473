namespace DPT.Engine.Dpt;

/// <summary>
/// How far the confidence of a classifier can be trusted: of predictions that it gives a probability of 0.9, nine in ten should be
/// right (Guo et al., ICML 2017).
/// </summary>
/// <param name="ExpectedError">
/// The expected calibration error, 0..1: the distance of accuracy and mean confidence in each interval, weighted by its predictions.
/// </param>
/// <param name="Intervals">The intervals that hold predictions, from low confidence to high.</param>
public sealed record Calibration(double ExpectedError, IReadOnlyList<ConfidenceInterval> Intervals)
{
    /// <summary>Number of equal intervals between 0 and 1.</summary>
    public const int IntervalCount = 20;

    /// <summary>The error alone, for people.</summary>
    public override string ToString() => FormattableString.Invariant($"expected error {ExpectedError:0.000}");

    /// <summary>Measures.</summary>
    /// <param name="confidences">The probability of each predicted class, 0..1.</param>
    /// <param name="isRight">Whether each prediction is right.</param>
    /// <exception cref="ArgumentException">There are none, not as many of both, or a confidence is not in 0..1.</exception>
    public static Calibration Of(ReadOnlySpan<float> confidences, ReadOnlySpan<bool> isRight)
    {
        if (confidences.IsEmpty || confidences.Length != isRight.Length)
        {
            throw new ArgumentException($"{confidences.Length} confidences of {isRight.Length} predictions", nameof(confidences));
        }

        var (counts, sums, right) = (new int[IntervalCount], new double[IntervalCount], new int[IntervalCount]);
        for (var i = 0; i < confidences.Length; i++)
        {
            if (!(confidences[i] is >= 0 and <= 1))
            {
                throw new ArgumentException($"confidence {i} is {confidences[i]}; a probability is in 0..1", nameof(confidences));
            }

            // An interval has its lower end, the last one both.
            var at = Math.Min((int)(confidences[i] * IntervalCount), IntervalCount - 1);
            counts[at]++;
            sums[at] += confidences[i];
            right[at] += isRight[i] ? 1 : 0;
        }

        ConfidenceInterval[] intervals =
        [
            .. Enumerable.Range(0, IntervalCount).Where(at => counts[at] > 0).Select(at =>
                new ConfidenceInterval(counts[at], sums[at] / counts[at], (double)right[at] / counts[at])),
        ];
        var (total, error) = (confidences.Length, 0.0);
        foreach (var interval in intervals)
        {
            error += interval.Count * Math.Abs(interval.Accuracy - interval.Confidence) / total;
        }

        return new Calibration(error, intervals);
    }
}

/// <summary>Predictions of about one confidence.</summary>
/// <param name="Count">How many, at least 1.</param>
/// <param name="Confidence">Their mean confidence, 0..1.</param>
/// <param name="Accuracy">Share of them that is right, 0..1.</param>
public sealed record ConfidenceInterval(int Count, double Confidence, double Accuracy);
