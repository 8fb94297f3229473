using System.Text.Json.Nodes;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt.Tests;

/// <summary>The catalogue of semi-supervised algorithms, and FixMatch against its definition.</summary>
public sealed class AlgorithmTests
{
    private static readonly float[] _probabilities = [0.96f, 0.04f, 0.5f, 0.5f, 0.05f, 0.95f, 0.06f, 0.94f, float.NaN, 1];

    private static IEnumerable<string> Names => SemiSupervisedCatalog.Kinds.Select(kind => kind.Name);

    [Test]
    public void Find_AnUnknownName_ListsTheOthers() => TestImages.Fails(
        FailureKind.Usage, () => SemiSupervisedCatalog.Find("mixmatch"), "unknown algorithm 'mixmatch'; there are freematch, fixmatch");

    /// <summary>What is at the threshold takes part; what is not finite has no weight that could be used.</summary>
    [Test]
    public void FixMatch_TakesWhatIsSurerThanItsThreshold()
    {
        using var device = new HostDevice(threads: 1, selection: new KernelSelection());
        using var algorithm = new FixMatch(device, TinyOptions.Run.Stage1 with { Threshold = 0.95f }, classes: 2);
        using var probabilities = device.Upload<float>(_probabilities);
        using var labels = device.Allocate<int>(5);
        using var weights = device.Allocate<float>(5);
        algorithm.Select(probabilities.Slice, labels.Slice, weights.Slice);
        Assert.That(device.Download(labels.Slice), Is.EqualTo(new[] { 0, 0, 1, 1, 0 }));
        Assert.That(device.Download(weights.Slice), Is.EqualTo(new[] { 1, 0, 1, 0, float.NaN }));
    }

    /// <summary>With a threshold that nothing reaches the unlabelled images change nothing, with one at 0 they do.</summary>
    [Test]
    public void FixMatch_InTraining_LearnsFromWhatItsThresholdLetsIn()
    {
        TrainingState Train(double threshold, int unlabelledSeed)
        {
            var options = TinyOptions.Run.Stage1 with { Algorithm = "fixmatch", Threshold = threshold };
            using var training = TinyTraining.Classifier(
                options, unlabelled: TestImages.Noise(40 + unlabelledSeed, classes: 3, imageSize: 8));
            return training.Run(4);
        }

        TinyTraining.RequireSame(Train(1, 0), Train(1, 3));
        var (some, others) = (Train(0, 0).Tensors["model"]["fc.weight"], Train(0, 3).Tensors["model"]["fc.weight"]);
        Assert.That(TinyTraining.SameBits(some.Values, others.Values), Is.False);
    }

    [TestCaseSource(nameof(Names))]
    public void Training_OfEachAlgorithm_GoesOnBitForBit(string name)
    {
        var options = TinyOptions.Run.Stage1 with { Algorithm = name, Threshold = 0.4 };
        using var whole = TinyTraining.Classifier(options);
        using var first = TinyTraining.Classifier(options);
        using var second = TinyTraining.Classifier(options);
        second.Trainer.Restore(first.Run(3));
        TinyTraining.RequireSame(second.Run(3), whole.Run(6));
    }

    [Test]
    public void Algorithms_WithoutState_RestoreFromAnything()
    {
        using var device = new HostDevice(threads: 1, selection: new KernelSelection());
        using var algorithm = new FixMatch(device, TinyOptions.Run.Stage1, classes: 3);
        Assert.That(algorithm.Capture(), Is.Empty);
        Assert.That(() => algorithm.Restore(new JsonObject { ["other"] = 1 }), Throws.Nothing);
    }
}
