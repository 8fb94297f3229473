using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt.Tests;

/// <summary>
/// What reaches which stage of a run, and which weights leave it: every stage is done again by hand, from the inputs that the
/// method grants it and nothing else, and must end in the same bits.
/// </summary>
public sealed class StageInputTests
{
    private const ulong Seed = 3;

    private readonly TemporaryFolder _folder = new();

    /// <summary>Enough updates that the classifiers tell classes apart: what is compared must not be trivial.</summary>
    private readonly DptOptions _options = TinyOptions.Run with
    {
        Stage1 = TinyOptions.Run.Stage1 with { Steps = 120, LabelledBatch = 20, UnlabelledWeight = 0.1, LearningRate = 0.01 },
        Stage3 = TinyOptions.Run.Stage3 with
        {
            Steps = 120, ControlSteps = 180, LabelledBatch = 60, UnlabelledWeight = 0.1, LearningRate = 0.005,
            RealShare = 0.75,
        },
        Run = TinyOptions.Run.Run with { EvaluationPoints = 6 },
    };

    private readonly HostDevice _device = new(threads: 1);
    private DptResult _result = null!;
    private DptResult _resultOfTwo = null!;
    private DatasetPair _data = null!;
    private ImageDataset _labelled = null!;
    private ImageDataset _pseudoImages = null!;
    private PseudoLabels _pseudoLabels = null!;

    [OneTimeSetUp]
    public void RunOnce()
    {
        _resultOfTwo = TinyRun.In(_folder["run"], _options with { Rounds = 2 }).Result!;
        _result = TinyRun.In(_folder["run"], _options).Result!;
        _data = DatasetCatalog.Load(_options.Data, _options.Seed);
        _labelled = _data.Train.Select(LabelSplit.Draw(_data.Train, perClass: 2, seed: 3).Indices);
        _pseudoLabels = PseudoLabelFile.Load(Of("stage-1-classifier/pseudo-labels.csv"), _data.Train);
        _pseudoImages = PseudoImages("");
    }

    [OneTimeTearDown]
    public void Close()
    {
        _device.Dispose();
        _folder.Dispose();
    }

    [Test]
    public void Stage1_LearnsFromTheLabelledFewAndAllImages()
    {
        using var byHand = new ByHand(this, _options.Stage1, Few, seed: (Seed << 8) + 1);
        byHand.TrainToTheEnd();
        RequireSame(Weights("stage-1-classifier/classifier.safetensors"), byHand.Average);
        RequireSame(Checkpoint("stage-1-classifier/checkpoints", "ema"), byHand.Average);
    }

    [Test]
    public void Stage1_LabelsEveryTrainingImageWithItsAveragedWeights()
    {
        using var classifier = Load(Weights("stage-1-classifier/classifier.safetensors"));
        var expected = classifier.Probabilities(_data.Train).Chunk(10).ToArray();
        Assert.That(_pseudoLabels.Labels, Is.EqualTo(expected.Select(row => Array.IndexOf(row, row.Max()))));
        Assert.That(_pseudoLabels.Probabilities, Is.EqualTo(expected.Select(row => row.Max())));
        Assert.That(_result.Stage1.Top1, Is.EqualTo(Accuracy(classifier)));
        Assert.That(
            _result.Stage1.PseudoLabelAccuracy,
            Is.EqualTo(_pseudoLabels.Labels.Zip(_data.Train.Labels).Average(pair => pair.First == pair.Second ? 1.0 : 0)).Within(1e-12));
        Assert.That(
            _result.Stage1.Calibration!.Intervals.Sum(interval => interval.Count * interval.Accuracy) / _data.Train.Count,
            Is.EqualTo(_result.Stage1.PseudoLabelAccuracy).Within(1e-12));
        using var last = Load(Checkpoint("stage-1-classifier/checkpoints", "model"));
        Assert.That(last.Label(_data.Train).Probabilities, Is.Not.EqualTo(_pseudoLabels.Probabilities), "the last weights differ");
    }

