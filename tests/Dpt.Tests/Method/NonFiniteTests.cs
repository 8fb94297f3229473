using System.Text.Json.Nodes;
using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt.Tests;

/// <summary>
/// Numbers that are not finite are refused wherever they leave a network: the failure is a divergence (exit code 5), names
/// step or tensor, and nothing is made of the numbers.
/// </summary>
public sealed class NonFiniteTests
{
    private const int Classes = 3;

    private static readonly Dictionary<string, (Func<TinyTraining> Make, string Says)> _trainings = new()
    {
        ["classifier"] = (() => TinyTraining.Classifier(), "the probabilities of the weak views are not finite"),
        ["classifier, labels alone"] = (
            () => TinyTraining.Classifier(TinyOptions.Run.Stage1 with { UnlabelledBatch = 0 }), "the loss is not finite"),
        ["classifier, SGD, no clipping"] = (
            () => TinyTraining.Classifier(TinyOptions.Run.Stage1 with { Optimizer = "sgd", ClipNorm = 0 }),
            "the probabilities of the weak views are not finite"),
        ["classifier, Muon"] = (
            () => TinyTraining.Classifier(TinyOptions.Run.Stage1 with { Optimizer = "muon" }),
            "the probabilities of the weak views are not finite"),
        ["generator"] = (() => TinyTraining.Generator(), "the loss is not finite"),
        ["generator, accumulation"] = (
            () => TinyTraining.Generator(TinyOptions.Run.Diffusion with { Accumulation = 3 }), "the loss is not finite"),
    };

    private static IEnumerable<string> Trainings => _trainings.Keys;

    private static IEnumerable<float> Values => [float.NaN, -float.NaN, float.PositiveInfinity, float.NegativeInfinity];

    [TestCaseSource(nameof(Trainings))]
    public void RunStep_WithANaNWeight_NamesTheStep(string name)
    {
        var (make, says) = _trainings[name];
        using var training = make();
        training.Run(2);
        Poison(training.Store, "norm.weight");
        var before = Weights(training);
        training.Trainer.RunStep();
        training.Trainer.RunStep();
        TestImages.Fails(FailureKind.Diverged, () => training.Trainer.TakeMetrics(), $"in step 3: {says}");
        TestImages.Fails(FailureKind.Diverged, () => training.Trainer.Capture(), $"in step 3: {says}");
        Assert.That(Weights(training), Is.EqualTo(before), "no update was made");
    }

    /// <summary>Long before anybody asks, the log has no room for more.</summary>
    [Test]
    public void RunStep_LongAfterANaN_NamesItsStep()
    {
        using var training = TinyTraining.Generator();
        training.Run(1);
        Poison(training.Store, "norm.weight");
        void Train()
        {
            for (var step = 0; step < 300; step++)
            {
                training.Trainer.RunStep();
            }
        }

        TestImages.Fails(FailureKind.Diverged, Train, "in step 2: the loss is not finite");
    }

    /// <summary>The loss is finite and the gradient overflows, once: the step changes nothing, is counted, and training goes on.</summary>
    [TestCaseSource(nameof(Trainings))]
    public void RunStep_WithAGradientThatIsNotFinite_IsSkippedAndCounted(string name)
    {
        using var training = _trainings[name].Make();
        training.Run(2);
        training.Trainer.TakeMetrics();
        var before = Weights(training);
        training.Device.CopyIn<float>([float.PositiveInfinity], training.Store["norm.weight"].Gradient.Range(0, 1));
        training.Trainer.RunStep();
        Assert.That(Weights(training), Is.EqualTo(before), "no update was made");
        Assert.That(training.Device.Download(training.Store.Gradients), Is.All.Zero, "nothing of it is left for the next");
        training.Trainer.RunStep();
        Assert.That(Weights(training), Is.Not.EqualTo(before), "the next update was made");
        var metrics = training.Trainer.TakeMetrics().ToDictionary(m => m.Name, m => m.Value);
        Assert.That(metrics[ModelState.Skipped], Is.EqualTo(1));
        Assert.That(metrics.Values, Is.All.Matches<double>(double.IsFinite));
        training.Trainer.RunStep();
        Assert.That(training.Trainer.TakeMetrics().Select(m => m.Name), Has.None.EqualTo(ModelState.Skipped), "it is told once");
        training.Trainer.Capture();
    }

