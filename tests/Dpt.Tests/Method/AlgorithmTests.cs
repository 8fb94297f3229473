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
        FailureKind.Usage, () => SemiSupervisedCatalog.Find("mixmatch"), "unknown algorithm 'mixmatch'; there are freematch, fixmatch, flexmatch, softmatch, regmixmatch");

    /// <summary>What is at the threshold takes part; what is not finite has no weight that could be used.</summary>
    [Test]
    public void FixMatch_TakesWhatIsSurerThanItsThreshold()
    {
        using var device = new HostDevice(threads: 1, selection: new KernelSelection());
        using var algorithm = new FixMatch(device, TinyOptions.Run.Stage1 with { Threshold = 0.95f }, classes: 2);
        Assert.That(Select(device, algorithm, _probabilities, [0, 1, 2, 3, 4]), Is.EqualTo(new[] { 1, 0, 1, 0, float.NaN }));
    }

    /// <summary>
    /// The thresholds of a batch are those before it: the first lets all in. Of three images one is then remembered as class 0 and none as
    /// class 1, and two remember nothing: class 0 needs 0.9 (1/2) / (2 - 1/2) = 0.3, class 1 nothing.
    /// </summary>
    [Test]
    public void FlexMatch_AsksOfAClassWhatItsImagesRemember()
    {
        using var device = new HostDevice(threads: 1, selection: new KernelSelection());
        using var algorithm = new FlexMatch(device, TinyOptions.Run.Stage1 with { Threshold = 0.9f }, new UnlabelledImages(3, 2, Side: 8, Seed: 5));
        Assert.That(Select(device, algorithm, [0.95f, 0.05f, 0.1f, 0.1f], [2, 0]), Is.EqualTo(new[] { 1, 1 }));
        Assert.That(Select(device, algorithm, [0.29f, 0.1f, 0.31f, 0.1f, 0.1f, 0.11f], [0, 1, 1]), Is.EqualTo(new[] { 0, 1, 1 }));
        Assert.That(algorithm.Capture()["remembered"]!.AsArray().GetValues<int>(), Is.EqualTo(new[] { 0, 0, 1 }));

        // Gone back to, it asks the same at once, and counts on from there: with two of three, class 0 needs all of 0.9.
        using var other = new FlexMatch(device, TinyOptions.Run.Stage1 with { Threshold = 0.9f }, new UnlabelledImages(3, 2, Side: 8, Seed: 5));
        other.Restore(algorithm.Capture());
        Assert.That(Select(device, other, [0.29f, 0.1f, 0.95f, 0.05f], [0, 0]), Is.EqualTo(new[] { 0, 1 }));
        Assert.That(Select(device, other, [0.89f, 0.1f, 0.9f, 0.1f], [0, 1]), Is.EqualTo(new[] { 0, 1 }));
    }

    /// <summary>Labels are what the model says, though the other class is the surer one beside what it says on average.</summary>
    [Test]
    public void SoftMatch_LabelsAsTheModelSays_AndLeavesNothingOut()
    {
        using var device = new HostDevice(threads: 1, selection: new KernelSelection());
        using var algorithm = new SoftMatch(device, TinyOptions.Run.Stage1 with { ThresholdMomentum = 0 }, classes: 2);
        float[] probabilities = [0.99f, 0.01f, 0.9f, 0.1f, 0.6f, 0.4f];
        var weights = Select(device, algorithm, probabilities, [0, 1, 2], labels: [0, 0, 0]);
        Assert.That(weights, Is.All.GreaterThan(0).And.All.AtMost(1));
        Assert.That(weights[0], Is.EqualTo(1));
        Assert.That(weights[1], Is.LessThan(weights[2]), "0.9 of a class that has 0.83 on average; 0.4 of one that has 0.17");
    }

    [TestCase("flexmatch", "remembered", "[0,1]")]
    [TestCase("flexmatch", "remembered", "[0,1,4]")]
    [TestCase("flexmatch", "remembered", "[0,1,-1]")]
    [TestCase("flexmatch", "remembered", "{}")]
    [TestCase("flexmatch", "other", "[0,1,2]")]
    [TestCase("softmatch", "confidence", "[0.5,1,0.2,0.3]")]
    [TestCase("softmatch", "confidence", "[0.5,1,0.2,0.3,\"much\"]")]
    public void Restore_OfADamagedState_IsRefusedAndChangesNothing(string name, string member, string value)
    {
        using var device = new HostDevice(threads: 1, selection: new KernelSelection());
        using var algorithm = SemiSupervisedCatalog.Find(name).Create(device, TinyOptions.Run.Stage1, new UnlabelledImages(3, 3, Side: 8, Seed: 5));
        var before = algorithm.Capture().ToJsonString();
        Assert.That(
            () => algorithm.Restore(new JsonObject { [member] = JsonNode.Parse(value) }), Throws.TypeOf<InvalidDataException>());
        Assert.That(algorithm.Capture().ToJsonString(), Is.EqualTo(before));
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

    /// <summary>Who passes images through the network again says so to those who reckon its memory.</summary>
    [TestCaseSource(nameof(Names))]
    public void Kinds_KnowOfTheirSecondPass(string name)
    {
        using var device = new HostDevice(threads: 1, selection: new KernelSelection());
        var kind = SemiSupervisedCatalog.Find(name);
        using var algorithm = kind.Create(device, TinyOptions.Run.Stage1, new UnlabelledImages(3, 3, Side: 8, Seed: 5));
        Assert.That(kind.PassesAgain, Is.EqualTo(algorithm is ITwoPassAlgorithm));
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

    /// <summary>Labels, which must be the most probable classes or those given, and the weights of a batch.</summary>
    private static float[] Select(
        HostDevice device, ISemiSupervised algorithm, float[] probabilities, int[] images, int[]? labels = null)
    {
        using var rows = device.Upload<int>(images);
        using var said = device.Upload<float>(probabilities);
        using var chosen = device.Allocate<int>(images.Length);
        using var weights = device.Allocate<float>(images.Length);
        algorithm.Select(new UnlabelledBatch(rows.Slice, said.Slice, chosen.Slice, weights.Slice));
        int[] usual = [.. probabilities.Chunk(2).Select(row => row.All(float.IsFinite) && row[1] > row[0] ? 1 : 0)];
        Assert.That(device.Download(chosen.Slice), Is.EqualTo(labels ?? usual));
        return device.Download(weights.Slice);
    }
}