    [Test]
    public void Stage2_LearnsFromThePseudoLabels()
    {
        Assert.That(_pseudoLabels.Labels, Is.Not.EqualTo(_data.Train.Labels), "the classifier must err, or the test says little");
        using var generator = new ImageGenerator(_device, _options.Diffusion, new PixelSpace(_data.Train.Form), (Seed << 8) + 2);
        using var trainer = new DiffusionTrainer(generator, _options.Diffusion, new PixelExamples(_data.Train), _pseudoLabels.Labels, (Seed << 8) + 2);
        while (trainer.Step < trainer.TotalSteps)
        {
            trainer.RunStep();
        }

        RequireSame(Weights("stage-2-diffusion/generator.safetensors"), generator.Store.Export(trainer.Average.Values));
        RequireSame(Checkpoint("stage-2-diffusion/checkpoints", "model"), generator.Store.Export(generator.Store.Values));
    }

    /// <summary>The classifier that the first round ended with labels anew.</summary>
    [Test]
    public void Round2_LabelsWithTheClassifierOfTheFirst()
    {
        using var classifier = Load(Weights("stage-3-classifier/classifier.safetensors"));
        var labels = LabelsOfRound2();
        Assert.That(labels.Labels, Is.EqualTo(classifier.Label(_data.Train).Labels).And.Not.EqualTo(_pseudoLabels.Labels));
        Assert.That(
            _resultOfTwo.Rounds.Select(round => round.PseudoLabelAccuracy),
            Is.EqualTo(new[] { _pseudoLabels, labels }.Select(of =>
                of.Labels.Zip(_data.Train.Labels).Average(pair => pair.First == pair.Second ? 1.0 : 0))).Within(1e-12));
        Assert.That(_resultOfTwo.Stage2.FrechetDistance.Features, Is.EqualTo("features of the classifier of round 1"));
    }

    /// <summary>The generator goes on from the averaged weights of the first round, with the new labels and draws of its own.</summary>
    [Test]
    public void Round2_GeneratorGoesOnWithTheNewLabels()
    {
        using var generator = new ImageGenerator(_device, _options.Diffusion, new PixelSpace(_data.Train.Form), (Seed << 8) + 5);
        generator.Store.Import(generator.Store.Values, Weights("stage-2-diffusion/generator.safetensors"));
        using var trainer = new DiffusionTrainer(generator, _options.Diffusion, new PixelExamples(_data.Train), LabelsOfRound2().Labels, (Seed << 8) + 5);
        while (trainer.Step < trainer.TotalSteps)
        {
            trainer.RunStep();
        }

        RequireSame(Weights("round-2/stage-2-diffusion/generator.safetensors"), generator.Store.Export(trainer.Average.Values));
        Assert.That(
            Draw(Weights("round-2/stage-2-diffusion/generator.safetensors"), (Seed << 8) + 5), Is.EqualTo(PseudoImages("round-2/").Pixels));
    }

    /// <summary>Stage 3 begins anew, with the seed that it has in common with the control of the first round.</summary>
    [Test]
    public void Round2_Stage3LearnsFromTheNewPseudoImages()
    {
        using var byHand = new ByHand(this, _options.Stage3, With(PseudoImages("round-2/")), (Seed << 8) + 3);
        byHand.TrainToTheEnd();
        RequireSame(Weights("round-2/stage-3-classifier/classifier.safetensors"), byHand.Average);
        using var classifier = Load(byHand.Average);
        Assert.That(_resultOfTwo.Stage3.Top1, Is.EqualTo(Accuracy(classifier)));
        Assert.That(_resultOfTwo.Rounds.Select(round => round.Top1), Is.EqualTo(new[] { _result.Stage3.Top1, _resultOfTwo.Stage3.Top1 }));
        Assert.That(
            (_resultOfTwo.Stage1.Top1, _resultOfTwo.Stage3.ControlTop1), Is.EqualTo((_result.Stage1.Top1, _result.Stage3.ControlTop1)));
    }

    /// <summary>The second control of a round has its pseudo-labels.</summary>
    [Test]
    public void Round2_SecondControlLearnsFromTheNewLabels()
    {
        var images = SelfTrainingImages.Draw(_data.Train, LabelsOfRound2().Labels, _options.Generate.PerClass, (Seed << 8) + 3);
        using var byHand = new ByHand(this, _options.Stage3, With(images), (Seed << 8) + 3);
        byHand.TrainToTheEnd();
        RequireSame(Checkpoint("round-2/stage-3-classifier/self-training-checkpoints", "ema"), byHand.Average);
        Assert.That(
            _resultOfTwo.Rounds.Select(round => round.SelfTrainingTop1),
            Is.EqualTo(new[] { _result.Stage3.SelfTrainingTop1, _resultOfTwo.Stage3.SelfTrainingTop1 }));
    }

