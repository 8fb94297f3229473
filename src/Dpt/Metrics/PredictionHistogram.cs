namespace DPT.Engine.Dpt;

/// <summary>How often each class was predicted, and how confidently: what a report on pseudo-labels shows.</summary>
public sealed class PredictionHistogram
{
    /// <summary>Number of equal intervals of confidence between 0 and 1.</summary>
    public const int Bins = 20;

    private readonly long[] _classCounts;
    private readonly long[] _confidenceCounts = new long[Bins];

    /// <summary>Starts empty.</summary>
    /// <param name="classes">Number of classes.</param>
    public PredictionHistogram(int classes) => _classCounts = new long[classes];

    /// <summary>Predictions of each class.</summary>
    public IReadOnlyList<long> ClassCounts => _classCounts;

    /// <summary>Predictions in each interval of confidence; an interval has its lower end, the last one both.</summary>
    public IReadOnlyList<long> ConfidenceCounts => _confidenceCounts;

    /// <summary>Counts one prediction.</summary>
    /// <param name="label">The predicted class.</param>
    /// <param name="confidence">Its probability, 0..1.</param>
    public void Add(int label, double confidence)
    {
        if (!(confidence is >= 0 and <= 1))
        {
            throw new ArgumentOutOfRangeException(nameof(confidence), confidence, "a probability is in 0..1");
        }

        _classCounts[label]++;
        _confidenceCounts[Math.Min((int)(confidence * Bins), Bins - 1)]++;
    }
}
