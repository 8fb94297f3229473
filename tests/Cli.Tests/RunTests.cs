using System.Text.Json;
using DPT.Engine.Cli;
using DPT.Engine.Dpt;
using DPT.Engine.Kernels;

namespace Cli.Tests;

/// <summary>The verbs that work in a run folder: what they make, what they say, and what they leave alone.</summary>
public sealed class RunTests
{
    [Test]
    public void Run_New_MakesAFolderWithSettingsLogAndReport()
    {
        using var folder = new TemporaryFolder();
        var run = CommandLine.Run("run", "--seed", "7", "--out", folder.File("run"));
        Assert.Multiple(() =>
        {
            Assert.That(run.Code, Is.Zero, run.Err);
            Assert.That(folder.File("run/config.resolved.json"), Does.Exist);
            Assert.That(folder.File("run/report.html"), Does.Exist);
            Assert.That(File.ReadAllText(folder.File("run/log.txt")), Does.Contain(" run on host"));
            Assert.That(
                Directory.GetFiles(folder.File("run")).Select(Path.GetFileName),
                Is.EquivalentTo([".lock", "config.resolved.json", "log.txt", "report.html", "result.json"]),
                "nothing half-written stays");
            Assert.That(run.Engine.Requests.Single().Plan.Options.Seed, Is.EqualTo(7));
            Assert.That(run.Out, Does.Contain("top-1 90.0 %").And.Contain("control 83.0 %").And.Contain("+7.0 points"));
            Assert.That(run.Err, Does.Contain("device: host").And.Contain("(auto: "));
        });
    }

    [Test]
    public void Run_Json_PutsTheResultAloneOnStandardOutput()
    {
        using var folder = new TemporaryFolder();
        var run = CommandLine.Run("run", "--json", "--out", folder.File("run"));
        using var document = JsonDocument.Parse(run.Out);
        Assert.That(document.RootElement.GetProperty("stage3").GetProperty("controlTop1").GetDouble(), Is.EqualTo(0.83));
        Assert.That(document.RootElement.GetProperty("schema").GetInt32(), Is.EqualTo(3));
    }

    [Test]
    public void Run_Profile_SaysWhereTheTimeWentAndLeavesATrace()
    {
        using var folder = new TemporaryFolder();
        var engine = new FakeCommands
        {
            Work = (request, _) =>
            {
                using var x = request.Device.Upload<float>([1, 2]);
                request.Device.Run(
                    ElementwiseOperators.Axpby,
                    new AxpbyCall { Count = 2, Alpha = 1, Beta = 1, X = x.Slice, Y = x.Slice });
            },
        };
        var run = CommandLine.Run(["run", "--profile", "--device", "host", "--out", folder.File("run")], engine);
        Assert.That(run.Code, Is.Zero, run.Err);
        Assert.That(run.Err, Does.Match(@"axpby/host-v1-simd +1 ").And.Contain("everything else"));
        Assert.That(File.ReadAllText(folder.File("run/profile.trace.json")), Does.Contain("axpby/host-v1-simd"));
    }

    [Test]
    public void Run_Quiet_SaysNothingButTheResult()
    {
        using var folder = new TemporaryFolder();
        var engine = new FakeCommands { Work = (request, _) => request.Observer.Message("hello") };
        var run = CommandLine.Run(["run", "-q", "-o", folder.File("run")], engine);
        Assert.That((run.Code, run.Err), Is.EqualTo((0, "")));
        Assert.That(run.Out, Is.Not.Empty);
    }

