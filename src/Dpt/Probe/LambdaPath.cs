using System.Globalization;

namespace DPT.Engine.Dpt;

/// <summary>
/// The regression's penalty chosen by cross-validation over the labelled images alone: each fold is classified by a regression on the others,
/// and what counts is the cross-entropy, as few images leave many accuracies equal.
/// </summary>
/// <param name="Points">Each lambda that was tried, the largest first, with the mean cross-entropy of the images held out.</param>
internal sealed record LambdaPath(IReadOnlyList<(double Lambda, double Loss)> Points)
{
    private const int MostFolds = 5;

    /// <summary>What is tried: decades around the paper's, the largest first.</summary>
    public static IReadOnlyList<double> Tried { get; } = [25, 2.5, 0.25, 0.025, 0.0025, 0.00025, 0.000025];

    /// <summary>The best; of equal ones the largest.</summary>
    public double Best => Points.MinBy(point => point.Loss).Lambda;

    /// <summary>Tries all.</summary>
    /// <param name="rows">[N, D].</param>
    /// <param name="labels">[N], 0 to classes - 1.</param>
    /// <param name="classes">C, at least 2.</param>
    /// <param name="stop">Stops between regressions.</param>
    /// <exception cref="DptException">Usage: a class has a single image, so that nothing could be learned of it where that is held out.</exception>
    public static LambdaPath Of(FeatureRows rows, int[] labels, int classes, CancellationToken stop)
    {
        var (folds, count) = Folds(labels, classes);
        return new LambdaPath([.. Tried.Select(lambda => (lambda, Enumerable.Range(0, count).Sum(fold => LossOf(fold, lambda)) / labels.Length))]);

        double LossOf(int fold, double lambda)
        {
            stop.ThrowIfCancellationRequested();
            int[] held = [.. Enumerable.Range(0, labels.Length).Where(i => folds[i] == fold)];
            int[] others = [.. Enumerable.Range(0, labels.Length).Where(i => folds[i] != fold)];
            var fitted = LogisticRegression.Fit(
                rows.Select(others), Array.ConvertAll(others, i => labels[i]), classes, new RegressionOptions { Lambda = lambda }, stop);
            var probabilities = fitted.Probabilities(rows.Select(held));
            return held.Select((image, i) => -Math.Log(probabilities[(i * classes) + labels[image]])).Sum();
        }
    }

    /// <inheritdoc/>
    public override string ToString() => string.Join(
        ", ", Points.Select(point => string.Create(CultureInfo.InvariantCulture, $"{point.Lambda} {point.Loss:0.000}")));

    /// <summary>The images of each class in turn, so that every fold has all classes alike.</summary>
    private static (int[] Folds, int Count) Folds(int[] labels, int classes)
    {
        var seen = new int[classes];
        var rank = Array.ConvertAll(labels, label => seen[label]++);
        var fewest = seen.Where(count => count > 0).Min();
        Usage.Require(fewest > 1, "cross-validation takes two labelled images of every class; one has a single one: give --lambda a number, or more labels");
        var count = Math.Min(MostFolds, fewest);
        return (Array.ConvertAll(rank, place => place % count), count);
    }
}
