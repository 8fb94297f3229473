using System.Text.Json;

namespace DPT.Engine.Dpt.Tests;

/// <summary>All three stages in a run folder: what they leave, and that no interruption, repeat or damage changes it.</summary>
public class PipelineTests
{
    private const string Generator = "stage-2-diffusion/generator.safetensors";

    private readonly TemporaryFolder _folder = new();
    private FinishedRun _run = null!;
    private string _finished = null!;
    private DptResult _result = null!;
    private Dictionary<string, string> _outcome = null!;

    [OneTimeSetUp]
    public void RunOnce()
    {
        _run = new FinishedRun();
        (_finished, _result, _outcome) = (_run.Path, _run.Result, _run.Outcome);
    }

    [OneTimeTearDown]
    public void RemoveFolder()
    {
        _run.Dispose();
        _folder.Dispose();
    }

    [TestCase("run.json")]
    [TestCase("metrics.jsonl")]
    [TestCase("result.json")]
    [TestCase("labels.csv")]
    [TestCase("stage-1-classifier/classifier.safetensors")]
    [TestCase("stage-1-classifier/pseudo-labels.csv")]
    [TestCase("stage-1-classifier/manifest.json")]
    [TestCase("stage-1-classifier/checkpoints/step-00000006/DONE")]
    [TestCase(Generator)]
    [TestCase("stage-2-diffusion/samples.png")]
    [TestCase("stage-2-diffusion/pseudo-images/shards.json")]
    [TestCase("stage-2-diffusion/manifest.json")]
    [TestCase("stage-2-diffusion/checkpoints/step-00000006/DONE")]
    [TestCase("stage-3-classifier/classifier.safetensors")]
    [TestCase("stage-3-classifier/confusion.json")]
    [TestCase("stage-3-classifier/manifest.json")]
    [TestCase("stage-3-classifier/checkpoints/step-00000006/DONE")]
    [TestCase("stage-3-classifier/control-checkpoints/step-00000008/DONE")]
    [TestCase("stage-3-classifier/self-training-checkpoints/step-00000006/DONE")]
    public void Run_Finished_LeavesTheFile(string name) =>
        Assert.That(new FileInfo(Path.Combine(_finished, name)), Has.Property("Exists").True.And.Property("Length").GreaterThan(0));

    [Test]
    public void Run_Finished_HasExactlyKImagesPerClass()
    {
        var images = LoadImages(_finished);
        Assert.That(ClassBalance.Count(images.Labels, images.Classes), Is.EqualTo(Enumerable.Repeat(4, 10)));
    }

    [Test]
    public void Result_HasEveryFieldOfItsSchema()
    {
        using var document = JsonDocument.Parse(File.ReadAllText(Path.Combine(_finished, "result.json")));
        var fields = Fields(document.RootElement).ToDictionary(f => f.Path, f => f.Kind);
        string[] texts = ["data.name", "device", "precision", "engine", "stage2.frechetDistance.features"];
        string[] numbers =
        [
            "schema", "data.classes", "data.train", "data.test", "data.labels", "data.imageSize", "data.channels",
            "seed", "stage1.top1", "stage1.pseudoLabelAccuracy", "stage1.calibration.expectedError", "stage1.seconds", "stage2.parameters", "stage2.steps",
            "stage2.imagesSeen", "stage2.imagesPerSecond", "stage2.frechetDistance.value", "stage2.frechetDistance.count",
            "stage2.classAgreement", "stage2.seconds", "stage3.top1", "stage3.controlTop1", "stage3.selfTrainingTop1",
            "stage3.steps", "stage3.controlSteps", "stage3.pseudoImagesPerClass", "stage3.seconds",
            "stage3.pairedControl.onlyStage3", "stage3.pairedControl.onlyControl", "stage3.pairedControl.images",
            "totalSeconds", "peakMemoryBytes",
        ];
        string[] lists = ["stage1.calibration.intervals", "rounds", "warnings"];
        Assert.That(fields.Keys, Is.EquivalentTo(texts.Concat(numbers).Concat(lists)));
        Assert.That(lists.Select(f => fields[f]), Has.All.EqualTo(JsonValueKind.Array));
        Assert.That(texts.Select(f => fields[f]), Has.All.EqualTo(JsonValueKind.String));
        Assert.That(numbers.Select(f => fields[f]), Has.All.EqualTo(JsonValueKind.Number));
    }

