using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt.Tests;

/// <summary>Runs whose classifier is a regression on frozen features (spec 3 and 6.1): each stage by hand, resumed, read by verbs.</summary>
public sealed class ProbeRunTests
{
    private const string Stage1 = "stage-1-classifier";
    private const string Stage3 = "stage-3-classifier";

    private TemporaryFolder _models = null!;
    private DptOptions _options = null!;
    private FinishedRun _run = null!;
    private TemporaryFolder _folder = null!;

    [OneTimeSetUp]
    public void MakeRun()
    {
        _models = new TemporaryFolder();
        _options = TinyOptions.Run with
        {
            Probe = TinyOptions.Run.Probe with { Features = OnnxModel.Write(_models["m.onnx"], [-1, 1, 16, 16], ("y", ["Flatten"])), Lambda = 0.05 },
        };
        _run = new FinishedRun(_options);
    }

    [OneTimeTearDown]
    public void RemoveRun()
    {
        _run.Dispose();
        _models.Dispose();
    }

    [SetUp]
    public void SetUp() => _folder = new TemporaryFolder();

    [TearDown]
    public void TearDown() => _folder.Dispose();

    /// <summary>Trap 12: the labelled few get what the probe says of them too. Probabilities are of normalised features (trap 30).</summary>
    [Test]
    public void Stage1_IsTheRegressionOnTheFew_AndLabelsAllImages()
    {
        var (train, test, split) = Data();
        var probe = Fit(train.Select(split.Indices));
        RequireWeights(Stage1, probe);
        var labels = PseudoLabelFile.Load(new RunLayout(_run.Path).Round(1).Labels.PseudoLabelsPath, train);
        var probabilities = probe.Probabilities(Rows(train)).Chunk(10).ToList();
        Assert.That(labels.Labels, Is.EqualTo(probe.Predict(Rows(train))));
        Assert.That(labels.Probabilities, Is.EqualTo(probabilities.Select(row => row.Max())).Within(1e-5));
        Assert.That(_run.Result.Stage1.Top1, Is.EqualTo(Share(probe, test)).And.GreaterThan(0.4));
        Assert.That(_run.Result.Stage2.FrechetDistance.Features, Does.StartWith("m.onnx (").And.Contain("256 numbers of 16 x 16 pixels, unit"));
    }

    /// <summary>All pseudo-images and the labelled few, every row alike: n decides the penalty (trap 29). Other real images are not used.</summary>
    [Test]
    public void Stage3_IsTheRegressionOnPseudoImagesAndTheFew()
    {
        var (train, test, split) = Data();
        var images = ImageShards.Open(new RunLayout(_run.Path).Round(1).Diffusion.PseudoImagesPath).Load("pseudo-images", train.ClassNames);
        var all = train.Select(split.Indices).Append(images);
        Assert.That(all.Count, Is.EqualTo(20 + (4 * 10)));
        var probe = Fit(all);
        RequireWeights(Stage3, probe);
        Assert.That(_run.Result.Stage3.Top1, Is.EqualTo(Share(probe, test)));
        Assert.That(_run.Result.Stage3.ControlTop1, Is.EqualTo(_run.Result.Stage1.Top1), "without pseudo-images it is stage 1 again");
        var itself = SelfTrainingImages.Draw(train, Fit(train.Select(split.Indices)).Predict(Rows(train)), perClass: 4, seed: (3 << 8) + 3);
        Assert.That(_run.Result.Stage3.SelfTrainingTop1, Is.EqualTo(Share(Fit(train.Select(split.Indices).Append(itself)), test)));
        Assert.That(_run.Result.Stage3.Steps, Is.InRange(5, 500), "steps of the regression, not of a training");
        Assert.That(File.ReadAllText(Path.Combine(_run.Path, "metrics.jsonl")), Does.Contain("train/gap").And.Contain($"\"stage\":\"{Stage3}-control\""));
    }

    [Test]
    public void Warnings_SayWhatSettingsMeanNothing()
    {
        Assert.That(_run.Result.Warnings, Has.Some.Contains("stage1.* and stage3.* but stage3.selfTraining mean nothing"));
        using var device = new HostDevice(threads: 1);
        var plan = DptPlan.Of(_options with { Stage1 = _options.Stage1 with { WarmUp = 99 }, Stage3 = _options.Stage3 with { ControlSteps = 1, CropPadding = 60 } }, device);
        Assert.That(plan.Warnings, Has.None.Contains("warmUp"));
        Assert.That((plan.ClassifierParameters, plan.Memory.Stage1.Bytes), Is.EqualTo((2560L, 0L)));
    }

