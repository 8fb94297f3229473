using System.Text.Json;
using System.Text.Json.Nodes;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt.Tests;

/// <summary>
/// What a resume with other settings does: it says which stage would be made again and why, changes nothing unless told
/// to, and then leaves nothing behind that is no longer true.
/// </summary>
public class ConsentTests
{
    private const string Stage1 = "stage-1-classifier";
    private const string Stage2 = "stage-2-diffusion";
    private const string Stage3 = "stage-3-classifier";

    private static readonly JsonSerializerOptions _camelCase = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    /// <summary>Another valid value of each setting whose next number would not do.</summary>
    private static readonly Dictionary<string, JsonNode> _others = new()
    {
        ["classifier.network"] = "another",
        ["classifier.patchSize"] = 8,
        ["classifier.width"] = 18,
        ["classifier.heads"] = 4,
        ["stage1.algorithm"] = "fixmatch",
        ["stage3.algorithm"] = "fixmatch",
        ["stage1.optimizer"] = "sgd",
        ["diffusion.optimizer"] = "muon",
        ["stage3.optimizer"] = "sgd",
        ["diffusion.network"] = "another",
        ["diffusion.patchSize"] = 8,
        ["diffusion.width"] = 18,
        ["diffusion.heads"] = 4,
        ["diffusion.depth"] = 4,
        ["diffusion.channelMultipliers"] = "1:2",
        ["diffusion.prediction"] = "noise",
        ["diffusion.schedule"] = "vp",
        ["diffusion.initialisation"] = "official",
        ["generate.solver"] = "ddim",
        ["generate.guidedBelow"] = 2,
        ["generate.threshold"] = 0.995,
        ["stage3.controlSteps"] = 9,
        ["device"] = "auto",
        ["precision"] = "bf16",
        ["run.checkpointsKeptEvery"] = 3,
        ["run.onDivergence"] = "retry",
    };

    private FinishedRun _run = null!;
    private DptPlan _plan = null!;

    [OneTimeSetUp]
    public void RunOnce()
    {
        _run = new FinishedRun();
        using var device = new HostDevice(threads: 1);
        _plan = DptPlan.Of(TinyOptions.Run, device);
    }

    [OneTimeTearDown]
    public void RemoveFolder() => _run.Dispose();

    /// <summary>
    /// Every setting but those of the data, of probes (<see cref="ProbeRunTests"/>) and of latents (<see cref="LatentRunTests"/>), with the stage that has to be made again if it changes; another number of rounds adds or
    /// leaves out stages, see <see cref="RoundTests"/>, and nothing of a run depends on how `dpt pretrain` trains.
    /// </summary>
    private static IEnumerable<TestCaseData> Settings() =>
        from part in (JsonObject)JsonSerializer.SerializeToNode(TinyOptions.Run, _camelCase)!
        where part.Key is not ("data" or "rounds" or "probe" or "pretrain")
        from name in part.Value is JsonObject members ? members.Select(m => $"{part.Key}.{m.Key}") : [part.Key]
        where name is not ("diffusion.autoencoder" or "diffusion.latents")
        select new TestCaseData(name, StageOf(name)).SetArgDisplayNames(name);

    private static string? StageOf(string name) => name.Split('.')[0] switch
    {
        // An image is the same in whatever batch it is drawn, and a run on whatever device that is recorded.
        "device" or "precision" or "run" => null,
        _ when name == "generate.batch" => null,
        "seed" or "classifier" or "stage1" => Stage1,
        "diffusion" or "generate" => Stage2,
        "stage3" => Stage3,
        _ => throw new ArgumentException($"which stage does '{name}' decide?"),
    };

    [TestCaseSource(nameof(Settings))]
    public void Setting_Changed_AsksForItsStageAndNamesBothValues(string name, string? stage)
    {
        var (options, before, now) = Change(name);
        var folder = _run.Path;
        var everything = FinishedRun.Everything(folder);
        if (stage is null)
        {
            folder = _run.Copy();
            var observer = new RecordingObserver();
            Work(folder, _plan with { Options = options }, observer, pipeline => pipeline.Run(default));
            Assert.That(observer.Messages, Has.Count.EqualTo(3).And.All.Contains("finished before"));
            return;
        }

        var error = TestImages.Fails(
            FailureKind.Usage,
            () => Work(folder, _plan with { Options = options }, new SilentObserver(), pipeline => pipeline.Run(default)),
            $"{stage} was made with other settings or data: {name} {before} -> {now};");
        Assert.That(error.Message, Does.Contain("--overwrite"));
        Assert.That(FinishedRun.Everything(folder), Is.EqualTo(everything), "a refusal changes nothing");
    }

    [TestCase("train", "hash of train")]
    [TestCase("test", "hash of test")]
    [TestCase("labels", "hash of labels")]
    public void Data_Changed_AsksForStage1(string part, string says)
    {
        var options = TinyOptions.Run with
        {
            Data = part switch
            {
                "train" => TinyOptions.Run.Data with { TrainLimit = 190 },
                "test" => TinyOptions.Run.Data with { TestLimit = 40 },
                _ => TinyOptions.Run.Data with { LabelsPerClass = 3 },
            },
        };
        var error = TestImages.Fails(FailureKind.Usage, () => TinyRun.In(_run.Path, options), says);
        Assert.That(error.Message, Does.StartWith($"{Stage1} was made with other settings or data: "));
    }

