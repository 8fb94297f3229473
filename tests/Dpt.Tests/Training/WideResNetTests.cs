using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt.Tests;

/// <summary>What surprises in FreeMatch's network (spec, traps 46 and 48 to 50), and what its batch norm asks of training.</summary>
public sealed class WideResNetTests
{
    private const int Few = 5, Many = 7;
    private const ulong Seed = 5;

    private static readonly string[] _deadNorms = ["block2.layer.0.bn1", "block3.layer.0.bn1"];

    private readonly ImageDataset _images = TestImages.Noise(30, classes: 3, imageSize: 8);

    private readonly SemiSupervisedOptions _options =
        TinyOptions.Run.Stage1 with { Optimizer = "sgd", LabelledBatch = Few, UnlabelledBatch = Many, LearningRate = 0.05 };

    private HostDevice _device = null!;
    private ImageClassifier _classifier = null!;

    private ParameterStore Store => _classifier.Store;

    [SetUp]
    public void SetUp()
    {
        _device = new HostDevice(threads: 1, selection: new KernelSelection());
        _classifier = New();
    }

    [TearDown]
    public void TearDown()
    {
        _classifier.Dispose();
        Assert.That(_device.Memory.LiveBlocks, Is.Zero, "device memory");
        _device.Dispose();
    }

    /// <summary>
    /// Trap 46: what is measured and saved has averaged weights and the statistics of the training as they are; neither are the
    /// statistics averaged, nor does measuring move them, and then the weights in training are there again, to the bit.
    /// </summary>
    [Test]
    public void Evaluation_HasAveragedWeightsWithTheStatisticsAsTheyAre()
    {
        using var trainer = Trainer();
        Run(trainer, 4);
        var state = trainer.Capture();
        var (live, averaged) = (state.Tensors["model"], state.Tensors["ema"]);
        float[] used;
        using (trainer.Average.Use())
        {
            used = _classifier.Probabilities(_images);
        }

        TinyTraining.RequireSame(trainer.Capture(), state);
        Assert.That(averaged["conv1.weight"].Values, Is.Not.EqualTo(live["conv1.weight"].Values));
        foreach (var buffer in Store.Buffers)
        {
            Assert.That(averaged[buffer.Name].Values, Is.EqualTo(live[buffer.Name].Values), buffer.Name);
            Assert.That(live[buffer.Name].Values, Has.None.EqualTo(buffer.Name.EndsWith("var", StringComparison.Ordinal) ? 1 : 0), $"{buffer.Name} moved");
        }

        Assert.That(With(averaged, live), Is.EqualTo(used));
        Assert.That(With(averaged, statistics: null), Is.Not.EqualTo(used), "or the test says little");
        Assert.That(With(live, live), Is.Not.EqualTo(used), "or the test says little");
        trainer.Average.Adopt();
        Assert.That(_classifier.Probabilities(_images), Is.EqualTo(used));
    }

    /// <summary>
    /// Trap 48: the first block of groups 2 and 3 convolves its input as it is. Its first norm has no gradient and no say, whatever
    /// its weights, but follows the batches; that of group 1 has both.
    /// </summary>
    [Test]
    public void DeadNorms_FollowTheBatches_AndDoNothingElse()
    {
        using var trainer = Trainer();
        Run(trainer, 1);
        using (var start = New())
        {
            // A bias in front of a norm has no gradient but roundings, so what it does says nothing.
            foreach (var parameter in Store.Parameters.Where(p => IsDead(p.Name) || p.Name.EndsWith("weight", StringComparison.Ordinal)))
            {
                var stays = _device.Download(parameter.Data).SequenceEqual(_device.Download(start.Store[parameter.Name].Data));
                Assert.That(stays, Is.EqualTo(IsDead(parameter.Name)), $"'{parameter.Name}' stays");
            }
        }

        foreach (var norm in _deadNorms)
        {
            Assert.That(Statistics()[norm + ".running_mean"], Has.None.Zero, norm);
        }

        var before = _classifier.Probabilities(_images);
        foreach (var name in Store.Parameters.Select(p => p.Name).Concat(Store.Buffers.Select(b => b.Name)).Where(IsDead))
        {
            var data = Store.Buffers.FirstOrDefault(b => b.Name == name)?.Data ?? Store[name].Data;
            _device.CopyIn<float>([.. _device.Download(data).Select(_ => 7f)], data);
        }

        Assert.That(_classifier.Probabilities(_images), Is.EqualTo(before));
        var living = Store["block1.layer.0.bn1.weight"].Data;
        _device.CopyIn<float>([.. _device.Download(living).Select(_ => 7f)], living);
        Assert.That(_classifier.Probabilities(_images), Is.Not.EqualTo(before));
    }

