using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt.Tests;

/// <summary>The probe is what it says, step by step; what it may not see changes nothing.</summary>
public sealed class FewLabelProbeTests
{
    private HostDevice _device = null!;
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void SetUp() => (_device, _folder) = (new HostDevice(threads: 1), new TemporaryFolder());

    [TearDown]
    public void TearDown()
    {
        _device.Dispose();
        _folder.Dispose();
    }

    /// <summary>Seeds draw both the images that a limit keeps and the labelled few; here by hand, on pixels as features.</summary>
    [Test]
    public void Scores_AreThoseOfTheStepsByHand()
    {
        var request = Request([3, 8]) with { Lambda = 0.1, Neighbours = 5 };
        var result = FewLabelProbe.Of(request, _device, new SilentObserver(), default);
        Assert.That(result.Seeds, Has.Count.EqualTo(2));
        foreach (var score in result.Seeds)
        {
            var (train, test) = DatasetCatalog.Load(request.Data, score.Seed);
            var split = LabelSplit.Create(train, request.Data, score.Seed);
            var (few, all) = (Rows(train.Select(split.Indices)), Rows(test));
            var fitted = LogisticRegression.Fit(few, split.Labels, 10, new RegressionOptions { Lambda = 0.1 });
            Assert.That(score, Is.EqualTo(new ProbeScore(
                score.Seed,
                20,
                Share(fitted.Predict(all), test.Labels),
                Share(NeighbourVote.Predict(all, few, split.Labels, 10, nearest: 5), test.Labels),
                0.1)));
            Assert.That(score.Regression, Is.GreaterThan(0.4), "pixels of digits tell something");
        }

        Assert.That(result.Seeds[0].Regression, Is.Not.EqualTo(result.Seeds[1].Regression), "seeds that differ");
        Assert.That(result.Regression.Mean, Is.EqualTo(result.Seeds.Average(score => score.Regression)).Within(1e-12));
        Assert.That((result.Test, result.Warnings.Count), Is.EqualTo((50, 0)));
        Assert.That(result.Features, Does.StartWith("m.onnx ("));

        static FeatureRows Rows(ImageDataset images) => FeatureRows.Normalised(Array.ConvertAll(images.Pixels, p => (double)p / 255), 256);

        static double Share(int[] predicted, int[] labels) => (double)predicted.Zip(labels).Count(pair => pair.First == pair.Second) / labels.Length;
    }

    /// <summary>Each seed's is chosen on its own labelled images, and told.</summary>
    [Test]
    public void Lambda_ThatIsChosen_IsUsed()
    {
        var request = Request([3, 8]) with { Lambda = null };
        foreach (var score in FewLabelProbe.Of(request, _device, new SilentObserver(), default).Seeds)
        {
            var train = DatasetCatalog.Load(request.Data, score.Seed).Train;
            var split = LabelSplit.Create(train, request.Data, score.Seed);
            var few = FeatureRows.Normalised(Array.ConvertAll(train.Select(split.Indices).Pixels, p => (double)p / 255), 256);
            Assert.That(score.Lambda, Is.EqualTo(LambdaPath.Of(few, split.Labels, 10, default).Best).And.Not.EqualTo(0.0025));
            Assert.That(score, Is.EqualTo(FewLabelProbe.Of(Request([score.Seed]) with { Lambda = score.Lambda }, _device, new SilentObserver(), default).Seeds[0]));
        }
    }

    /// <summary>A second probe with a cache computes nothing, says the same, and needs no more than its own images.</summary>
    [Test]
    public void Cache_HasTheTestImagesAndTheLabelledFew()
    {
        var request = Request([3, 8]) with { Cache = _folder["cache"] };
        var first = FewLabelProbe.Of(request, _device, new SilentObserver(), default);
        var files = Directory.GetFiles(_folder["cache"], "*.npz", SearchOption.AllDirectories);
        Assert.That(files, Has.Length.EqualTo(3));
        var again = FewLabelProbe.Of(request, _device, new SilentObserver(), default);
        Assert.That(again.Seeds, Is.EqualTo(first.Seeds));
        Assert.That(Directory.GetFiles(_folder["cache"], "*.npz", SearchOption.AllDirectories), Is.EquivalentTo(files));
    }

    /// <summary>Of flat images nothing is left; a person must know that before any number.</summary>
    [Test]
    public void ImagesWithoutFeatures_AreTold()
    {
        OnnxModel.Write(_folder["m.onnx"], [-1, 1, 16, 16], ("y", ["Sign", "Abs", "GlobalMaxPool", "Flatten"]));
        var result = FewLabelProbe.Of(Request([3]), _device, new SilentObserver(), default);
        Assert.That(result.Warnings, Has.Exactly(2).Contains("nothing tells their class").And.Exactly(1).Contains("in 50 of 50 images of 'digits'"));
        Assert.That(result.Seeds[0].Regression, Is.LessThan(0.4));
    }

    [Test]
    public void SetsWithoutTestImages_AreRefused()
    {
        foreach (var label in new[] { "cat", "dog" })
        {
            _folder.Write($"data/train/{label}/a.png", TestImages.Png(1, 16, 16));
        }

        _folder.Write("data/unlabelled/b.png", TestImages.Png(1, 16, 16, offset: 5));

        var request = Request([1]) with { Data = new DataOptions { Spec = $"folder:{_folder["data"]}", LabelsPerClass = 1 } };
        TestImages.Fails(
            FailureKind.Usage, () => FewLabelProbe.Of(request, _device, new SilentObserver(), default), "has no test images: a probe measures on them");
    }

    private ProbeRequest Request(int[] seeds)
    {
        if (!File.Exists(_folder["m.onnx"]))
        {
            OnnxModel.Write(_folder["m.onnx"], [-1, 1, 16, 16], ("y", ["Flatten"]));
        }

        return new ProbeRequest(TinyOptions.Run.Data, seeds, new FeatureRecipe(_folder["m.onnx"]) { Scale = "unit" });
    }
}