    [Test]
    public void DryRun_WritesNothing_AndShowsSettingsAndSizes()
    {
        using var folder = new TemporaryFolder();
        var run = CommandLine.Run("run", "--dry-run", "--set", "stage1.steps=77", "--out", folder.File("run"));
        Assert.Multiple(() =>
        {
            Assert.That(run.Code, Is.Zero);
            Assert.That(run.Out, Does.Match(@"stage1\.steps +77 +--set"));
            Assert.That(run.Out, Does.Match("generator parameters +1490000"));
            Assert.That(run.Out, Does.Match("stage-1-classifier +3 GFLOP +at the peak of the device 1s\n"));
            Assert.That(run.Out, Does.Match("stage-2-diffusion +1.25 EFLOP +at the peak of the device 2h 00m\n"));
            Assert.That(run.Out, Does.Match("curves on the test set +999 FLOP\nin all +1.25 EFLOP +at the peak of the device 2h 00m\n"));
            Assert.That(run.Engine.Requests, Is.Empty);
            Assert.That(Directory.EnumerateFileSystemEntries(folder.Path), Is.Empty);
        });
    }

    [Test]
    public void Run_IntoAFolderWithARun_IsRefusedWithTheWayOut()
    {
        using var folder = new TemporaryFolder();
        CommandLine.Run("run", "--out", folder.File("run"));
        var again = CommandLine.Run("run", "--out", folder.File("run"));
        Assert.That(again.Code, Is.EqualTo(ExitCodes.Usage));
        Assert.That(again.Err, Does.Contain("--resume"));
    }

    [Test]
    public void Resume_KeepsTheSettings_ExceptForFlags()
    {
        using var folder = new TemporaryFolder();
        CommandLine.Run("run", "--preset", "digits-smoke", "--seed", "7", "--out", folder.File("run"));
        var again = CommandLine.Run(
            ["run", "--resume", folder.File("run"), "--set", "stage3.steps=5"],
            new FakeCommands(),
            new() { ["DPT_SEED"] = "99" });
        var options = again.Engine.Requests.Single().Plan.Options;
        Assert.That((options.Seed, options.Stage1.Steps, options.Stage3.Steps), Is.EqualTo((7, 20, 5)));
        Assert.That(File.ReadAllText(folder.File("run/config.resolved.json")), Does.Contain("--set"));
    }

    [TestCase("train-classifier", DptStage.TrainClassifier)]
    [TestCase("pseudo-label", DptStage.PseudoLabel)]
    [TestCase("train-diffusion", DptStage.TrainDiffusion)]
    [TestCase("generate", DptStage.Generate)]
    [TestCase("retrain", DptStage.Retrain)]
    [TestCase("evaluate", DptStage.Evaluate)]
    public void StageVerb_RunsItsStage(string verb, object stage)
    {
        using var folder = new TemporaryFolder();
        CommandLine.Run("run", "--out", folder.File("run"));
        var run = CommandLine.Run(verb, "--resume", folder.File("run"));
        Assert.That(run.Code, Is.Zero, run.Err);
        Assert.That(run.Engine.Stages, Is.EqualTo(new[] { stage }));
        Assert.That(run.Out, Is.EqualTo("top1  0.8125\n"));
    }

    [Test]
    public void Fid_AsksForWhatItsOptionsSay()
    {
        using var folder = new TemporaryFolder();
        CommandLine.Run("run", "--out", folder.File("run"));
        Assert.That(Asked(), Is.EqualTo(new SampleComparison()));
        Assert.That(Asked("--features", "n.onnx"), Is.EqualTo(new SampleComparison { Features = new FeatureRecipe("n.onnx") { Scale = "imagenet" } }));
        Assert.That(
            Asked("--features", "n.onnx", "--features-output", "pool", "--class-output", "logits", "--pixels", "signed", "--side", "299", "--statistics", "m.npz"),
            Is.EqualTo(new SampleComparison
            {
                Features = new FeatureRecipe("n.onnx") { Output = "pool", ClassOutput = "logits", Scale = "signed", Side = 299 },
                Statistics = "m.npz",
            }));
        Assert.That(Asked("--features", "n.onnx", "--save-statistics", folder.File("m.npz")).StatisticsOut, Is.EqualTo(folder.File("m.npz")));
        foreach (var option in new[] { "--features-output", "--class-output", "--pixels", "--side" })
        {
            var refused = CommandLine.Run("fid", "--resume", folder.File("run"), option, "8");
            Assert.That((refused.Code, refused.Engine.Comparisons.Count), Is.EqualTo((ExitCodes.Usage, 0)), option);
            Assert.That(refused.Err, Does.Contain("say how to use the network of --features FILE"));
        }

        var nowhere = CommandLine.Run("fid", "--resume", folder.File("run"), "--features", "n.onnx", "--save-statistics", folder.File("none/m.npz"));
        Assert.That((nowhere.Code, nowhere.Engine.Comparisons.Count), Is.EqualTo((ExitCodes.Environment, 0)));

        SampleComparison Asked(params string[] options)
        {
            var run = CommandLine.Run(["fid", "--resume", folder.File("run"), .. options]);
            Assert.That(run.Code, Is.Zero, run.Err);
            Assert.That(run.Out, Is.EqualTo("frechetDistance  2.5\n"));
            return run.Engine.Comparisons.Single();
        }
    }