    /// <summary>What is finished stays, wherever the same network and the cache lie, and whatever a network's training would be.</summary>
    [Test]
    public void Resume_KnowsTheNetworkByItsContent()
    {
        var copy = _run.Copy();
        File.Copy(_options.Probe.Features!, _folder["m.onnx"]);
        var moved = _options with
        {
            Probe = _options.Probe with { Features = _folder["m.onnx"], Cache = _folder["cache"] },
            Stage1 = _options.Stage1 with { Steps = 77 },
        };
        Assert.That(TinyRun.In(copy, moved).Messages, Has.Exactly(3).Contains("finished before"));
        TestImages.Fails(
            FailureKind.Usage,
            () => TinyRun.In(copy, _options with { Probe = _options.Probe with { Lambda = 0.1 } }),
            $"{Stage1} was made with other settings or data: probe.lambda 0.05 -> 0.1;");
        OnnxModel.Write(_folder["m.onnx"], [-1, 1, 16, 16], ("y", ["Relu", "Flatten"]));
        TestImages.Fails(FailureKind.Usage, () => TinyRun.In(copy, moved), $"{Stage1} was made with other settings or data: probe.features m.onnx (");
    }

    /// <summary>Interrupted in features of all training images and in those of the pseudo-images, it ends where the whole run did.</summary>
    [TestCase("features", 200)]
    [TestCase("stage-2-diffusion", 3)]
    public void Interrupted_EndsWhereTheWholeRunDid(string work, long done)
    {
        var path = _folder["run"];
        TinyRun.Interrupted(path, work, done, _options);
        Assert.That(Directory.GetFiles(new RunLayout(path).FeaturesPath, "*.npz", SearchOption.AllDirectories), Is.Not.Empty);
        TinyRun.In(path, _options);
        Assert.That(TinyRun.Outcome(path), Is.EqualTo(_run.Outcome));
    }

    /// <summary>A second seed on the same images computes features of pseudo-images alone.</summary>
    [Test]
    public void Cache_IsSharedByRuns()
    {
        var shared = _options with { Probe = _options.Probe with { Cache = _folder["cache"] }, Data = _options.Data with { TrainLimit = null, TestLimit = 50 } };
        var train = DatasetCatalog.Load(shared.Data, 3).Train;
        using (var device = new HostDevice(threads: 1))
        using (var network = FrozenNetwork.Open(FeatureRecipe.Of(shared.Probe), train.Form, device))
        {
            _ = new CachedFeatures(network, _folder["cache"], new SilentObserver()).Features(train, default);
        }

        var before = Directory.GetFiles(_folder["cache"], "*.npz", SearchOption.AllDirectories).Length;
        TinyRun.In(_folder["run"], _options with { Probe = shared.Probe });
        Assert.That(Directory.GetFiles(_folder["cache"], "*.npz", SearchOption.AllDirectories).Length - before, Is.InRange(1, 2), "test images and pseudo-images");
        Assert.That(Directory.Exists(new RunLayout(_folder["run"]).FeaturesPath), Is.False);
    }

    /// <summary>Row 11 of the acceptance list: labels that the method may not see change nothing that it makes.</summary>
    [Test]
    public void HiddenLabels_ChangeNothing()
    {
        var (train, test, split) = Data();
        using var device = new HostDevice(threads: 1);
        var shifted = train.WithLabels([.. Enumerable.Range(0, train.Count).Select(i => split.Indices.Contains(i) ? train.Labels[i] : (train.Labels[i] + 1) % 10)]);
        var plan = DptPlan.Of(_options, new DatasetPair(shifted, test.WithLabels([.. test.Labels.Select(label => (label + 1) % 10)])), split, device);
        using (var folder = RunFolder.CreateAt(_folder["run"]))
        using (var pipeline = new DptPipeline(plan, folder, device, new SilentObserver(), new RunSession(["run"], "{}", Overwrite: false)))
        {
            pipeline.Run(default);
        }

        var hidden = TinyRun.Outcome(_folder["run"]);
        Assert.That(hidden.Where(file => !file.Key.EndsWith("confusion.json", StringComparison.Ordinal)), Is.EqualTo(_run.Outcome.Where(
            file => !file.Key.EndsWith("confusion.json", StringComparison.Ordinal))));
    }