    /// <summary>Whoever asks again is told the same; what goes back to a state finds nothing of it.</summary>
    [Test]
    public void RunStep_WithTenGradientsThatAreNotFinite_NamesTheLastOfThem()
    {
        using var training = TinyTraining.Generator(TinyOptions.Run.Diffusion with { Steps = 20 });
        var state = training.Run(2);
        for (var step = 0; step < 12; step++)
        {
            training.Device.CopyIn<float>([float.NaN], training.Store["norm.weight"].Gradient.Range(0, 1));
            training.Trainer.RunStep();
        }

        foreach (var ask in new Action[] { () => training.Trainer.TakeMetrics(), () => training.Trainer.Capture() })
        {
            TestImages.Fails(FailureKind.Diverged, ask, "in step 12: the norm of the gradients is, as in the 9 steps before it, not finite");
        }

        training.Trainer.Restore(state);
        Assert.That(training.Device.Download(training.Store.Gradients), Is.All.Zero);
    }

    [Test]
    public void Loop_WithAStepThatWasSkipped_TellsOfItOnce()
    {
        using var folder = new TemporaryFolder();
        using var training = TinyTraining.Classifier();
        var observer = new RecordingObserver();
        using var run = RunFolder.CreateAt(folder["run"]);
        using var context = new RunContext(DptPlan.Of(TinyOptions.Run, training.Device), run, training.Device, observer, overwrite: false);
        var nothing = new Dictionary<string, string>();
        var checkpoints = new TrainerCheckpoints(folder["checkpoints"], context, new StageOrigin(nothing, nothing));
        new TrainLoop(context, "stage", new OverflowsInStep2(training), checkpoints, () => []).Run(default);
        Assert.That(
            observer.Messages,
            Is.EqualTo(new[] { "stage: warning: skipped 1 of the steps up to step 2, for their gradient was not finite" }));
    }

    [Test]
    public void Update_WithAGradientThatIsNotFinite_OnlyClearsIt(
        [ValueSource(nameof(Values))] float value, [Values("adamw", "sgd")] string optimizer, [Values(0, 1)] double clipNorm)
    {
        using var model = new SmallModel(optimizer, clipNorm);
        model.Gradient = [0.5f, value];
        Assert.That(model.Update(0.1), Is.Null);
        Assert.That(model.Weights, Is.EqualTo(new[] { 1f, 2f }));
        Assert.That(model.Average, Is.EqualTo(new[] { 1f, 2f }));
        Assert.That(model.State.Optimizer.State.SelectMany(s => model.Download(s.Values)), Is.All.Zero);
        Assert.That(model.Gradient, Is.All.Zero);
        Assert.That(model.State.TakeSkipped(), Is.EqualTo(new[] { (ModelState.Skipped, 1.0) }));
    }

    /// <summary>Ten in a row are a divergence; nine, and nine again, are not.</summary>
    [Test]
    public void Updates_SkippedInARow_NameStepAndTensor()
    {
        using var model = new SmallModel("adamw", clipNorm: 1);
        Skip(9);
        model.Gradient = [0.5f, 1];
        Assert.That(model.Update(0.1), Is.EqualTo(Math.Sqrt(1.25)).Within(1e-6));
        var weights = model.Weights;
        Skip(9);
        model.Gradient = [0.5f, float.NaN];
        TestImages.Fails(
            FailureKind.Diverged,
            () => model.Update(0.1),
            "in step 20: the gradient of 'second' is, as in the 9 steps before it, not finite");
        Assert.That(model.Weights, Is.EqualTo(weights));

        void Skip(int steps)
        {
            for (var step = 0; step < steps; step++)
            {
                model.Gradient = [0.5f, float.NaN];
                Assert.That(model.Update(0.1), Is.Null);
            }
        }
    }

    /// <summary>The gradient is finite, but AdamW's second moment would be infinite and every later update 0.</summary>
    [Test]
    public void Update_WithAGradientWhoseSquareOverflows_IsSkippedUnlessClipped()
    {
        using var model = new SmallModel("adamw", clipNorm: 0);
        for (var step = 1; step < 10; step++)
        {
            model.Gradient = [3e19f, 0];
            Assert.That(model.Update(0.1), Is.Null);
        }

        model.Gradient = [3e19f, 0];
        TestImages.Fails(FailureKind.Diverged, () => model.Update(0.1), "in step 10: the norm of the squared gradients is");
        Assert.That(model.Weights, Is.EqualTo(new[] { 1f, 2f }));
    }