    /// <summary>A control whose updates follow from others is made again where they are others.</summary>
    [Test]
    public void ControlUpdates_ThatFollowFromOthers_Count()
    {
        var folder = _run.Fresh();
        var options = TinyOptions.Run with { Stage3 = TinyOptions.Run.Stage3 with { ControlSteps = null, SelfTraining = false } };
        TinyRun.In(folder, options);
        var manifest = JsonFiles.Load<StageManifest>(System.IO.Path.Combine(folder, Stage3, "manifest.json"));
        Assert.That(manifest.Origin.Given["updates of the control"], Is.EqualTo("6"));
    }

    /// <summary>For adaptive solvers the batch decides the steps, and with them the images.</summary>
    [Test]
    public void Batch_OfAnAdaptiveSolver_Counts()
    {
        var folder = _run.Copy();
        var adaptive = TinyOptions.Run with { Generate = TinyOptions.Run.Generate with { Solver = "dpm-solver-12" } };
        TinyRun.In(folder, adaptive, overwrite: true);
        var other = adaptive with { Generate = adaptive.Generate with { Batch = 3 } };
        TestImages.Fails(FailureKind.Usage, () => TinyRun.In(folder, other), "generate.batch 4 -> 3");
    }

    /// <summary>From the first moment of the new work on, nothing is left that the old work said.</summary>
    [TestCase("stage1.learningRate", new[] { Stage1, Stage2, Stage3 })]
    [TestCase("diffusion.learningRate", new[] { Stage2, Stage3 })]
    [TestCase("generate.guidance", new[] { Stage2, Stage3 })]
    [TestCase("stage3.learningRate", new[] { Stage3 })]
    public void Overwrite_AtItsFirstStep_NothingStaleIsLeft(string name, string[] stages)
    {
        var folder = _run.Copy();
        File.WriteAllText(Path.Combine(folder, "report.html"), "old");
        var watcher = new FirstProgress(() =>
        {
            Assert.That(
                new[] { Stage1, Stage2, Stage3 }.Where(s => !File.Exists(Path.Combine(folder, s, "manifest.json"))),
                Is.EqualTo(stages));
            Assert.That(Path.Combine(folder, "result.json"), Does.Not.Exist);
            Assert.That(Path.Combine(folder, "report.html"), Does.Not.Exist);
        });
        var plan = _plan with { Options = Change(name).Options };
        Work(folder, plan, watcher, pipeline => pipeline.Run(default), overwrite: true);
        Assert.That(watcher.Seen);
        var result = JsonFiles.Load<DptResult>(Path.Combine(folder, "result.json"));
        Assert.That(FinishedRun.Timeless(result), Is.Not.EqualTo(FinishedRun.Timeless(_run.Result)));
    }

    [Test]
    public void Generate_Again_EndsTheResultUntilStage3IsMadeAgainToo()
    {
        var folder = _run.Copy();
        var more = TinyOptions.Run with { Generate = TinyOptions.Run.Generate with { PerClass = 5 } };
        TestImages.Fails(
            FailureKind.Usage,
            () => TinyRun.With(folder, more, new SilentObserver(), pipeline => pipeline.TrainGeneratorAndDraw(default)),
            $"generate.perClass 4 -> 5; --overwrite makes it again, and with it {Stage3}");
        TinyRun.With(folder, more, new SilentObserver(), pipeline => pipeline.TrainGeneratorAndDraw(default), overwrite: true);
        Assert.That(Path.Combine(folder, "result.json"), Does.Not.Exist);
        TestImages.Fails(
            FailureKind.Usage,
            () => TinyRun.With(folder, more, new SilentObserver(), pipeline => pipeline.Evaluate(default)),
            $"{Stage3} is not finished");

        // The old checkpoints of stage 3 were made from other pseudo-images: consent was given when those went.
        TinyRun.With(folder, more, new SilentObserver(), pipeline => pipeline.Retrain(default));
        var result = JsonFiles.Load<DptResult>(Path.Combine(folder, "result.json"));
        var fresh = TinyRun.In(_run.Fresh(), more).Result!;
        Assert.That(FinishedRun.Timeless(result), Is.EqualTo(FinishedRun.Timeless(fresh)));
    }

