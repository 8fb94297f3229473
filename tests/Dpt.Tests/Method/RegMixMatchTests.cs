using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt.Tests;

/// <summary>
/// RegMixMatch's second pass in training: who is mixed, what it adds, on which devices. Its steps are held against PyTorch in
/// <c>TorchRegMixMatchTests</c>.
/// </summary>
public sealed class RegMixMatchTests
{
    private static readonly SemiSupervisedOptions _options = TinyOptions.Run.Stage1 with { Algorithm = "regmixmatch" };

    /// <summary>
    /// Without a loss of their own, unlabelled images teach only what is mixed: nothing where the network is certain of none, another thing
    /// each where it is of all.
    /// </summary>
    [TestCase(0f)]
    [TestCase(1e4f)]
    public void Images_AreMixed_WhereTheModelIsCertain(float certainty)
    {
        var options = _options with { UnlabelledWeight = 0, FairnessWeight = 0 };
        TrainingState Train(int images)
        {
            using var training = TinyTraining.Classifier(options, unlabelled: TestImages.Noise(images, classes: 3, imageSize: 8));
            BeCertain(training.Store, certainty);
            return training.Run(3);
        }

        var (some, others) = (Train(40).Tensors["model"], Train(43).Tensors["model"]);
        Assert.That(some.All(p => TinyTraining.SameBits(p.Value.Values, others[p.Key].Values)), Is.EqualTo(certainty == 0));
    }

    /// <summary>The loss that is minimised has the mixed images' beside FreeMatch's; on labels alone there is none of it.</summary>
    [Test]
    public void Loss_HasThatOfTheMixedImages()
    {
        using var training = TinyTraining.Classifier(_options);
        training.Run(2);
        var metrics = training.Trainer.TakeMetrics().ToDictionary(m => m.Name, m => m.Value);
        Assert.That(metrics["mixed/loss"], Is.GreaterThan(0.1));
        Assert.That(metrics["train/loss"], Is.EqualTo(
            metrics["labelled/loss"] + (_options.UnlabelledWeight * metrics["unlabelled/loss"])
            + (_options.FairnessWeight * metrics["fairness/loss"]) + metrics["mixed/loss"]).Within(1e-6));
    }

    [Test]
    public void Training_OnLabelsAlone_IsThatOfFreeMatch()
    {
        TrainingState Train(string name)
        {
            using var training = TinyTraining.Classifier(_options with { Algorithm = name, UnlabelledBatch = 0 });
            return training.Run(3);
        }

        TinyTraining.RequireSame(Train("regmixmatch"), Train("freematch"));
    }

    /// <summary>On the simulator, with the launches that a card has, and in bf16: the losses of the host.</summary>
    [TestCase(Precision.Fp32, 1e-5)]
    [TestCase(Precision.Bf16, 5e-3)]
    public void Training_OnTheSimulator_HasTheLossesOfTheHost(Precision precision, double bound)
    {
        using var host = new HostDevice(threads: 1, selection: new KernelSelection()) { Precision = precision };
        using var simulator = new SimDevice(selection: new KernelSelection()) { Precision = precision };
        var expected = Metrics(host);
        Assert.That(Metrics(simulator), Is.EqualTo(expected).Within(bound * expected["train/loss"]));
    }

    /// <summary>Of the second of two steps, the one that is replayed.</summary>
    private static Dictionary<string, double> Metrics(Device device)
    {
        var images = TestImages.Noise(9, classes: 3, imageSize: 8);
        using var classifier = new ImageClassifier(device, TinyOptions.Run.Classifier, images, NormalisationStatistics.Of(images), seed: 5);
        BeCertain(classifier.Store, certainty: 3);
        var options = _options with { LabelledBatch = 2, UnlabelledBatch = 5 };
        using var trainer = new SemiSupervisedTrainer(classifier, options, LabelledImages.Of(images), images, seed: 5);
        trainer.RunStep();
        trainer.TakeMetrics();
        trainer.RunStep();
        return trainer.TakeMetrics().ToDictionary(m => m.Name, m => m.Value);
    }

    private static void BeCertain(Autograd.ParameterStore store, float certainty)
    {
        var head = store["fc.weight"];
        var random = new Random(3);
        store.Device.CopyIn<float>(
            [.. Enumerable.Range(0, (int)head.Shape.Count).Select(_ => certainty * ((2 * random.NextSingle()) - 1))], head.Data);
    }
}
