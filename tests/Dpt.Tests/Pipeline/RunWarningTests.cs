namespace DPT.Engine.Dpt.Tests;

/// <summary>Which numbers come with which warning; the limits are worked out by hand.</summary>
public sealed class RunWarningTests
{
    private static readonly Calibration _calibration = Calibration.Of([0.9f], [true]);

    private static readonly ImageDataset _train = TestImages.Cyclic(1000, 10);

    /// <summary>Ten classes of forty: chance is 0.1, and two standard errors above it 0.1 + 2 sqrt(0.09 / 400) = 0.13.</summary>
    private static readonly ImageDataset _test = TestImages.Cyclic(400, 10);

    [Test]
    public void GoodRun_HasNone() => Assert.That(Of(), Is.Empty);

    [TestCase(0.13, true)]
    [TestCase(0.131, false)]
    public void Chance_IsSaid(double top1, bool said)
    {
        Assert.That(Of(one: new Stage1Result(top1, 0.9, _calibration, 1)), said ? Has.One.Contains("stage 1 has learned nothing") : Is.Empty);
        var three = Of(three: Stage3(top1, 0.1));
        Assert.That(three, said ? Has.One.Contains("stage 3 has learned nothing") : Is.Empty);
    }

    /// <summary>Where nine in ten test images are of one class, 0.92 is guessing.</summary>
    [Test]
    public void Chance_OfAnUnevenTestSet_IsItsLargestClass()
    {
        var labels = Enumerable.Range(0, 400).Select(i => i % 10 == 0 ? 1 : 0).ToArray();
        var test = new ImageDataset("uneven", ["a", "b"], 1, 1, new byte[400], labels);
        var train = TestImages.Cyclic(1000, 2);
        var plan = Plan() with { Data = new DatasetPair(train, test) };
        Assert.That(
            RunWarnings.Of(plan, null, new Stage1Result(0.92, 0.9, _calibration, 1), null, null, [], []),
            Has.One.Contains("its top-1 of 92.0 % is no better than always saying the most frequent class (90.0 %)"));
    }

    [TestCase(10, false)]
    [TestCase(9, true)]
    [TestCase(2, true)]
    [TestCase(1, true)]
    public void Collapse_OfPseudoLabels_IsSaid(int used, bool said)
    {
        var labels = Enumerable.Range(0, _train.Count).Select(i => i % used).ToArray();
        Assert.That(
            Of(labels: labels),
            said ? Has.One.Contains($"({used} of 10 occur, as good as {used}.0 equal ones)") : Is.Empty);
    }

    /// <summary>All classes occur, but 95 in 100 images are of two: exp of their entropy is 2.6.</summary>
    [Test]
    public void Collapse_WithAFewOfEveryClass_IsSaidToo()
    {
        var labels = Enumerable.Range(0, _train.Count).Select(i => i % 100 < 95 ? i % 2 : 2 + (i % 8)).ToArray();
        Assert.That(Of(labels: labels), Has.One.Contains("(10 of 10 occur, as good as 2.6 equal ones)"));
    }

    [TestCase(16, true)]
    [TestCase(17, false)]
    public void Frechet_OfFewerImagesThanFeatures_IsSaid(int count, bool said) => Assert.That(
        Of(two: Two(count, agreement: 0.9)),
        said ? Has.One.Contains("16 images in 16 features have no full covariance; draw 4 or more images per class") : Is.Empty);

    /// <summary>Chance is 0.1, and two standard errors above it for 900 images 0.1 + 2 sqrt(0.09 / 900) = 0.12.</summary>
    [TestCase(0.12, true)]
    [TestCase(0.121, false)]
    public void Images_ThatDoNotShowTheirClass_AreSaid(double agreement, bool said) => Assert.That(
        Of(two: Two(900, agreement)), said ? Has.One.Contains("as by chance; more diffusion.steps") : Is.Empty);

    [TestCase(0.50, 0.90, true)]
    [TestCase(0.90, 0.90, false)]
    public void Stage3_BelowItsControl_IsSaid(double top1, double control, bool said) => Assert.That(
        Of(three: Stage3(top1, control)),
        said ? Has.One.EqualTo(
            "pseudo-images did not help: stage 3 reaches 50.00 %, its control without them 90.00 %; look at the samples and at the "
            + "accuracy of the pseudo-labels, and give stage 2 more steps") : Is.Empty);

