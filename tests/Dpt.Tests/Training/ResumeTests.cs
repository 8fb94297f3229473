using System.Text.Json.Nodes;

namespace DPT.Engine.Dpt.Tests;

/// <summary>Training is a function of its inputs: stopping, threads and memory plans change no bit of it.</summary>
public class ResumeTests
{
    private const int Steps = 6;

    /// <summary>The trainings, by name: each makes a fresh one with so many threads.</summary>
    private static readonly Dictionary<string, Func<int, TinyTraining>> _trainings = new()
    {
        ["classifier, AdamW"] = threads => TinyTraining.Classifier(threads: threads),
        ["classifier, SGD"] = threads => TinyTraining.Classifier(
            TinyOptions.Run.Stage1 with { Optimizer = "sgd" }, threads),
        ["classifier, Muon"] = threads => TinyTraining.Classifier(
            TinyOptions.Run.Stage1 with { Optimizer = "muon" }, threads),
        ["classifier, labels alone"] = threads => TinyTraining.Classifier(
            TinyOptions.Run.Stage1 with { UnlabelledBatch = 0 }, threads),
        ["classifier, batch norm"] = threads => TinyTraining.Classifier(
            TinyOptions.Run.Stage1 with { Optimizer = "sgd" }, threads, network: TinyOptions.WideResNet),
        ["generator, U-Net"] = threads => TinyTraining.Generator(TinyOptions.SongUNet, threads),
        ["msn"] = threads => TinyTraining.Msn(threads),
        ["generator"] = threads => TinyTraining.Generator(threads: threads),
        ["generator, Muon"] = threads => TinyTraining.Generator(
            TinyOptions.Run.Diffusion with { Optimizer = "muon" }, threads),
        ["generator, accumulation"] = threads => TinyTraining.Generator(
            TinyOptions.Run.Diffusion with { Accumulation = 3, Prediction = "noise", Schedule = "vp" }, threads),
    };

    private static IEnumerable<string> Names => _trainings.Keys;

    [Test]
    public void Training_StoppedAnywhere_GoesOnBitForBit(
        [ValueSource(nameof(Names))] string name, [Values(0, 1, 4)] int stop)
    {
        var whole = Train(name);
        using var first = _trainings[name](1);
        var captured = first.Run(stop);
        TinyTraining.RequireSame(Continue(name, captured), whole);
        TinyTraining.RequireSame(first.Run(Steps - stop), whole);
    }

    [Test]
    public void Training_ContinuedFromDisk_GoesOnBitForBit([ValueSource(nameof(Names))] string name)
    {
        using var folder = new TemporaryFolder();
        using (var first = _trainings[name](1))
        {
            new CheckpointStore(folder.Path, keep: 1, new SilentObserver()).Save(first.Run(4));
        }

        var loaded = new CheckpointStore(folder.Path, keep: 1, new SilentObserver()).LoadLatest()!;
        TinyTraining.RequireSame(Continue(name, loaded), Train(name));
    }

    /// <summary>Weights of a state whose thresholds do not fit would be taken without them.</summary>
    [TestCase("{}")]
    [TestCase("""{"thresholds":{"global":0.5,"classProbabilities":[1,1],"classFrequencies":[1,1,1]}}""")]
    [TestCase("""{"thresholds":{"global":0.5,"classProbabilities":[1,1,1],"classFrequencies":[1,1]}}""")]
    public void Classifier_StateOfOtherThresholds_IsRefusedAndChangesNothing(string state)
    {
        using var training = TinyTraining.Classifier();
        using var trained = TinyTraining.Classifier();
        var (before, other) = (training.Run(0), trained.Run(2));
        var damaged = new TrainingState(other.Step, (JsonObject)JsonNode.Parse(state)!, other.Tensors);
        Assert.That(() => training.Trainer.Restore(damaged), Throws.TypeOf<InvalidDataException>());
        TinyTraining.RequireSame(training.Run(0), before);
    }

    [Test]
    public void Training_WithOtherThreads_GivesTheSameBits(
        [ValueSource(nameof(Names))] string name, [Values(2, 7)] int threads)
    {
        using var alone = _trainings[name](1);
        using var together = _trainings[name](threads);
        TinyTraining.RequireSame(together.Run(Steps), alone.Run(Steps));
        Assert.That(together.Trainer.TakeMetrics(), Is.EqualTo(alone.Trainer.TakeMetrics()));
    }