    /// <summary>
    /// Trap 49: the statistics of a step are those of labelled, weak and strong views in one batch, and move once.
    /// </summary>
    [TestCase(Many)]
    [TestCase(0)]
    public void Step_NormalisesAllViewsTogether(int unlabelled)
    {
        var options = _options with { UnlabelledBatch = unlabelled };
        using var trainer = Trainer(options);
        Run(trainer, 1);
        var moved = Statistics();
        Assert.That(ByHand(options, (network, tape, batch) => network.ForwardTraining(tape, batch.AllViews)), Is.EqualTo(moved));
        if (unlabelled > 0)
        {
            var (apart, twice) = (
                ByHand(options, (network, tape, batch) => network.ForwardTraining(tape, batch.Views)),
                ByHand(options, (network, tape, batch) =>
                {
                    network.ForwardTraining(tape, batch.WeakViews!);
                    return network.ForwardTraining(tape, batch.Views);
                }));
            Assert.That(apart, Is.Not.EqualTo(moved), "or the test says little");
            Assert.That(twice, Is.Not.EqualTo(moved), "or the test says little");
        }
    }

    /// <summary>The weak views choose, and teach nothing: with weights that are all 0 only the labelled images do.</summary>
    [Test]
    public void WeakViews_BringNoGradient()
    {
        // Without a loss of the unlabelled images the scores of their views are in no loss, but in the statistics all the same.
        using var trainer = Trainer(_options with { UnlabelledWeight = 0, FairnessWeight = 0, ClipNorm = 0, WeightDecay = 0, LearningRate = 1, WarmUp = 0 });
        var start = Store.Export(Store.Values);
        using var byHand = New();
        using var batches = Batches(byHand, _options);
        batches.Draw(0);
        using (var tape = new Tape(_device))
        {
            var logits = ((IBatchClassifier)byHand.Network).ForwardTraining(tape, batches.Batch.AllViews);
            var few = tape.Slice(logits, axis: 0, start: 0, length: Few);
            tape.CrossEntropy(few, batches.Batch.Labels.Range(0, Few), scale: 1f / Few);
            tape.Backward();
        }

        Run(trainer, 1);
        foreach (var parameter in byHand.Store.Parameters)
        {
            // One step of Nesterov's momentum from rest: 1.9 times the gradient.
            var gradient = _device.Download(parameter.Gradient);
            double[] expected = [.. gradient.Zip(start[parameter.Name].Values, (g, p) => p - (1.9 * g))];
            Assert.That(
                _device.Download(Store[parameter.Name].Data), Is.EqualTo(expected).Within(1e-6 + (1e-5 * expected.Max(Math.Abs))), parameter.Name);
        }
    }

    /// <summary>Trap 50: what has "bn" or "bias" in its name does not decay, biases of convolutions among them; all else does.</summary>
    [Test]
    public void Decay_IsOfWhatHasNeitherBnNorBiasInItsName()
    {
        foreach (var parameter in Store.Parameters)
        {
            var excluded = parameter.Name.Contains("bn", StringComparison.Ordinal) || parameter.Name.Contains("bias", StringComparison.Ordinal);
            Assert.That(parameter.Decays, Is.Not.EqualTo(excluded), parameter.Name);
        }

        Assert.That(Store.Parameters.Count(p => p.Name.EndsWith("conv1.bias", StringComparison.Ordinal)), Is.EqualTo(4));
    }

    /// <summary>In use an image's scores are its own: alone or among others, the same bits.</summary>
    [Test]
    public void Scores_InUse_DoNotDependOnTheImagesBeside()
    {
        using (var trainer = Trainer())
        {
            Run(trainer, 2);
        }

        var (all, alone) = (_classifier.Probabilities(_images), _classifier.Probabilities(_images.Select([3])));
        Assert.That(alone, Is.EqualTo(all[9..12]));
    }

    [Test]
    public void File_BringsTheStatisticsBack()
    {
        using var folder = new TemporaryFolder();
        using (var trainer = Trainer())
        {
            Run(trainer, 3);
        }

        TrainedClassifier.Save(folder["c.safetensors"], _classifier, TinyOptions.WideResNet, _images);
        using var opened = TrainedClassifier.Open(_device, folder["c.safetensors"]);
        Assert.That(opened.Probabilities(_images), Is.EqualTo(_classifier.Probabilities(_images)));
        var state = StateDict.Load(folder["c.safetensors"]);
        state.Remove("bn1.running_var");
        Assert.That(() => Store.Import(Store.Values, state), Throws.ArgumentException.With.Message.Contains("'bn1.running_var' is missing"));
    }