    /// <summary>The first update of AdamW is the learning rate, whatever the size of the gradient.</summary>
    [TestCase(1e-3f)]
    [TestCase(1e19f)]
    [TestCase(1e30f)]
    [TestCase(1e38f)]
    public void Update_WithALargeGradient_IsAWholeUpdate(float gradient)
    {
        using var model = new SmallModel("adamw", clipNorm: 1);
        model.Gradient = [gradient, -gradient];
        Assert.That(model.Update(0.1), Is.EqualTo(gradient * Math.Sqrt(2)).Within(1e-4).Percent);
        Assert.That(model.Weights, Is.EqualTo(new[] { 0.9f, 2.1f }).Within(1e-4));
    }

    /// <summary>Loss and gradient are finite; it is the update that overflows.</summary>
    [TestCase("adamw")]
    [TestCase("sgd")]
    public void Update_ThatEndsInNoFiniteWeight_NamesIt(string optimizer)
    {
        using var model = new SmallModel(optimizer, clipNorm: 1);
        model.Gradient = [0, 1];
        TestImages.Fails(
            FailureKind.Diverged, () => model.Update(float.PositiveInfinity), "in step 1: the updated weight of");
    }

    [Test]
    public void Capture_OfAnAverageThatIsNotFinite_NamesFileAndTensor()
    {
        using var training = TinyTraining.Classifier();
        training.Run(1);
        training.Device.CopyIn<float>([float.NaN], ((SemiSupervisedTrainer)training.Trainer).Average.Values.Range(0, 1));
        TestImages.Fails(FailureKind.Diverged, () => training.Trainer.Capture(), "in step 1: 'cls_token' in 'ema' is not finite");
    }

    /// <summary>Such a state is damage: the loop goes back to an older checkpoint.</summary>
    [Test]
    public void Restore_OfAStateThatIsNotFinite_ChangesNothing()
    {
        using var training = TinyTraining.Generator();
        var before = training.Run(1);
        var bad = Edit(before, "moment2", "pos_embed", _ => float.PositiveInfinity);
        Assert.That(
            () => training.Trainer.Restore(bad),
            Throws.TypeOf<InvalidDataException>().With.Message.EqualTo("'pos_embed' in 'moment2' is not finite"));
        TinyTraining.RequireSame(training.Trainer.Capture(), before);
    }

    /// <summary>
    /// Moments that are finite, but so large that the last update overflows: the trap of a run that diverges in its last
    /// step, with nothing after it that would meet the weights.
    /// </summary>
    [TestCase("stage-1-classifier", "checkpoints", "fc.bias")]
    [TestCase("stage-2-diffusion", "checkpoints", "norm.bias")]
    [TestCase("stage-3-classifier", "checkpoints", "fc.bias")]
    [TestCase("stage-3-classifier-control", "control-checkpoints", "fc.bias")]
    public void Run_ThatDivergesInItsLastStep_MakesNothingAndKeepsItsCheckpoint(string work, string checkpoints, string tensor)
    {
        const int LastGood = 5;
        using var folder = new TemporaryFolder();
        var run = folder["run"];
        var stage = Path.Combine(run, work.Replace("-control", "", StringComparison.Ordinal));
        TinyRun.Interrupted(run, work, LastGood);
        var store = new CheckpointStore(Path.Combine(stage, checkpoints), keep: 2, new SilentObserver());
        var poisoned = Edit(Edit(store.LoadLatest()!, "moment1", tensor, _ => 3e38f), "moment2", tensor, _ => 0);
        Assert.That(poisoned.Step, Is.EqualTo(LastGood));
        store.Save(poisoned);
        var files = Files(run);

        TestImages.Fails(
            FailureKind.Diverged,
            () => TinyRun.In(run),
            $"{work}: training diverged in step 6: the updated weight of '{tensor}' is not finite");
        Assert.That(Files(run), Is.EqualTo(files), "nothing was written, and no checkpoint lost");
        Assert.That(store.LoadLatest()!.Step, Is.EqualTo(LastGood));
    }