    [TestCase("evaluate")]
    [TestCase("fid")]
    public void Reading_ChangesNoFile_AndTakesNoOtherSettings(string verb)
    {
        using var folder = new TemporaryFolder();
        CommandLine.Run("run", "--seed", "7", "--out", folder.File("run"));
        var before = Files(folder);
        Assert.That(CommandLine.Run(verb, "--resume", folder.File("run")).Code, Is.Zero);
        Assert.That(CommandLine.Run(verb, "--resume", folder.File("run"), "--device", "host", "--seed", "7").Code, Is.Zero);
        foreach (var (flag, value, says) in new[]
        {
            ("--seed", "9", "seed is 7 there, --seed asks for 9"),
            ("--set", "stage1.steps=5", "stage1.steps is 600 there, --set asks for 5"),
            ("--data", "mnist:x", "data.spec is digits there"),
        })
        {
            var refused = CommandLine.Run(verb, "--resume", folder.File("run"), flag, value);
            Assert.That(refused.Code, Is.EqualTo(ExitCodes.Usage), flag);
            Assert.That(refused.Err, Does.Contain($"{verb} reads the run as it is: {says}"));
            Assert.That(refused.Engine.Requests, Is.Empty);
        }

        Assert.That(Files(folder), Is.EqualTo(before));
    }

    [Test]
    public void Resume_Overwrite_IsTheSessionsWord()
    {
        using var folder = new TemporaryFolder();
        CommandLine.Run("run", "--out", folder.File("run"));
        var plain = CommandLine.Run("run", "--resume", folder.File("run"));
        var bold = CommandLine.Run("run", "--resume", folder.File("run"), "--overwrite");
        Assert.That(plain.Engine.Requests.Single().Session.Overwrite, Is.False);
        Assert.That(bold.Engine.Requests.Single().Session.Overwrite);
    }

    [Test]
    public void Run_WhereARunFailedBeforeItBegan_IsUsableAgain()
    {
        using var folder = new TemporaryFolder();
        RunFolder.CreateAt(folder.File("run")).Dispose();
        var resumed = CommandLine.Run("run", "--resume", folder.File("run"));
        Assert.That(resumed.Code, Is.EqualTo(ExitCodes.Environment));
        Assert.That(resumed.Err, Does.Contain($"start it again with --out '{folder.File("run")}'"));
        Assert.That(CommandLine.Run("run", "--out", folder.File("run")).Code, Is.Zero);
    }

    [Test]
    public void Warnings_AreInTheOutputTheResultAndTheReport()
    {
        using var folder = new TemporaryFolder();
        var engine = new FakeCommands
        {
            PlanWarnings = ["the test set has 2 images"],
            Outcome = FakeCommands.Result with { Warnings = ["pseudo-images did not help & <so on>"] },
        };
        var run = CommandLine.Run(["run", "--out", folder.File("run")], engine);
        Assert.That(run.Err, Does.Contain("warning: the test set has 2 images\n").And.Contain("memory: about 100 MiB"));
        Assert.That(run.Out, Does.Contain("warning: pseudo-images did not help & <so on>\n"));
        Assert.That(
            File.ReadAllText(folder.File("run/report.html")),
            Does.Contain("<li>pseudo-images did not help &amp; &lt;so on&gt;</li>"));
        var dry = CommandLine.Run(["run", "--dry-run", "--out", folder.File("dry")], engine);
        Assert.That(dry.Out, Does.Contain("warning: the test set has 2 images\n").And.Match("memory, about, MiB +100 "));
    }