    /// <summary>The generator and all settings are the same, as when another machine drew: stage 3 has not seen these images.</summary>
    [Test]
    public void PseudoImages_ThatAreOthers_AskForStage3()
    {
        var other = _run.Fresh();
        TinyRun.In(other, TinyOptions.Run with { Generate = TinyOptions.Run.Generate with { Guidance = 3 } });
        const string Generator = $"{Stage2}/generator.safetensors";
        Assert.That(TinyRun.Outcome(other)[Generator], Is.EqualTo(_run.Outcome[Generator]));
        var folder = _run.Copy();
        var (mine, theirs) = (ManifestOf(folder, Stage2), ManifestOf(other, Stage2));
        foreach (var output in theirs.Outputs)
        {
            File.Copy(Path.Combine(other, Stage2, output.Path), Path.Combine(folder, Stage2, output.Path), overwrite: true);
        }

        JsonFiles.Save(Path.Combine(folder, Stage2, "manifest.json"), mine with { Outputs = theirs.Outputs });
        TestImages.Fails(
            FailureKind.Usage, () => TinyRun.In(folder), $"{Stage3} was made with other settings or data: pseudo-images ");
        Assert.That(TinyRun.In(folder, overwrite: true).Works, Is.EqualTo([Stage3, $"{Stage3}-control", $"{Stage3}-self-training"]));
    }

    [Test]
    public void Begun_WithOtherSettings_IsNotThrownAwayUnasked()
    {
        var folder = _run.Fresh();
        TinyRun.Interrupted(folder, Stage1, 5);
        var other = Change("stage1.learningRate").Options;
        TestImages.Fails(FailureKind.Usage, () => TinyRun.In(folder, other), "stage1.learningRate 0.003 -> 1.003");
        Assert.That(Directory.GetDirectories(Path.Combine(folder, Stage1, "checkpoints")), Is.Not.Empty);
        Assert.That(
            FinishedRun.Timeless(TinyRun.In(folder, other, overwrite: true).Result!),
            Is.EqualTo(FinishedRun.Timeless(TinyRun.In(_run.Fresh(), other).Result!)));
    }

    /// <summary>Nothing in a step of stage 2 depends on how many follow: a longer training begins as a shorter one.</summary>
    [Test]
    public void MoreSteps_OfTheGenerator_ContinueExactly()
    {
        var folder = _run.Fresh();
        TinyRun.Interrupted(folder, Stage2, 5);
        var longer = TinyOptions.Run with { Diffusion = TinyOptions.Run.Diffusion with { Steps = 9 } };
        var continued = TinyRun.In(folder, longer);
        Assert.That(continued.Messages, Has.One.EqualTo($"{Stage2}: continues at step 5 of 9"));
        var whole = _run.Fresh();
        TinyRun.In(whole, longer);
        Assert.That(TinyRun.Outcome(folder), Is.EqualTo(TinyRun.Outcome(whole)));

        var again = TinyRun.In(
            folder, longer with { Diffusion = longer.Diffusion with { Steps = 10 } }, overwrite: true);
        Assert.That(again.Messages, Has.One.EqualTo($"{Stage2}: continues at step 9 of 10"));
    }

    /// <summary>The rate of stages 1 and 3 falls towards their last step: with another one it is another training.</summary>
    [Test]
    public void MoreSteps_OfAClassifier_AreAnotherTraining()
    {
        var folder = _run.Fresh();
        TinyRun.Interrupted(folder, Stage1, 5);
        var longer = TinyOptions.Run with { Stage1 = TinyOptions.Run.Stage1 with { Steps = 7 } };
        TestImages.Fails(FailureKind.Usage, () => TinyRun.In(folder, longer), "stage1.steps 6 -> 7");
    }

    private static StageManifest ManifestOf(string folder, string stage) =>
        JsonFiles.Load<StageManifest>(Path.Combine(folder, stage, "manifest.json"));

    private static void Work(
        string path, DptPlan plan, IRunObserver observer, Action<DptPipeline> work, bool overwrite = false)
    {
        using var device = new HostDevice(threads: 1);
        using var folder = RunFolder.Open(path);
        using var pipeline = new DptPipeline(plan, folder, device, observer, new RunSession(["run"], "{}", overwrite));
        work(pipeline);
    }

    /// <summary>The options with another value of one setting, and both values in words.</summary>
    private static (DptOptions Options, string Before, string Now) Change(string name)
    {
        var root = JsonSerializer.SerializeToNode(TinyOptions.Run, _camelCase)!;
        var parts = name.Split('.');
        var parent = (JsonObject)(parts.Length == 1 ? root : root[parts[0]]!);
        var before = parent[parts[^1]];
        var now = _others.TryGetValue(name, out var other) ? other.DeepClone() : Next(before!);
        var words = (before?.ToString() ?? "null", now.ToString());
        parent[parts[^1]] = now;
        return (root.Deserialize<DptOptions>(_camelCase)!, words.Item1, words.Item2);
    }

    private static JsonNode Next(JsonNode value) => value.GetValueKind() switch
    {
        JsonValueKind.True => false,
        JsonValueKind.False => true,
        JsonValueKind.Number when value.ToString().Contains('.') => value.GetValue<double>() + 1,
        _ => JsonNode.Parse($"{value.GetValue<double>() + 1:0}")!,
    };

    /// <summary>Does something when the first progress is told.</summary>
    private sealed class FirstProgress(Action check) : IRunObserver
    {
        public bool Seen { get; private set; }

        public void Message(string text)
        {
        }

        public void Progress(in WorkProgress progress)
        {
            if (!Seen)
            {
                Seen = true;
                check();
            }
        }
    }
}
