namespace DPT.Engine.Dpt;

/// <summary>Counts of predictions by true class, and the rates that follow from them (spec 7.1).</summary>
public sealed class ConfusionMatrix
{
    private readonly long[] _counts;

    /// <summary>Starts empty.</summary>
    /// <param name="classes">Number of classes.</param>
    public ConfusionMatrix(int classes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(classes, 1);
        Classes = classes;
        _counts = new long[classes * classes];
    }

    /// <summary>The matrix that <see cref="Rows"/> gave.</summary>
    /// <param name="rows">Counts by true class (row) and predicted class (column).</param>
    /// <exception cref="ArgumentException">It is not a square table of counts.</exception>
    public ConfusionMatrix(IReadOnlyList<IReadOnlyList<long>?> rows)
        : this(rows.Count)
    {
        if (rows.Any(row => row?.Count != rows.Count || row.Any(count => count < 0)))
        {
            throw new ArgumentException("it is not a square table of counts");
        }

        _counts = [.. rows.SelectMany(row => row!)];
    }

    /// <summary>Counts predictions.</summary>
    /// <param name="classes">Number of classes.</param>
    /// <param name="labels">True classes.</param>
    /// <param name="predicted">What was predicted of the same samples.</param>
    public static ConfusionMatrix Of(int classes, IEnumerable<int> labels, IEnumerable<int> predicted)
    {
        var matrix = new ConfusionMatrix(classes);
        foreach (var (label, said) in labels.Zip(predicted))
        {
            matrix.Add(label, said);
        }

        return matrix;
    }

    /// <summary>Number of classes.</summary>
    public int Classes { get; }

    /// <summary>Counts by true class (row) and predicted class (column), as files hold them.</summary>
    public IReadOnlyList<IReadOnlyList<long>> Rows => [.. _counts.Chunk(Classes)];

    /// <summary>Predictions counted.</summary>
    public long Total => _counts.Sum();

    /// <summary>Share of right predictions, top-1, in 0..1; null if there are none: nothing was measured.</summary>
    public double? Accuracy => Total == 0 ? null : Share(Enumerable.Range(0, Classes).Sum(c => this[c, c]), Total);

    /// <summary>Unweighted mean of the classes' precisions; a class that is never predicted counts 0.</summary>
    public double MacroPrecision => MeanOverClasses(Precision);

    /// <summary>Unweighted mean of the classes' recalls; a class without samples counts 0.</summary>
    public double MacroRecall => MeanOverClasses(Recall);

    /// <summary>Unweighted mean of the classes' F1 scores; a class never predicted rightly counts 0.</summary>
    public double MacroF1 => MeanOverClasses(F1);

    /// <summary>How often samples of a class were predicted to be of another.</summary>
    public long this[int trueClass, int predictedClass] => _counts[(trueClass * Classes) + predictedClass];

    /// <summary>Counts one prediction.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A class is not in 0..Classes-1.</exception>
    public void Add(int trueClass, int predictedClass)
    {
        RequireClass(trueClass);
        RequireClass(predictedClass);
        _counts[(trueClass * Classes) + predictedClass]++;
    }

    /// <summary>Counts the predictions of scored samples: the largest score, of equal ones that of the lowest class.</summary>
    /// <param name="scores">Scores or probabilities, [samples,classes].</param>
    /// <param name="labels">True classes, [samples].</param>
    /// <exception cref="ArgumentException">The lengths do not agree.</exception>
    public void Add(ReadOnlySpan<float> scores, ReadOnlySpan<int> labels)
    {
        if (scores.Length != labels.Length * Classes)
        {
            throw new ArgumentException($"{scores.Length} scores of {Classes} classes do not fit {labels.Length} labels");
        }

        for (var i = 0; i < labels.Length; i++)
        {
            Add(labels[i], RowScores.ArgMax(scores.Slice(i * Classes, Classes)));
        }
    }

    /// <summary>Share of the predictions of a class that are right; NaN if it is never predicted.</summary>
    public double Precision(int predictedClass) => Share(
        this[predictedClass, predictedClass], Enumerable.Range(0, Classes).Sum(c => this[c, predictedClass]));

    /// <summary>Share of the samples of a class that are recognised; NaN if there are none.</summary>
    public double Recall(int trueClass) => Rate(trueClass, trueClass);

    /// <summary>Harmonic mean of precision and recall; NaN if the class neither occurs nor is predicted.</summary>
    public double F1(int label) => Share(
        2 * this[label, label], Enumerable.Range(0, Classes).Sum(c => this[c, label] + this[label, c]));

    /// <summary>Share of the samples of a class that were predicted to be of another: the row-normalised entry.</summary>
    public double Rate(int trueClass, int predictedClass) => Share(
        this[trueClass, predictedClass], Enumerable.Range(0, Classes).Sum(c => this[trueClass, c]));

    private static double Share(long part, long whole) => whole == 0 ? double.NaN : (double)part / whole;

    private double MeanOverClasses(Func<int, double> rate) =>
        Enumerable.Range(0, Classes).Average(c => double.IsNaN(rate(c)) ? 0 : rate(c));

    private void RequireClass(int label)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(label);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(label, Classes);
    }
}
