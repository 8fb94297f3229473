namespace DPT.Engine.Dpt;

/// <summary>The moving averages of self-adaptive thresholds: all there is to save and to restore.</summary>
/// <param name="Global">tau: mean confidence.</param>
/// <param name="ClassProbabilities">p~: mean probability of each class.</param>
/// <param name="ClassFrequencies">h~: share of each class among the predictions.</param>
public sealed record ThresholdState(double Global, double[] ClassProbabilities, double[] ClassFrequencies);

/// <summary>
/// FreeMatch's choice of the unlabelled images to learn from (Wang et al. 2023; spec 2.4): image b with confidence m_b
/// and prediction y_b takes part if m_b is at least tau p~[y_b] / max p~. The averages follow the model's predictions
/// on weak views; they start at 1/C, which lets everything in.
/// </summary>
public sealed class SelfAdaptiveThreshold
{
    private readonly double _momentum;
    private readonly double[] _means;
    private readonly double[] _histogram;
    private double[] _probabilities;
    private double[] _frequencies;

    /// <summary>Starts without any knowledge of the classes.</summary>
    /// <param name="classes">Number of classes.</param>
    /// <param name="momentum">Weight of the past in each update, in [0, 1); 0.999 in the paper.</param>
    public SelfAdaptiveThreshold(int classes, double momentum)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(classes, 2);
        ArgumentOutOfRangeException.ThrowIfNegative(momentum);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(momentum, 1);
        Classes = classes;
        _momentum = momentum;
        _means = new double[classes];
        _histogram = new double[classes];
        Global = 1.0 / classes;
        _probabilities = Uniform();
        _frequencies = Uniform();
    }

    /// <summary>Number of classes.</summary>
    public int Classes { get; }

    /// <summary>tau: mean confidence.</summary>
    public double Global { get; private set; }

    /// <summary>p~: mean probability of each class.</summary>
    public ReadOnlySpan<double> ClassProbabilities => _probabilities;

    /// <summary>h~: share of each class among the predictions.</summary>
    public ReadOnlySpan<double> ClassFrequencies => _frequencies;

    /// <summary>The averages: a copy on reading; setting restores a saved state.</summary>
    /// <exception cref="ArgumentException">The state is of another number of classes.</exception>
    public ThresholdState State
    {
        get => new(Global, [.. _probabilities], [.. _frequencies]);
        set
        {
            if (value.ClassProbabilities.Length != Classes || value.ClassFrequencies.Length != Classes)
            {
                throw new ArgumentException($"the thresholds' state is not of {Classes} classes", nameof(value));
            }

            Global = value.Global;
            _probabilities = [.. value.ClassProbabilities];
            _frequencies = [.. value.ClassFrequencies];
        }
    }

    /// <summary>Updates the averages with a batch, then selects from the same batch.</summary>
    /// <param name="probabilities">Softmax of the weak views' scores, [batch,classes].</param>
    /// <param name="labels">Receives the predicted class of each image, [batch].</param>
    /// <param name="mask">Receives 1 for an image that takes part, else 0, [batch].</param>
    /// <returns>How many images take part.</returns>
    /// <exception cref="DptException">A probability is not finite; the averages stay as they were.</exception>
    public int Update(ReadOnlySpan<float> probabilities, Span<int> labels, Span<float> mask)
    {
        RequireBatch(probabilities, labels, mask);
        var share = 1.0 / labels.Length;
        var confidence = 0.0;
        Array.Clear(_means);
        Array.Clear(_histogram);
        for (var b = 0; b < labels.Length; b++)
        {
            var row = probabilities.Slice(b * Classes, Classes);
            var label = RowScores.ArgMax(row);
            confidence += share * row[label];
            _histogram[label] += share;
            for (var c = 0; c < Classes; c++)
            {
                _means[c] += share * row[c];
            }
        }

        Global = Average(Global, confidence);
        for (var c = 0; c < Classes; c++)
        {
            _probabilities[c] = Average(_probabilities[c], _means[c]);
            _frequencies[c] = Average(_frequencies[c], _histogram[c]);
        }

        return Select(probabilities, labels, mask);
    }

    /// <summary>Selects from a batch by the averages as they are. Operands and result as in <see cref="Update"/>.</summary>
    public int Select(ReadOnlySpan<float> probabilities, Span<int> labels, Span<float> mask)
    {
        RequireBatch(probabilities, labels, mask);
        var selected = 0;
        for (var b = 0; b < labels.Length; b++)
        {
            var row = probabilities.Slice(b * Classes, Classes);
            labels[b] = RowScores.ArgMax(row);
            var takesPart = row[labels[b]] >= ThresholdOf(labels[b]);
            mask[b] = takesPart ? 1 : 0;
            selected += takesPart ? 1 : 0;
        }

        return selected;
    }

    /// <summary>The confidence that a prediction of this class needs.</summary>
    public double ThresholdOf(int label) => Global * (_probabilities[label] / _probabilities.Max());

    private double Average(double past, double present) => (_momentum * past) + ((1 - _momentum) * present);

    private double[] Uniform()
    {
        var values = new double[Classes];
        Array.Fill(values, 1.0 / Classes);
        return values;
    }

    private void RequireBatch(ReadOnlySpan<float> probabilities, Span<int> labels, Span<float> mask)
    {
        if (labels.IsEmpty || labels.Length != mask.Length || probabilities.Length != labels.Length * Classes)
        {
            throw new ArgumentException(
                $"{probabilities.Length} probabilities, {labels.Length} labels and {mask.Length} masks are not a batch "
                + $"of {Classes} classes");
        }
    }
}