    [Test]
    public void Stage2_DrawsWithTheAveragedWeights()
    {
        Assert.That(Draw(Weights("stage-2-diffusion/generator.safetensors")), Is.EqualTo(_pseudoImages.Pixels));
        Assert.That(Draw(Checkpoint("stage-2-diffusion/checkpoints", "ema")), Is.EqualTo(_pseudoImages.Pixels));
        Assert.That(Draw(Checkpoint("stage-2-diffusion/checkpoints", "model")), Is.Not.EqualTo(_pseudoImages.Pixels));
        Assert.That(_pseudoImages.Labels, Is.EqualTo(Enumerable.Range(0, 40).Select(i => i / 4)));
    }

    /// <summary>The film has a picture for every evaluation, and ends in the first pseudo-image of each class.</summary>
    [Test]
    public void Film_EndsInWhatIsDrawn()
    {
        var frames = Directory.GetFiles(Of("stage-2-diffusion/film")).Order().ToList();
        Assert.That(frames, Has.Count.EqualTo(_options.Run.EvaluationPoints));
        var expected = Of("expected.png");
        byte[] first = [.. Enumerable.Range(0, 8).SelectMany(label => _pseudoImages.Image(4 * label).ToArray())];
        SampleGrid.Save(expected, first, _pseudoImages.Channels, _pseudoImages.ImageSize, columns: 4);
        Assert.That(File.ReadAllBytes(frames[^1]), Is.EqualTo(File.ReadAllBytes(expected)));
        Assert.That(File.ReadAllBytes(frames[0]), Is.Not.EqualTo(File.ReadAllBytes(expected)));
    }

    /// <summary>Real first, then pseudo-images: with the seed of the stage, from scratch.</summary>
    [Test]
    public void Stage3_LearnsFromTheLabelledFewAndThePseudoImages()
    {
        using var byHand = new ByHand(this, _options.Stage3, With(_pseudoImages), (Seed << 8) + 3);
        byHand.TrainToTheEnd();
        RequireSame(Weights("stage-3-classifier/classifier.safetensors"), byHand.Average);
        using var classifier = Load(byHand.Average);
        Assert.That(_result.Stage3.Top1, Is.EqualTo(Accuracy(classifier)));
        var confusion = new ConfusionMatrix(JsonFiles.Load<long[][]>(Of("stage-3-classifier/confusion.json")));
        Assert.That(confusion.Accuracy, Is.EqualTo(_result.Stage3.Top1));
    }

    /// <summary>The same settings, seed and first weights as stage 3, more updates, and no pseudo-image.</summary>
    [Test]
    public void Control_IsStage3WithoutThePseudoImages()
    {
        using var byHand = new ByHand(this, _options.Stage3 with { Steps = 180 }, Few, (Seed << 8) + 3);
        using var stage3 = new ByHand(this, _options.Stage3, With(_pseudoImages), (Seed << 8) + 3);
        RequireSame(byHand.Average, stage3.Average);
        byHand.TrainToTheEnd();
        RequireSame(Checkpoint("stage-3-classifier/control-checkpoints", "ema"), byHand.Average);
        using var classifier = Load(byHand.Average);
        Assert.That(_result.Stage3.ControlTop1, Is.EqualTo(Accuracy(classifier)));
        using var drawn = Load(Weights("stage-3-classifier/classifier.safetensors"));
        var (control, withImages) = (RightIn(classifier), RightIn(drawn));
        var paired = new PairedControl(withImages.Except(control).Count(), control.Except(withImages).Count(), _data.Test.Count);
        Assert.That(paired.OnlyStage3, Is.Not.EqualTo(paired.OnlyControl), "or an exchange would not show");
        Assert.That(_result.Stage3.PairedControl, Is.EqualTo(paired));
        Assert.That(_resultOfTwo.Stage3.PairedControl, Is.Null, "the second round trains no control");
    }

    private List<int> RightIn(ImageClassifier classifier)
    {
        var said = classifier.Label(_data.Test).Labels;
        return [.. Enumerable.Range(0, said.Length).Where(i => said[i] == _data.Test.Labels[i])];
    }

    /// <summary>Stage 3 with real images of every pseudo-label, so labelled, in place of the pseudo-images.</summary>
    [Test]
    public void SecondControl_LearnsFromRealImagesWithTheirPseudoLabels()
    {
        using var byHand = new ByHand(this, _options.Stage3, With(SelfTraining()), (Seed << 8) + 3);
        byHand.TrainToTheEnd();
        RequireSame(Checkpoint("stage-3-classifier/self-training-checkpoints", "ema"), byHand.Average);
        using var classifier = Load(byHand.Average);
        Assert.That(_result.Stage3.SelfTrainingTop1, Is.EqualTo(Accuracy(classifier)));
    }