    [Test]
    public void Classifier_WithANaNWeight_GivesNothing()
    {
        using var device = new HostDevice(threads: 1);
        var images = TestImages.Noise(7, Classes, imageSize: 8);
        using var classifier = TinyClassifier(device, images);
        Poison(classifier.Store, "blocks.0.mlp.fc1.weight");
        foreach (var use in new Action[]
        {
            () => classifier.Probabilities(images),
            () => classifier.Features(images),
            () => classifier.Evaluate(images),
            () => classifier.Label(images),
            () => SampleQuality.Of(new JudgeFeatures(classifier), images, images, statisticsOut: null, default),
        })
        {
            TestImages.Fails(FailureKind.Diverged, use, "the classifier is of no use: its weight 'blocks.0.mlp.fc1.weight' is not finite");
        }
    }

    /// <summary>All weights are finite; the scores overflow.</summary>
    [Test]
    public void Classifier_ThatOverflows_NamesTheImage()
    {
        using var device = new HostDevice(threads: 1);
        var images = TestImages.Noise(7, Classes, imageSize: 8);
        using var classifier = TinyClassifier(device, images);
        var head = classifier.Store["fc.weight"];
        device.CopyIn<float>([.. Enumerable.Repeat(3e38f, (int)head.Shape.Count)], head.Data);
        TestImages.Fails(
            FailureKind.Diverged, () => classifier.Label(images), "what the classifier gives for image 0 of 'noise' is not finite");
    }

    [TestCase("dpm-solver++-2m")]
    [TestCase("dpm-solver-23")]
    public void Drawer_WithANaNWeight_DrawsNothing(string solver)
    {
        using var device = new HostDevice(threads: 1);
        using var generator = TinyGenerator(device);
        var options = TinyOptions.Run.Generate with { Solver = solver };
        using (var drawer = new PseudoImageDrawer(generator, options, seed: 1))
        {
            Poison(generator.Store, "decoder_pred.weight");
            TestImages.Fails(
                FailureKind.Diverged, () => drawer.DrawAll(new ImageShard(1, 0, 2), default), "not finite");
        }

        TestImages.Fails(
            FailureKind.Diverged,
            () => _ = new PseudoImageDrawer(generator, options, seed: 1),
            "the generator is of no use: its weight 'decoder_pred.weight' is not finite");
    }

    [Test]
    public void Drawer_ThatOverflows_NamesClassAndImage()
    {
        using var device = new HostDevice(threads: 1);
        using var generator = TinyGenerator(device);
        using var drawer = new PseudoImageDrawer(generator, TinyOptions.Run.Generate with { Solver = "ddim" }, seed: 1);
        var bias = generator.Store["decoder_pred.bias"];
        device.CopyIn<float>([.. Enumerable.Repeat(3e38f, (int)bias.Shape.Count)], bias.Data);
        TestImages.Fails(
            FailureKind.Diverged, () => drawer.DrawAll(new ImageShard(2, 5, 3), default), "for pseudo-image 5 of class 2 is not finite");
    }

    [TestCaseSource(nameof(Values))]
    public void Scores_ThatAreNotFinite_PredictNothing(float value)
    {
        foreach (var scores in new[] { new[] { value, 0, 1 }, [0, value, 1], [0, 1, value] })
        {
            TestImages.Fails(FailureKind.Diverged, () => RowScores.ArgMax(scores), "nothing can be predicted");
            TestImages.Fails(FailureKind.Diverged, () => new ConfusionMatrix(3).Add(scores, [0]), "nothing can be predicted");
        }
    }

    private static ImageClassifier TinyClassifier(Device device, ImageDataset images) =>
        new(device, TinyOptions.Run.Classifier, images, NormalisationStatistics.Of(images), seed: 5);

    private static ImageGenerator TinyGenerator(Device device) =>
        new(device, TinyOptions.Run.Diffusion, new PixelSpace(TestImages.Noise(3, Classes, imageSize: 8).Form), seed: 5);

    private static float[] Weights(TinyTraining training) => training.Device.Download(training.Store.Values);

    private static void Poison(ParameterStore store, string name) =>
        store.Device.CopyIn<float>([float.NaN], store[name].Data.Range(0, 1));

