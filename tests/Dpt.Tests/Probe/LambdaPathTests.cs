using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt.Tests;

/// <summary>The penalty that cross-validation finds: held out by hand, and where the truth is known.</summary>
public sealed class LambdaPathTests
{
    private static readonly TestCaseData[] ByHand =
    [
        new TestCaseData(new[] { 0, 1, 2, 1, 0, 2, 0 }, new int[][] { [0, 1, 2, 6], [3, 4, 5] }).SetArgDisplayNames("two images of a class, of one class three"),
        new TestCaseData(new[] { 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1 }, new int[][] { [0, 5, 7, 12], [1, 6, 8, 13], [2, 9], [3, 10], [4, 11] })
            .SetArgDisplayNames("seven of each"),
    ];

    [TestCaseSource(nameof(ByHand))]
    public void Loss_IsThatOfTheFoldsByHand(int[] labels, int[][] folds)
    {
        var rows = Rows(labels, noise: 1, seed: 5);
        var path = LambdaPath.Of(rows, labels, 3, default);
        Assert.That(path.Points.Select(point => point.Lambda), Is.EqualTo(LambdaPath.Tried).And.Ordered.Descending);
        foreach (var (lambda, loss) in path.Points)
        {
            var expected = folds.Sum(held => Loss(held, [.. folds.Except([held]).SelectMany(fold => fold).Order()], lambda));
            Assert.That(loss, Is.EqualTo(expected / labels.Length).Within(1e-12), $"lambda {lambda}");
        }

        double Loss(int[] held, int[] learned, double lambda)
        {
            var fitted = LogisticRegression.Fit(Of(learned), [.. learned.Select(i => labels[i])], 3, new RegressionOptions { Lambda = lambda });
            var scores = fitted.Scores(Of(held));
            return held.Select((image, i) =>
            {
                var row = scores.AsSpan(3 * i, 3).ToArray();
                return Math.Log(row.Sum(Math.Exp)) - row[labels[image]];
            }).Sum();
        }

        FeatureRows Of(int[] images) => new([.. images.SelectMany(i => rows[i].ToArray())], rows.Width);
    }

    /// <summary>Of labels that features say nothing of, a strong penalty is best; of features that say all, the weakest.</summary>
    [TestCase(1e9, 2.5, 25)]
    [TestCase(0.01, 0.000025, 0.000025)]
    public void Best_FollowsWhatFeaturesSay(double noise, double least, double most)
    {
        int[] labels = [.. Enumerable.Range(0, 40).Select(i => i % 4)];
        Assert.That(LambdaPath.Of(Rows(labels, noise, seed: 2), labels, 4, default).Best, Is.InRange(least, most));
    }

    [Test]
    public void Best_OfEqualOnes_IsTheLargest() =>
        Assert.That(new LambdaPath([(25, 2), (2.5, 1), (0.25, 1), (0.025, double.PositiveInfinity)]).Best, Is.EqualTo(2.5));

    [Test]
    public void ASingleImageOfAClass_IsRefused() => TestImages.Fails(
        FailureKind.Usage, () => LambdaPath.Of(Rows([0, 0, 1], 1, seed: 1), [0, 0, 1], 2, default), "takes two labelled images of every class");

    /// <summary>A direction for each class, with noise, at length 1.</summary>
    private static FeatureRows Rows(int[] labels, double noise, ulong seed)
    {
        const int Width = 6;
        var random = new PhiloxStream(seed, 1, 0);
        var values = new double[labels.Length * Width];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = (i % Width == labels[i / Width] ? 1 : 0) + (noise * random.NextNormal());
        }

        return FeatureRows.Normalised(values, Width);
    }
}