    /// <summary>As many as pseudo-images of every class that a label names, each with its pseudo-label, and none twice in a round.</summary>
    [Test]
    public void SecondControl_ImagesAreRealOnesWithTheirPseudoLabels([Values(1, 4, 300)] int perClass)
    {
        var images = SelfTrainingImages.Draw(_data.Train, _pseudoLabels.Labels, perClass, seed: 5);
        var classes = _pseudoLabels.Labels.Distinct().Order().ToArray();
        Assert.That(images.Labels, Is.EqualTo(classes.SelectMany(label => Enumerable.Repeat(label, perClass))));
        var byPixels = Enumerable.Range(0, _data.Train.Count).ToLookup(i => Convert.ToHexString(_data.Train.Image(i)));
        var members = ClassBalance.Count(_pseudoLabels.Labels, 10);
        for (var first = 0; first < images.Count; first += perClass)
        {
            var label = images.Labels[first];
            var shown = Enumerable.Range(first, perClass).Select(i => Convert.ToHexString(images.Image(i))).ToArray();
            Assert.That(shown, Has.All.Matches<string>(i => byPixels[i].Any(image => _pseudoLabels.Labels[image] == label)));
            Assert.That(
                shown.CountBy(i => i).Select(group => group.Value),
                Is.All.InRange(perClass / members[label], (perClass / members[label]) + 1));
        }
    }

    /// <summary>The Frechet distance compares the drawn with the real images, in the features of the stage-1 average.</summary>
    [Test]
    public void Stage2_MeasuresInTheFeaturesOfTheFirstClassifier()
    {
        using var classifier = Load(Weights("stage-1-classifier/classifier.safetensors"));
        Assert.That(_result.Stage2.FrechetDistance.Value, Is.EqualTo(Frechet(classifier)).Within(1e-9));
    }

    /// <summary>The judge knows all true labels, has a seed of its own, and judges what the stages left.</summary>
    [Test]
    public void Judge_LearnsFromAllTrueLabelsAlone()
    {
        EvaluationResult judged = null!;
        SampleQuality quality = null!;
        TinyRun.With(_folder["run"], _options, new SilentObserver(), pipeline =>
        {
            judged = pipeline.Evaluate(default);
            quality = pipeline.MeasureSamples(new SampleComparison(), default);
        });
        var options = _options.Stage1 with { UnlabelledBatch = 0, LabelledBatch = 128 };
        using var byHand = new ByHand(this, options, LabelledImages.Of(_data.Train), Seed << 8);
        byHand.TrainToTheEnd();
        using var judge = Load(byHand.Average);
        Assert.That(judged.ReferenceTop1, Is.EqualTo(Accuracy(judge)));
        Assert.That(judged.PseudoImageAgreement, Is.EqualTo(judge.Evaluate(_pseudoImages).Accuracy));
        Assert.That(quality.FrechetDistance, Is.EqualTo(Frechet(judge)).Within(1e-9));
        Assert.That((quality.Real, quality.Drawn), Is.EqualTo((_data.Train.Count, _pseudoImages.Count)));
        var (real, drawn, width) = (judge.Features(_data.Train), judge.Features(_pseudoImages), judge.Network.FeatureWidth);
        Assert.That(
            new KernelDistance(quality.KernelDistance!.Value, quality.KernelDeviation!.Value), Is.EqualTo(KernelDistance.Between(real, drawn, width)));
        Assert.That(
            new ManifoldOverlap(quality.Precision!.Value, quality.Recall!.Value, quality.Density!.Value, quality.Coverage!.Value),
            Is.EqualTo(ManifoldOverlap.Of(real, drawn, width)));
        Assert.That(quality.ClassScore, Is.EqualTo(ClassScore.Of(judge.Probabilities(_pseudoImages), _pseudoImages.Classes)));
        Assert.That(
            (judged.Stage1Top1, judged.Stage3Top1, judged.ControlTop1),
            Is.EqualTo((_result.Stage1.Top1, _result.Stage3.Top1, _result.Stage3.ControlTop1)));
    }