    /// <summary>A state with other values in one tensor.</summary>
    private static TrainingState Edit(TrainingState state, string file, string tensor, Func<float, float> change)
    {
        var tensors = state.Tensors.ToDictionary(
            f => f.Key,
            f => (IReadOnlyDictionary<string, (TensorShape Shape, float[] Values)>)f.Value.ToDictionary(
                t => t.Key,
                t => (t.Value.Shape, f.Key == file && t.Key == tensor ? Array.ConvertAll(t.Value.Values, v => change(v)) : t.Value.Values)));
        return state with { State = (JsonObject)state.State.DeepClone(), Tensors = tensors };
    }

    private static Dictionary<string, string> Files(string folder) =>
        Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Where(path => Path.GetFileName(path) is not ("run.json" or "metrics.jsonl" or "labels.csv") && !path.EndsWith("lock", StringComparison.Ordinal))
            .Where(path => !Path.GetFileName(path).Contains("tfevents", StringComparison.Ordinal))
            .ToDictionary(path => Path.GetRelativePath(folder, path), FileHash.Of);

    /// <summary>A training with a gradient that is not finite in its second step.</summary>
    private sealed class OverflowsInStep2(TinyTraining training) : ITrainer
    {
        public int Step => training.Trainer.Step;

        public int TotalSteps => training.Trainer.TotalSteps;

        public int ImagesPerStep => training.Trainer.ImagesPerStep;

        public double RateScale { get; set; } = 1;

        public void RunStep()
        {
            if (Step == 1)
            {
                training.Device.CopyIn<float>([float.NaN], training.Store["norm.weight"].Gradient.Range(0, 1));
            }

            training.Trainer.RunStep();
        }

        public IReadOnlyList<(string Name, double Value)> TakeMetrics() => training.Trainer.TakeMetrics();

        public TrainingState Capture() => training.Trainer.Capture();

        public void Restore(TrainingState state) => training.Trainer.Restore(state);
    }

    /// <summary>Two weights of one number each, 1 and 2.</summary>
    private sealed class SmallModel : IDisposable
    {
        private readonly HostDevice _device = new(threads: 1);
        private readonly ParameterStore _store;
        private readonly DeviceBuffer<float> _numbers;
        private float[] _learnt = [];

        public SmallModel(string optimizer, double clipNorm)
        {
            _store = new ParameterStore(_device);
            _store.Add("first", new TensorShape(1), Initializer.One);
            _store.Add("second", new TensorShape(1), Initializer.Constant(2));
            _store.Initialize(1);
            IOptimizer update = optimizer == "sgd"
                ? new Sgd(_store, new SgdConfig(0.9f, Nesterov: true, 0, DecayEverything: false))
                : new AdamW(_store, new AdamWConfig(0.9f, 0.99f, 0, DecayEverything: false));
            _numbers = _device.Allocate<float>(ModelState.Numbers);
            State = new ModelState(_store, update, new MovingAverage(_store, 0.9f), clipNorm, _numbers.Slice, () => Gradient = _learnt);
        }

        public ModelState State { get; }

        /// <summary>An update that is looked at as soon as it is made. Returns the gradient's norm, or null if it was skipped.</summary>
        public double? Update(double learningRate)
        {
            State.Clip(default);
            State.Update(learningRate);
            return State.Require(_device.Download(_numbers.Slice), State.Optimizer.Steps);
        }

        public float[] Average => [.. _store.Parameters.Select(p => _device.Download(State.Average.Values.Range(p.Offset, 1))[0])];

        public float[] Download(Slice<float> values) => _device.Download(values);

        public float[] Weights => [.. _device.Download(_store["first"].Data), .. _device.Download(_store["second"].Data)];

        public float[] Gradient
        {
            get => [.. _device.Download(_store["first"].Gradient), .. _device.Download(_store["second"].Gradient)];
            set
            {
                _learnt = value;
                _device.CopyIn<float>(value.AsSpan(0, 1), _store["first"].Gradient);
                _device.CopyIn<float>(value.AsSpan(1, 1), _store["second"].Gradient);
            }
        }

        public void Dispose()
        {
            State.Dispose();
            _numbers.Dispose();
            _store.Dispose();
            _device.Dispose();
        }
    }
}