    [Test]
    public void Result_SaysWhatRan()
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(_result.Data, Is.EqualTo(new DataResult("digits", 10, 200, 50, 20, 16, 1)));
            Assert.That((_result.Stage2.Steps, _result.Stage2.ImagesSeen), Is.EqualTo((6, 72)));
            Assert.That(_result.Stage2.FrechetDistance.Count, Is.EqualTo(40));
            Assert.That(_result.Stage3.PseudoImagesPerClass, Is.EqualTo(4));
            Assert.That(
                new[] { _result.Stage1.Top1, _result.Stage1.PseudoLabelAccuracy, _result.Stage3.Top1, _result.Stage3.ControlTop1 },
                Has.All.InRange(0, 1));
        }
    }

    [Test]
    public void Run_Again_SkipsEveryStage()
    {
        var folder = Copy();
        var again = TinyRun.In(folder);
        Assert.That(again.Works, Is.Empty);
        Assert.That(again.Messages, Has.Count.EqualTo(3).And.All.Contains("finished before"));
        Assert.That(JsonSerializer.Serialize(again.Result), Is.EqualTo(JsonSerializer.Serialize(_result)));
        Assert.That(TinyRun.Outcome(folder), Is.EqualTo(_outcome));
    }

    [TestCase("stage-1-classifier", 1)]
    [TestCase("stage-1-classifier", 5)]
    [TestCase("stage-1-classifier", 6)]
    [TestCase("stage-2-diffusion", 3)]
    [TestCase("stage-2-diffusion: draw", 4)]
    [TestCase("stage-2-diffusion: draw", 24)]
    [TestCase("stage-3-classifier", 2)]
    [TestCase("stage-3-classifier-control", 4)]
    [TestCase("stage-3-classifier-control", 8)]
    [TestCase("stage-3-classifier-self-training", 3)]
    public void Run_Interrupted_EndsAsIfItHadNotBeen(string work, int done)
    {
        var folder = _folder[$"{work} {done}"];
        TinyRun.Interrupted(folder, work, done);
        Assert.That(Path.Combine(folder, "result.json"), Does.Not.Exist);
        var second = TinyRun.In(folder).Result!;
        Assert.That(TinyRun.Outcome(folder), Is.EqualTo(_outcome));
        Assert.That(Timeless(second), Is.EqualTo(Timeless(_result)));
        RequireEveryStepOnce(folder);
    }

    /// <summary>What batch norm keeps of the batches goes on as well, in every stage with a classifier.</summary>
    [Test]
    public void Run_WithBatchNorm_InterruptedTwice_EndsAsIfItHadNotBeen()
    {
        using var folder = new TemporaryFolder();
        var options = TinyOptions.Run with
        {
            Classifier = TinyOptions.WideResNet,
            Stage1 = TinyOptions.Run.Stage1 with { Optimizer = "sgd" },
            Stage3 = TinyOptions.Run.Stage3 with { SelfTraining = false },
        };
        var whole = TinyRun.In(folder["whole"], options).Result!;
        TinyRun.Interrupted(folder["parts"], "stage-1-classifier", 5, options);
        TinyRun.Interrupted(folder["parts"], "stage-3-classifier", 2, options);
        Assert.That(Timeless(TinyRun.In(folder["parts"], options).Result!), Is.EqualTo(Timeless(whole)));
        Assert.That(TinyRun.Outcome(folder["parts"]), Is.EqualTo(TinyRun.Outcome(folder["whole"])));
    }

    /// <summary>A process that was killed saves nothing: it goes on from its last checkpoint.</summary>
    [TestCase("stage-1-classifier", new[] { "step-00000004" })]
    [TestCase("stage-2-diffusion", new string[0])]
    public void Run_Killed_EndsAsIfItHadNotBeen(string stage, string[] checkpoints)
    {
        var folder = Copy();
        foreach (var path in Directory.GetFiles(Path.Combine(folder, stage)))
        {
            File.Delete(path);
        }

        foreach (var path in Directory.GetDirectories(Path.Combine(folder, stage, "checkpoints")))
        {
            if (!checkpoints.Contains(Path.GetFileName(path)))
            {
                Directory.Delete(path, recursive: true);
            }
        }

        Assert.That(Timeless(TinyRun.In(folder).Result!), Is.EqualTo(Timeless(_result)));
        Assert.That(TinyRun.Outcome(folder), Is.EqualTo(_outcome));
        RequireEveryStepOnce(folder);
    }

    [TestCase("stage-1-classifier/classifier.safetensors")]
    [TestCase("stage-1-classifier/pseudo-labels.csv")]
    [TestCase(Generator)]
    [TestCase("stage-2-diffusion/samples.png")]
    [TestCase("stage-2-diffusion/pseudo-images/shard-003-00000.safetensors")]
    [TestCase("stage-2-diffusion/pseudo-images/shards.json")]
    [TestCase("stage-3-classifier/classifier.safetensors")]
    [TestCase("stage-3-classifier/confusion.json")]
    public void Run_OutputDamaged_MakesItAgain(string name)
    {
        var folder = Copy();
        var path = Path.Combine(folder, name);
        var bytes = File.ReadAllBytes(path);
        bytes[^1] ^= 1;
        File.WriteAllBytes(path, bytes);
        var again = TinyRun.In(folder);
        Assert.That(TinyRun.Outcome(folder), Is.EqualTo(_outcome));
        Assert.That(Timeless(again.Result!), Is.EqualTo(Timeless(_result)));
    }

    /// <summary>Of six updates the newest, and the second and fourth besides; that changes nothing else, and needs no consent.</summary>
    [Test]
    public void Run_KeepingCheckpointsBesides_HasThemAndTheSameOutcome()
    {
        using var folder = new TemporaryFolder();
        var keeping = TinyOptions.Run with { Run = TinyOptions.Run.Run with { CheckpointEvery = 1, CheckpointsKept = 1, CheckpointsKeptEvery = 2 } };
        TinyRun.Interrupted(folder.Path, "stage-1-classifier", 3, TinyOptions.Run);
        TinyRun.In(folder.Path, keeping);
        Assert.That(
            Directory.GetDirectories(Path.Combine(folder.Path, "stage-2-diffusion", "checkpoints")).Select(Path.GetFileName).Order(),
            Is.EqualTo(["step-00000002", "step-00000004", "step-00000006"]));
        Assert.That(TinyRun.Outcome(folder.Path), Is.EqualTo(_outcome));
    }

    [Test]
    public void Run_OtherImagesAsked_KeepsTheGenerator()
    {
        var folder = Copy();
        var again = TinyRun.In(folder, TinyOptions.Run with { Generate = TinyOptions.Run.Generate with { PerClass = 3 } }, overwrite: true);
        Assert.That(again.Works, Is.EqualTo(
            ["stage-2-diffusion: draw", "stage-3-classifier", "stage-3-classifier-control", "stage-3-classifier-self-training"]));
        Assert.That(TinyRun.Outcome(folder)[Generator], Is.EqualTo(_outcome[Generator]));
        Assert.That(LoadImages(folder).Count, Is.EqualTo(30));
        Assert.That(again.Result!.Stage3.PseudoImagesPerClass, Is.EqualTo(3));
    }

    /// <summary>Later checkpoints of the longer training are still there; they must not hide those of the shorter one.</summary>
    [Test]
    public void Run_ShortenedThenOtherImagesAsked_KeepsTheGenerator()
    {
        var folder = Copy();
        var shorter = TinyOptions.Run with { Diffusion = TinyOptions.Run.Diffusion with { Steps = 5 } };
        Assert.That(TinyRun.In(folder, shorter, overwrite: true).Result!.Stage2.Steps, Is.EqualTo(5));
        var generator = TinyRun.Outcome(folder)[Generator];
        var again = TinyRun.In(
            folder, shorter with { Generate = shorter.Generate with { PerClass = 3 } }, overwrite: true);
        Assert.That(again.Works, Does.Not.Contain("stage-2-diffusion"));
        Assert.That(TinyRun.Outcome(folder)[Generator], Is.EqualTo(generator));
    }

    [Test]
    public void Run_OtherSeed_GivesOtherWeights()
    {
        var folder = _folder["other seed"];
        TinyRun.In(folder, TinyOptions.Run with { Seed = 4 });
        Assert.That(TinyRun.Outcome(folder)[Generator], Is.Not.EqualTo(_outcome[Generator]));
    }

    [Test]
    public void Stage_BeforeItsInputs_IsRefused()
    {
        var steps = new (string Missing, Action<DptPipeline> Work)[]
        {
            ("stage-1-classifier", pipeline => pipeline.TrainGenerator(default)),
            ("stage-1-classifier", pipeline => pipeline.TrainGeneratorAndDraw(default)),
            ("stage-2-diffusion", pipeline => pipeline.Retrain(default)),
            ("stage-2-diffusion", pipeline => pipeline.MeasureSamples(new SampleComparison(), default)),
            ("stage-3-classifier", pipeline => pipeline.Evaluate(default)),
        };
        TinyRun.With(_folder["empty"], TinyOptions.Run, new SilentObserver(), pipeline =>
        {
            foreach (var (missing, work) in steps)
            {
                TestImages.Fails(FailureKind.Usage, () => work(pipeline), $"{missing} is not finished");
            }
        });
    }

    [Test]
    public void Stages_OneByOne_GiveTheSameAsARun()
    {
        var folder = _folder["stages"];
        TinyRun.With(folder, TinyOptions.Run, new SilentObserver(), pipeline =>
        {
            Assert.That(pipeline.TrainClassifier(default), Is.EqualTo(_result.Stage1.Top1));
            pipeline.TrainClassifierAndLabel(default);
            Assert.That(pipeline.TrainGenerator(default), Is.EqualTo(6));
            pipeline.TrainGeneratorAndDraw(default);
            pipeline.Retrain(default);
            var judged = pipeline.Evaluate(default);
            Assert.That(
                (judged.Stage1Top1, judged.Stage3Top1, judged.ControlTop1),
                Is.EqualTo((_result.Stage1.Top1, _result.Stage3.Top1, _result.Stage3.ControlTop1)));
            Assert.That(judged.PseudoImageAgreement, Is.InRange(0, 1));
            Assert.That(judged.Classes.Select(c => c.Name), Is.EqualTo(Enumerable.Range(0, 10).Select(c => $"{c}")));
            var test = DatasetCatalog.Load(TinyOptions.Run.Data, TinyOptions.Run.Seed).Test;
            Assert.That(
                judged.Classes.Zip(ClassBalance.Count(test.Labels, test.Classes)).Sum(c => c.First.Recall * c.Second) / test.Count,
                Is.EqualTo(judged.Stage3Top1).Within(1e-12),
                "recalls, weighted by the images of their classes, are the accuracy");
            Assert.That(pipeline.MeasureSamples(new SampleComparison(), default).FrechetDistance, Is.GreaterThan(0));
            MeasureWithATrainedNetwork(pipeline);
        });
        Assert.That(
            TinyRun.Outcome(folder).Where(file => !file.Key.StartsWith("reference", StringComparison.Ordinal)),
            Is.EquivalentTo(_outcome));
        var result = JsonFiles.Load<DptResult>(Path.Combine(folder, "result.json"));
        Assert.That(Timeless(result), Is.EqualTo(Timeless(_result)));
        Assert.That(result.Warnings, Is.EqualTo(_result.Warnings));
        Assert.That(
            result.TotalSeconds, Is.EqualTo(result.Stage1.Seconds + result.Stage2.Seconds + result.Stage3.Seconds));
    }

    /// <summary>
    /// Beside the training images, and beside their moments in a file: the same distance, and of the rest what moments tell.
    /// </summary>
    private void MeasureWithATrainedNetwork(DptPipeline pipeline)
    {
        var network = OnnxModel.Write(_folder["network.onnx"], [-1, 1, -1, -1], ("mean", ["GlobalAveragePool"]), ("pixels", ["Flatten"]));
        var recipe = new FeatureRecipe(network) { Output = "mean", ClassOutput = "mean" };
        var beside = pipeline.MeasureSamples(new SampleComparison { Features = recipe, StatisticsOut = _folder["train.npz"] }, default);
        Assert.That((beside.Real, beside.Drawn), Is.EqualTo((200, 40)));
        Assert.That(beside.ClassScore, Is.EqualTo(1).Within(1e-9), "of one class there is nothing to tell apart");
        Assert.That((beside.Precision, beside.Recall, beside.Density, beside.Coverage), Is.Not.EqualTo(((double?)null, (double?)null, (double?)null, (double?)null)));
        Assert.That(beside.Reference, Is.EqualTo("training images of 'digits'"));
        Assert.That(beside.Features, Does.StartWith("network.onnx (").And.EndWith("imagenet"));
        var file = pipeline.MeasureSamples(new SampleComparison { Features = recipe, Statistics = _folder["train.npz"] }, default);
        Assert.That(file.FrechetDistance, Is.EqualTo(beside.FrechetDistance).Within(1e-9 * beside.FrechetDistance));
        Assert.That(file with { FrechetDistance = 0 }, Is.EqualTo(new SampleQuality(
            0, null, null, null, null, null, null, beside.ClassScore, beside.Features, $"moments in '{_folder["train.npz"]}'", null, 40)));
        TestImages.Fails(
            FailureKind.Usage,
            () => pipeline.MeasureSamples(new SampleComparison { Features = recipe with { Output = "pixels" }, Statistics = _folder["train.npz"] }, default),
            "is of features of width 1; those of network.onnx");
        TestImages.Fails(FailureKind.Usage, () => pipeline.MeasureSamples(new SampleComparison { Statistics = "x" }, default), "the judge's are of this run alone");
        TestImages.Fails(
            FailureKind.Usage,
            () => pipeline.MeasureSamples(new SampleComparison { Features = recipe, Statistics = "x", StatisticsOut = "y" }, default),
            "read from one file or written to another");
    }

    private string Copy() => _run.Copy();

    private static ImageDataset LoadImages(string folder) =>
        ImageShards.Open(Path.Combine(folder, "stage-2-diffusion/pseudo-images"))
            .Load("pseudo-images", [.. Enumerable.Range(0, 10).Select(c => $"{c}")]);

    private static string Timeless(DptResult result) => FinishedRun.Timeless(result);

    private static void RequireEveryStepOnce(string folder)
    {
        var losses = MetricsReader.Read(Path.Combine(folder, "metrics.jsonl"))
            .Where(line => line.Values.ContainsKey("train/loss"))
            .ToLookup(line => line.Stage, line => line.Step);
        Assert.That(losses, Has.Exactly(5).Items);
        foreach (var stage in losses)
        {
            var steps = stage.Key == "stage-3-classifier-control" ? 8 : 6;
            Assert.That(stage, Is.EqualTo(Enumerable.Range(1, steps)), stage.Key);
        }
    }

    private static IEnumerable<(string Path, JsonValueKind Kind)> Fields(JsonElement element, string prefix = "") =>
        element.EnumerateObject().SelectMany(property => property.Value.ValueKind == JsonValueKind.Object
            ? Fields(property.Value, $"{prefix}{property.Name}.")
            : [($"{prefix}{property.Name}", property.Value.ValueKind)]);
}