    /// <summary>Every curve of accuracy is of the average at that step, on the test images.</summary>
    [TestCase("stage-1-classifier")]
    [TestCase("stage-3-classifier")]
    [TestCase("stage-3-classifier-control")]
    [TestCase("stage-3-classifier-self-training")]
    public void Curve_IsOfTheAveragedWeightsOnTheTestImages(string stage)
    {
        var (options, labelled, seed) = stage switch
        {
            "stage-1-classifier" => (_options.Stage1, Few, (Seed << 8) + 1),
            "stage-3-classifier" => (_options.Stage3, With(_pseudoImages), (Seed << 8) + 3),
            "stage-3-classifier-self-training" => (_options.Stage3, With(SelfTraining()), (Seed << 8) + 3),
            _ => (_options.Stage3 with { Steps = 180 }, Few, (Seed << 8) + 3),
        };
        var sixth = options.Steps / 6;
        using var byHand = new ByHand(this, options, labelled, seed);
        var (averaged, live) = (new List<double>(), new List<double>());
        for (var step = 0; step < options.Steps; step++)
        {
            byHand.Trainer.RunStep();
            if (byHand.Trainer.Step % sixth == 0)
            {
                live.Add(Accuracy(byHand.Classifier));
                using var classifier = Load(byHand.Average);
                averaged.Add(Accuracy(classifier));
            }
        }

        var logged = MetricsReader.Read(Of("metrics.jsonl"))
            .Where(line => line.Stage == stage && line.Values.ContainsKey("test/top1"))
            .Select(line => (line.Step, line.Values["test/top1"])).ToArray();
        Assert.That(logged.Select(point => point.Step), Is.EqualTo(Enumerable.Range(1, 6).Select(point => (long)point * sixth)));
        Assert.That(logged.Select(point => point.Item2), Is.EqualTo(averaged).Within(1e-12));
        Assert.That(averaged, Is.Not.EqualTo(live), "the live weights must differ, or the test says little");
    }

    /// <summary>Every second image of the picture is the training image whose features are nearest, by all distances in double.</summary>
    [Test]
    public void Stage2_ShowsTheNearestTrainingImages()
    {
        using var classifier = Load(Weights("stage-1-classifier/classifier.safetensors"));
        var width = classifier.Network.FeatureWidth;
        var (real, drawn) = (classifier.Features(_data.Train).Chunk(width).ToArray(), classifier.Features(_pseudoImages).Chunk(width).ToArray());
        var pairs = drawn.Select((row, i) => (Shown: i, Nearest: Enumerable.Range(0, real.Length)
            .MinBy(k => real[k].Zip(row, (a, b) => (a - (double)b) * (a - (double)b)).Sum())));
        var expected = _folder["expected.png"];
        SampleGrid.Save(
            expected, [.. pairs.SelectMany(pair => (byte[])[.. _pseudoImages.Image(pair.Shown), .. _data.Train.Image(pair.Nearest)])], 1, 16, 8, 3);
        Assert.That(File.ReadAllBytes(Of("stage-2-diffusion/neighbours.png")), Is.EqualTo(File.ReadAllBytes(expected)));
        Assert.That(pairs.Select(pair => pair.Nearest).Distinct().Count(), Is.GreaterThan(1), "or the test says little");
    }

    /// <summary>The generator's loss is measured with its average, on images of training and of test, with labels of the classifier.</summary>
    [TestCase("seen/loss")]
    [TestCase("test/loss")]
    public void GeneratorLoss_IsOfTheAveragedWeights(string name)
    {
        using var generator = new ImageGenerator(_device, _options.Diffusion, new PixelSpace(_data.Train.Form), seed: 0);
        generator.Store.Import(generator.Store.Values, Weights("stage-2-diffusion/generator.safetensors"));
        using var classifier = Load(Weights("stage-1-classifier/classifier.safetensors"));
        var images = name == "seen/loss" ? _data.Train : _data.Test;
        using var loss = new GeneratorLoss(generator, _options.Diffusion, new PixelExamples(images), classifier.Label(images).Labels);
        var last = MetricsReader.Read(Of("metrics.jsonl")).Last(line => line.Stage == "stage-2-diffusion" && line.Values.ContainsKey(name));
        Assert.That(last.Step, Is.EqualTo(_options.Diffusion.Steps));
        Assert.That(last.Values[name], Is.EqualTo(loss.Measure()).Within(1e-12));
        Assert.That(loss.Measure(), Is.EqualTo(loss.Measure()), "always the same");
    }

