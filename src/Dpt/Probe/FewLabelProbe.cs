using System.Globalization;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>What to probe.</summary>
/// <param name="Data">Images, and which labels may be seen.</param>
/// <param name="Seeds">Of each the labelled few are drawn; at least one.</param>
/// <param name="Features">The frozen network.</param>
public sealed record ProbeRequest(DataOptions Data, IReadOnlyList<int> Seeds, FeatureRecipe Features)
{
    /// <summary>
    /// The regression's penalty is <c>lambda/n</c> for n labelled images; above 0. The paper's is 0.0025. Null: of <see cref="Lambdas"/> the one that
    /// cross-validation over the labelled images finds best, for each seed.
    /// </summary>
    public double? Lambda { get; init; } = new RegressionOptions().Lambda;

    /// <summary>What is tried where <see cref="Lambda"/> is null, the largest first.</summary>
    public static IReadOnlyList<double> Lambdas => LambdaPath.Tried;

    /// <summary>How many nearest neighbours vote, at least 1.</summary>
    public int Neighbours { get; init; } = 20;

    /// <summary>A folder that keeps features for other probes; null keeps none.</summary>
    public string? Cache { get; init; }
}

/// <summary>What the labelled few of one seed are worth.</summary>
/// <param name="Seed">The seed.</param>
/// <param name="Labelled">How many they are.</param>
/// <param name="Regression">Accuracy of the regression on the test images, 0 to 1.</param>
/// <param name="Neighbours">That of the vote of the nearest.</param>
/// <param name="Lambda">The regression's penalty times the number of labelled images.</param>
public sealed record ProbeScore(int Seed, int Labelled, double Regression, double Neighbours, double Lambda)
{
    /// <summary>One line for people.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"seed {Seed}: {Labelled} labels, regression {Regression:0.00 %}, neighbours {Neighbours:0.00 %}, lambda {Lambda}");
}

/// <summary>What a frozen network's features are worth with few labels.</summary>
/// <param name="Features">Whose features, with all that their numbers depend on.</param>
/// <param name="Test">Test images that were classified.</param>
/// <param name="Seeds">The results, seed by seed.</param>
/// <param name="Warnings">What a reader should know.</param>
public sealed record ProbeResult(string Features, int Test, IReadOnlyList<ProbeScore> Seeds, IReadOnlyList<string> Warnings)
{
    /// <summary>The regression's accuracies together.</summary>
    public SampleSummary Regression => SampleSummary.Of([.. Seeds.Select(score => score.Regression)]);

    /// <summary>Those of the vote.</summary>
    public SampleSummary Neighbours => SampleSummary.Of([.. Seeds.Select(score => score.Neighbours)]);
}

/// <summary>
/// The low-shot protocol of MSN and DINO: a frozen network's features of the labelled few, normalised, and on them a logistic regression
/// (spec 2.3) and a vote of the nearest; both are measured on all test images. Of other training images nothing is used.
/// </summary>
public static class FewLabelProbe
{
    /// <summary>Probes.</summary>
    /// <param name="request">What.</param>
    /// <param name="device">Where networks of ours compute.</param>
    /// <param name="observer">Hears of progress.</param>
    /// <param name="stop">Stops between batches and steps; features that a cache was given stay there.</param>
    /// <exception cref="DptException">
    /// Usage: there are no test images with a class, lambda is to be chosen and a class has a single labelled image, or the data, the labels or the network do not fit. Environment and Check: a file cannot
    /// be read or is damaged. Diverged: a feature is not finite.
    /// </exception>
    public static ProbeResult Of(ProbeRequest request, Device device, IRunObserver observer, CancellationToken stop)
    {
        var data = DatasetCatalog.Load(request.Data, request.Seeds[0]);
        var test = data.Test.Select([.. Enumerable.Range(0, data.Test.Count).Where(i => data.Test.Labels[i] != ImageDataset.NoLabel)]);
        Usage.Require(test.Count > 0, $"'{request.Data.Spec}' has no test images: a probe measures on them");
        using var network = FrozenNetwork.Open(request.Features, data.Train.Form, device);
        var features = new CachedFeatures(network, request.Cache, observer);
        var warnings = new List<string>();
        var ofTest = RowsOf(test);
        var scores = new List<ProbeScore>();
        foreach (var seed in request.Seeds)
        {
            // Only a limit makes the training images depend on the seed.
            var train = seed == request.Seeds[0] || request.Data.TrainLimit is null ? data.Train : DatasetCatalog.Load(request.Data, seed).Train;
            scores.Add(Score(seed, LabelSplit.Create(train, request.Data, seed), train));
        }

        return new ProbeResult(features.Name, test.Count, scores, warnings);

        FeatureRows RowsOf(ImageDataset images)
        {
            var rows = FeatureRows.Normalised(features.Features(images, stop), features.Width);
            if (rows.Empty > 0)
            {
                warnings.Add($"all features of an image are the same in {rows.Empty} of {rows.Count} images of '{images.Name}': nothing tells their class");
            }

            return rows;
        }

        ProbeScore Score(int seed, LabelSplit split, ImageDataset train)
        {
            var few = RowsOf(train.Select(split.Indices));
            var lambda = request.Lambda ?? Chosen(seed, few, split.Labels, train.Classes);
            var fitted = LogisticRegression.Fit(few, split.Labels, train.Classes, new RegressionOptions { Lambda = lambda }, stop);
            if (!fitted.IsDone)
            {
                warnings.Add(string.Create(
                    CultureInfo.InvariantCulture,
                    $"seed {seed}: the regression ended after {fitted.Steps} steps, up to {fitted.Gap / fitted.Value:0.0e+0} above the least value; a larger lambda is easier"));
            }

            var score = new ProbeScore(
                seed,
                split.Count,
                Accuracy(fitted.Predict(ofTest)),
                Accuracy(NeighbourVote.Predict(ofTest, few, split.Labels, train.Classes, request.Neighbours)),
                lambda);
            observer.Message(score.ToString());
            return score;
        }

        double Chosen(int seed, FeatureRows few, int[] labels, int classes)
        {
            var path = LambdaPath.Of(few, labels, classes, stop);
            observer.Message($"seed {seed}: cross-entropy of images held out, by lambda: {path}");
            return path.Best;
        }

        double Accuracy(int[] predicted) => ConfusionMatrix.Of(test.Classes, test.Labels, predicted).Accuracy!.Value;
    }
}