    [Test]
    public void Training_Disposed_LeavesNoMemory([ValueSource(nameof(Names))] string name)
    {
        var training = _trainings[name](1);
        training.Run(2);
        training.Dispose();
        Assert.That(training.Memory.LiveBlocks, Is.Zero);
    }

    [Test]
    public void Classifier_TrueLabelsOfUnlabelledImagesScrambled_LearnsTheSame()
    {
        using var plain = TinyTraining.Classifier();
        using var scrambled = TinyTraining.Classifier(unlabelled: TestImages.Noise(40, classes: 3, imageSize: 8, shift: 1));
        TinyTraining.RequireSame(scrambled.Run(Steps), plain.Run(Steps));
    }

    [Test]
    public void Generator_TrueLabelsScrambled_LearnsTheSame()
    {
        using var plain = TinyTraining.Generator();
        using var scrambled = TinyTraining.Generator(
            images: TestImages.Noise(40, classes: 3, imageSize: 8, shift: 1),
            labels: [.. Enumerable.Range(0, 40).Select(i => i % 3)]);
        TinyTraining.RequireSame(scrambled.Run(Steps), plain.Run(Steps));
    }

    [Test]
    public void Generator_Recomputing_GivesTheSameBits()
    {
        using var storing = TinyTraining.Generator();
        using var recomputing = TinyTraining.Generator(TinyOptions.Run.Diffusion with { Recompute = true });
        TinyTraining.RequireSame(recomputing.Run(Steps), storing.Run(Steps));
    }

    /// <summary>After one step the first moment is the gradient times 1 - beta1.</summary>
    [TestCase(2)]
    [TestCase(12)]
    public void Generator_BatchCut_HasTheSameGradientAndLoss(int accumulation)
    {
        using var whole = TinyTraining.Generator();
        using var cut = TinyTraining.Generator(TinyOptions.Run.Diffusion with { Accumulation = accumulation });
        var expected = whole.Run(1).Tensors["moment1"];
        var actual = cut.Run(1).Tensors["moment1"];
        foreach (var (name, (_, gradient)) in expected)
        {
            var scale = gradient.Max(Math.Abs);
            Assert.That(actual[name].Values, Is.EqualTo(gradient).Within(2e-5f * scale), name);
        }

        Assert.That(Loss(cut), Is.EqualTo(Loss(whole)).Within(1e-6));
    }

    [TestCase(0.0)]
    [TestCase(0.5)]
    [TestCase(1.0)]
    public void Generator_DropsLabels_ToTheNullClass(double dropout)
    {
        const int Classes = 3;
        using var training = TinyTraining.Generator(TinyOptions.Run.Diffusion with { LabelDropout = dropout });
        var before = Embedding(training.Run(0));
        var after = Embedding(training.Run(Steps));
        var width = before.Length / (Classes + 1);
        var changed = Enumerable.Range(0, Classes + 1)
            .Select(row => !TinyTraining.SameBits(before[(row * width)..][..width], after[(row * width)..][..width]));
        Assert.That(changed, Is.EqualTo(new[] { dropout < 1, dropout < 1, dropout < 1, dropout > 0 }));
    }

    [Test]
    public void Generator_WithoutAnyLabel_IgnoresPseudoLabels()
    {
        var options = TinyOptions.Run.Diffusion with { LabelDropout = 1 };
        using var some = TinyTraining.Generator(options);
        using var others = TinyTraining.Generator(options, labels: new int[40]);
        TinyTraining.RequireSame(others.Run(Steps), some.Run(Steps));
    }

    private static float[] Embedding(TrainingState state) => state.Tensors["model"]["label_emb.weight"].Values;

    private static double Loss(TinyTraining training) =>
        training.Trainer.TakeMetrics().Single(metric => metric.Name == "train/loss").Value;

    private static TrainingState Train(string name)
    {
        using var training = _trainings[name](1);
        return training.Run(Steps);
    }

    private static TrainingState Continue(string name, TrainingState captured)
    {
        using var second = _trainings[name](1);
        second.Trainer.Restore(captured);
        return second.Run(Steps - second.Trainer.Step);
    }
}