    [Test]
    public void Run_WhoseMessagesNobodyCanRead_GoesOn()
    {
        using var folder = new TemporaryFolder();
        var (output, environment) = (new StringWriter(), new Dictionary<string, string>());
        foreach (var screen in new[] { false, true })
        {
            using var full = new FullWriter();
            var terminal = Terminal.For(output, new MessageWriter(full), screen, environment);
            var engine = new FakeCommands
            {
                Work = (request, _) =>
                {
                    request.Observer.Message("hello");
                    request.Observer.Progress(new WorkProgress("work", 1, 2, "steps", 1, ""));
                },
            };
            var code = Application.Run(
                ["run", "--out", folder.File($"run-{screen}")], engine, terminal, environment, CancellationToken.None);
            Assert.That(code, Is.Zero);
            Assert.That(full.Refused, Is.GreaterThan(0));
        }
    }

    [Test]
    public void Run_WhoseResultNobodyCanRead_IsAnEnvironmentFailure()
    {
        using var folder = new TemporaryFolder();
        using var full = new FullWriter();
        var (errors, environment) = (new StringWriter(), new Dictionary<string, string>());
        var terminal = Terminal.For(full, errors, screen: false, environment);
        var code = Application.Run(
            ["run", "--out", folder.File("run")], new FakeCommands(), terminal, environment, CancellationToken.None);
        Assert.That(code, Is.EqualTo(ExitCodes.Environment));
        Assert.That(errors.ToString(), Does.Contain("error: cannot write to standard output: no space"));
    }

    [Test]
    public void Interruption_TellsHowToContinue()
    {
        using var folder = new TemporaryFolder();
        using var source = new CancellationTokenSource();
        source.Cancel();
        var engine = new FakeCommands { Work = (_, stop) => stop.ThrowIfCancellationRequested() };
        var run = CommandLine.Run(["run", "--out", folder.File("run")], engine, stop: source.Token);
        Assert.That(run.Code, Is.EqualTo(130));
        Assert.That(run.Err, Does.Contain($"dpt run --resume {folder.File("run")}"));
    }

    [Test]
    public void StopSignals_FirstAsks_SecondEnds()
    {
        var codes = new List<int>();
        using var signals = new StopSignals(TextWriter.Null, codes.Add);
        signals.Receive();
        Assert.That((signals.Token.IsCancellationRequested, codes.Count), Is.EqualTo((true, 0)));
        signals.Receive();
        Assert.That(codes, Is.EqualTo(new[] { 130 }));
    }

    private static Dictionary<string, string> Files(TemporaryFolder folder) =>
        Directory.EnumerateFiles(folder.Path, "*", SearchOption.AllDirectories)
            .Where(file => Path.GetFileName(file) != ".lock")
            .ToDictionary(file => file, file => Convert.ToHexString(File.ReadAllBytes(file)) + File.GetLastWriteTimeUtc(file).Ticks);

    [Test]
    public void DataVerbs_AskTheEngine()
    {
        using var folder = new TemporaryFolder();
        var info = CommandLine.Run("data", "info", "--data", "mnist:somewhere", "--json");
        Assert.That(info.Engine.Options!.Data.Spec, Is.EqualTo("mnist:somewhere"));
        Assert.That(info.Out.ReplaceLineEndings(""), Is.EqualTo("""{  "classes": 10}"""));
        var export = CommandLine.Run("data", "export", "--out", folder.File("sheet.png"));
        Assert.That(export.Out, Is.EqualTo(folder.File("sheet.png") + "\n"));
        Assert.That(folder.File("sheet.png"), Does.Exist);
    }
}