    /// <summary>Two standard errors of the difference are 2 sqrt((0.5 x 0.5 + c (1 - c)) / n), here of 400 images: 0.0704 at c = 0.5704.</summary>
    [TestCase(0.570, false)]
    [TestCase(0.571, true)]
    public void Stage3_BelowItsControlByChance_IsNotCalledWorse(double control, bool told) => Assert.That(
        Of(three: Stage3(0.5, control)),
        Has.One.Contains(told ? "pseudo-images did not help" : "pseudo-images made no difference that 400 test images can tell"));

    [TestCase(0.90, 0.90, true)]
    [TestCase(0.90, 0.89, false)]
    [TestCase(0.90, null, false)]
    public void Stage3_NoBetterThanSelfTraining_IsSaid(double top1, double? selfTraining, bool said) => Assert.That(
        Of(three: Stage3(top1, 0.5, selfTraining)), said ? Has.One.Contains("drawing made no difference that 400 test images can tell: stage 3 reaches 90.00 %, and 90.00 % with real images") : Is.Empty);

    [Test]
    public void Machines_MoreThanOne_AreNamed() => Assert.That(
        RunWarnings.Of(Plan(), null, null, null, null, [], ["engine 1 on host, 512-bit vectors", "engine 1 on host, no vectors"]),
        Has.One.Contains("engine 1 on host, 512-bit vectors and by engine 1 on host, no vectors"));

    [Test]
    public void Development_InPlaceOfTestImages_IsSaid()
    {
        var plan = Plan() with { Options = TinyOptions.Run with { Data = TinyOptions.Run.Data with { Development = 400 } } };
        Assert.That(
            RunWarnings.Of(plan, null, null, null, null, [], []), Has.One.Contains("accuracies are of 400 training images that were set aside"));
    }

    [Test]
    public void Rates_LoweredOnTheWay_AreSaid() => Assert.That(
        RunWarnings.Of(Plan(), null, null, null, null, [("stage-1-classifier", 0.5), ("round-2/stage-2-diffusion", 0.125)], []),
        Is.EqualTo(new[]
        {
            "stage-1-classifier diverged and ended with 0.5 of its learning rate; begin with a lower one",
            "round-2/stage-2-diffusion diverged and ended with 0.125 of its learning rate; begin with a lower one",
        }));

    /// <summary>Without a second control there is none to share a rate with.</summary>
    [TestCase(null, null, null, false)]
    [TestCase(0.5, 0.5, null, false)]
    [TestCase(0.5, null, null, true)]
    [TestCase(null, 0.5, null, true)]
    [TestCase(0.5, 0.25, null, true)]
    [TestCase(0.5, 0.5, 0.5, false)]
    [TestCase(0.5, 0.5, 0.25, true)]
    public void Rates_ThatStage3AndItsControlsDoNotShare_AreSaid(double? three, double? control, double? selfTraining, bool said)
    {
        var result = Stage3(0.92, 0.9, selfTraining is null ? null : 0.9) with
        {
            LoweredRate = three, ControlLoweredRate = control, SelfTrainingLoweredRate = selfTraining,
        };
        Assert.That(Of(three: result), said ? Has.One.Contains("ended with different learning rates") : Has.None.Contains("different learning rates"));
    }

    private static Stage2Result Two(int count, double agreement) =>
        new(1, 1, 1, 1, new FrechetResult(1, "features", count), agreement, 1);

    private static IReadOnlyList<string> Of(
        int[]? labels = null, Stage1Result? one = null, Stage2Result? two = null, Stage3Result? three = null) =>
        RunWarnings.Of(
            Plan(),
            new PseudoLabels(labels ?? _train.Labels, new float[_train.Count]),
            one ?? new Stage1Result(0.9, 0.9, _calibration, 1),
            two ?? Two(1280, 0.9),
            three ?? Stage3(0.92, 0.9),
            [],
            ["engine 1 on host"]);

    /// <summary>Features of 16 numbers.</summary>
    private static DptPlan Plan() => new()
    {
        Options = TinyOptions.Run,
        Data = new DatasetPair(_train, _test),
        Split = LabelSplit.Draw(_train, perClass: 1, seed: 1),
        ClassifierParameters = 1,
        FeatureWidth = 16,
        GeneratorParameters = 1,
        GeneratorTokens = 1,
        MemoryBytes = 1,
        DiskBytes = 1,
    };

    private static Stage3Result Stage3(double top1, double control, double? selfTraining = null) =>
        new(top1, control, Steps: 400, ControlSteps: 400, PseudoImagesPerClass: 128, Seconds: 1, selfTraining);
}