    [Test]
    public void Verbs_ReadSuchARun()
    {
        var (_, test, _) = Data();
        TinyRun.With(_run.Copy(), _options, new SilentObserver(), pipeline =>
        {
            var evaluation = pipeline.Evaluate(default);
            Assert.That((evaluation.Stage1Top1, evaluation.Stage3Top1), Is.EqualTo((_run.Result.Stage1.Top1!.Value, _run.Result.Stage3.Top1!.Value)));
            Assert.That(evaluation.ReferenceTop1, Is.EqualTo(Share(Fit(Data().Train), test)), "the judge is a probe that knows all labels");
        });
        ImageFolder.Save(test, _folder["test"]);
        using var device = new HostDevice(threads: 1);
        var predictions = Predictions.Of(new RunLayout(_run.Path), [_folder["test"]], skipBroken: false, device, new SilentObserver(), default);
        var right = predictions.Images.Count(image => image.File.Split('/')[^2] == image.Class);
        Assert.That((double)right / test.Count, Is.EqualTo(_run.Result.Stage3.Top1));
        var error = TestImages.Fails(
            FailureKind.Check,
            () => ModelExport.Save(new RunLayout(_run.Path), new ExportRequest("classifier", "onnx", _folder["c.onnx"]), device, new SilentObserver()),
            "it is a probe");
        Assert.That(error.Message, Does.Contain("no classifier that can be used"));
    }

    /// <summary>Weights are of one network's features; of another's they mean nothing.</summary>
    [Test]
    public void Predictions_ByAnotherNetwork_AreRefused()
    {
        var file = _folder["m.onnx"];
        File.Copy(_options.Probe.Features!, file);
        using var device = new HostDevice(threads: 1);
        var (train, _, _) = Data();
        var recipe = FeatureRecipe.Of(_options.Probe) with { Network = file };
        using (var network = FrozenNetwork.Open(recipe, train.Form, device))
        {
            TrainedProbe.Save(_folder["c.safetensors"], new ProbeClassifier(network, new float[2560], 10), recipe, network.Name, train);
        }

        TrainedProbe.Open(device, _folder["c.safetensors"]).Dispose();
        OnnxModel.Write(file, [-1, 1, 16, 16], ("y", ["Relu", "Flatten"]));
        TestImages.Fails(FailureKind.Check, () => TrainedProbe.Open(device, _folder["c.safetensors"]), "it is for the features m.onnx (");
        File.Delete(file);
        TestImages.Fails(FailureKind.Check, () => TrainedProbe.Open(device, _folder["c.safetensors"]), "m.onnx");
    }

    [Test]
    public void WhatCannotBe_IsRefused()
    {
        using var device = new HostDevice(threads: 1);
        TestImages.Fails(
            FailureKind.Environment,
            () => DptPlan.Of(_options with { Probe = _options.Probe with { Features = _folder["none.onnx"] } }, device), "none.onnx");
        TestImages.Fails(
            FailureKind.Usage,
            () => RunPlanner.Plan(_options, _ => _options, Budget.Parse("20m", "--budget"), device), "a budget plans the training of a network");
        TestImages.Fails(FailureKind.Usage, () => TinyRun.In(_run.Path), $"{Stage1} was made with other settings or data");
    }

    private (ImageDataset Train, ImageDataset Test, LabelSplit Split) Data()
    {
        var (train, test) = DatasetCatalog.Load(_options.Data, _options.Seed);
        return (train, test, LabelSplit.Create(train, _options.Data, _options.Seed));
    }

    private LogisticRegression Fit(ImageDataset images) =>
        LogisticRegression.Fit(Rows(images), images.Labels, 10, new RegressionOptions { Lambda = _options.Probe.Lambda });

    private static FeatureRows Rows(ImageDataset images) =>
        FeatureRows.Normalised(Array.ConvertAll(images.Pixels, p => (double)(float)(p / 255.0)), 256);

    private static double Share(LogisticRegression probe, ImageDataset images) =>
        (double)probe.Predict(Rows(images)).Zip(images.Labels).Count(pair => pair.First == pair.Second) / images.Count;

    private void RequireWeights(string stage, LogisticRegression expected)
    {
        var weights = StateDict.Load(Path.Combine(_run.Path, stage, "classifier.safetensors"));
        Assert.That(weights.Keys, Is.EqualTo(new[] { "fc.weight" }));
        Assert.That(weights["fc.weight"].Shape.ToArray(), Is.EqualTo(new[] { 10, 256 }));
        Assert.That(weights["fc.weight"].Values, Is.EqualTo(expected.Weights).Within(1e-4 * expected.Weights.Max(Math.Abs)));
    }
}