    [TestCase(28, 32, null)]
    [TestCase(10, 1, null)]
    [TestCase(1, 32, "classifier.depth 1 is no depth of a wrn: it is 6 n + 4 with n blocks in a group; use 10 or 16")]
    [TestCase(4, 32, "classifier.depth 4 is no depth of a wrn")]
    [TestCase(30, 32, "classifier.depth 30 is no depth of a wrn: it is 6 n + 4 with n blocks in a group; use 28 or 34")]
    public void Depth_ThatIsNone_IsRefused(int depth, int width, string? says)
    {
        void Require() => ClassifierCatalog.Find("wrn").Require(TinyOptions.WideResNet with { Depth = depth, Width = width }, _images.Form);
        if (says is null)
        {
            Assert.That(Require, Throws.Nothing);
        }
        else
        {
            TestImages.Fails(FailureKind.Usage, Require, says);
        }
    }

    /// <summary>A single image of the smallest side has several pixels in the last group; a smaller one would have one.</summary>
    [Test]
    public void Images_ThatAreTooSmall_AreRefused()
    {
        var form = new ImageForm(1, 4, 3);
        TestImages.Fails(
            FailureKind.Usage, () => ClassifierCatalog.Find("wrn").Require(TinyOptions.WideResNet, form), "images of 4 pixels are too small for a wrn");
        var images = TestImages.Noise(6, classes: 3, imageSize: 5);
        using var classifier = New(images);
        using var trainer = new SemiSupervisedTrainer(
            classifier, _options with { LabelledBatch = 1, UnlabelledBatch = 0, CropPadding = 1 }, LabelledImages.Of(images), images, Seed);
        Run(trainer, 1);
        Assert.That(trainer.Capture().Step, Is.EqualTo(1));
    }

    /// <summary>Who learns from all views at once says so to those who reckon its memory.</summary>
    [Test]
    public void Footprints_CountTheWeakViewsOfBatchClassifiers()
    {
        foreach (var kind in ClassifierCatalog.Kinds)
        {
            using var store = new ParameterStore(_device);
            var options = TinyOptions.WideResNet with { Network = kind.Name };
            Assert.That(
                kind.Footprint(options, _images.Form).LearnsWeakViews, Is.EqualTo(kind.Create(store, options, _images.Form) is IBatchClassifier), kind.Name);
        }

        Assert.That(new NetworkFootprint().LearnedOf(3, 4), Is.EqualTo(7));
        Assert.That(new NetworkFootprint { LearnsWeakViews = true }.LearnedOf(3, 4), Is.EqualTo(11));
    }

    private static bool IsDead(string name) => _deadNorms.Any(norm => name.StartsWith(norm, StringComparison.Ordinal));

    private static void Run(SemiSupervisedTrainer trainer, int steps)
    {
        for (var step = 0; step < steps; step++)
        {
            trainer.RunStep();
        }
    }

    private ImageClassifier New(ImageDataset? images = null) =>
        new(_device, TinyOptions.WideResNet, images ?? _images, NormalisationStatistics.Of(_images), Seed);

    private SemiSupervisedTrainer Trainer(SemiSupervisedOptions? options = null) =>
        new(_classifier, options ?? _options, LabelledImages.Of(_images), _images, Seed);

    private ClassifierBatches Batches(ImageClassifier classifier, SemiSupervisedOptions options) =>
        new(classifier, options, LabelledImages.Of(_images), _images, Seed);

    private Dictionary<string, float[]> Statistics(ImageClassifier? classifier = null) =>
        (classifier ?? _classifier).Store.Buffers.ToDictionary(b => b.Name, b => _device.Download(b.Data));

    /// <summary>The statistics after passes over the views of the first step.</summary>
    private Dictionary<string, float[]> ByHand(SemiSupervisedOptions options, Func<IBatchClassifier, Tape, ClassifierBatch, Tensor> pass)
    {
        using var classifier = New();
        using var batches = Batches(classifier, options);
        using var tape = new Tape(_device);
        batches.Draw(0);
        tape.WithoutGradient(() => pass((IBatchClassifier)classifier.Network, tape, batches.Batch));
        return Statistics(classifier);
    }

    /// <summary>Probabilities of a network with some weights and some statistics; null for those of the start.</summary>
    private float[] With(
        IReadOnlyDictionary<string, (TensorShape Shape, float[] Values)> weights,
        IReadOnlyDictionary<string, (TensorShape Shape, float[] Values)>? statistics)
    {
        using var classifier = New();
        var own = classifier.Store.Export(classifier.Store.Values);
        classifier.Store.Import(classifier.Store.Values, own.Keys.ToDictionary(
            name => name, name => name.Contains("running", StringComparison.Ordinal) ? (statistics ?? own)[name] : weights[name]));
        return classifier.Probabilities(_images);
    }
}