    private LabelledImages Few => LabelledImages.Of(_labelled);

    /// <summary>The few and others, three real ones to one of the others in every batch.</summary>
    private LabelledImages With(ImageDataset others) => LabelledImages.Of(_labelled, others, realBatch: 45);

    private ImageDataset SelfTraining() =>
        SelfTrainingImages.Draw(_data.Train, _pseudoLabels.Labels, _options.Generate.PerClass, (Seed << 8) + 3);

    /// <summary>The distance of the pseudo-images to the training images in a classifier's features.</summary>
    private double Frechet(ImageClassifier classifier)
    {
        FeatureMoments Moments(ImageDataset images)
        {
            var moments = new FeatureMoments(classifier.Network.FeatureWidth);
            moments.Add(classifier.Features(images));
            return moments;
        }

        return FrechetDistance.Between(Moments(_data.Train), Moments(_pseudoImages));
    }

    private PseudoLabels LabelsOfRound2() => PseudoLabelFile.Load(Of("round-2/stage-1-classifier/pseudo-labels.csv"), _data.Train);

    private ImageDataset PseudoImages(string round) =>
        ImageShards.Open(Of(round + "stage-2-diffusion/pseudo-images")).Load("pseudo-images", _data.Train.ClassNames);

    private byte[] Draw(
        IReadOnlyDictionary<string, (TensorShape Shape, float[] Values)> weights, ulong seed = (Seed << 8) + 2)
    {
        using var generator = new ImageGenerator(_device, _options.Diffusion, new PixelSpace(_data.Train.Form), seed: 0);
        generator.Store.Import(generator.Store.Values, weights);
        using var drawer = new PseudoImageDrawer(generator, _options.Generate, seed);
        return [.. Enumerable.Range(0, 10).SelectMany(label => drawer.DrawAll(new ImageShard(label, 0, 4), default))];
    }

    private double Accuracy(ImageClassifier classifier)
    {
        var rows = classifier.Probabilities(_data.Test).Chunk(10).ToArray();
        return rows.Zip(_data.Test.Labels).Average(pair => Array.IndexOf(pair.First, pair.First.Max()) == pair.Second ? 1.0 : 0);
    }

    private ImageClassifier Load(IReadOnlyDictionary<string, (TensorShape Shape, float[] Values)> weights)
    {
        var classifier = New(seed: 0);
        classifier.Store.Import(classifier.Store.Values, weights);
        return classifier;
    }

    private ImageClassifier New(ulong seed) =>
        new(_device, _options.Classifier, _data.Train, NormalisationStatistics.Of(_data.Train), seed);

    private string Of(string name) => Path.Combine(_folder["run"], name);

    private IReadOnlyDictionary<string, (TensorShape Shape, float[] Values)> Weights(string name) => StateDict.Load(Of(name));

    private IReadOnlyDictionary<string, (TensorShape Shape, float[] Values)> Checkpoint(string folder, string file) =>
        new CheckpointStore(Of(folder), keep: 2, new SilentObserver()).LoadLatest()!.Tensors[file];

    private static void RequireSame(
        IReadOnlyDictionary<string, (TensorShape Shape, float[] Values)> actual,
        IReadOnlyDictionary<string, (TensorShape Shape, float[] Values)> expected)
    {
        Assert.That(actual.Keys, Is.EquivalentTo(expected.Keys));
        foreach (var (name, (_, values)) in expected)
        {
            Assert.That(TinyTraining.SameBits(actual[name].Values, values), $"'{name}' differs");
        }
    }

    /// <summary>A training of the classifier with the given inputs, outside of any run.</summary>
    private sealed class ByHand : IDisposable
    {
        public ByHand(StageInputTests test, SemiSupervisedOptions options, LabelledImages labelled, ulong seed)
        {
            Classifier = test.New(seed);
            Trainer = new SemiSupervisedTrainer(Classifier, options, labelled, test._data.Train, seed);
        }

        public ImageClassifier Classifier { get; }

        public SemiSupervisedTrainer Trainer { get; }

        public Dictionary<string, (TensorShape Shape, float[] Values)> Average =>
            Classifier.Store.Export(Trainer.Average.Values);

        public void TrainToTheEnd()
        {
            while (Trainer.Step < Trainer.TotalSteps)
            {
                Trainer.RunStep();
            }
        }

        public void Dispose()
        {
            Trainer.Dispose();
            Classifier.Dispose();
        }
    }
}
