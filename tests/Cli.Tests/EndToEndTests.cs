using System.Text.Json;
using DPT.Engine.Cli;
using DPT.Engine.Dpt;
using DPT.Engine.Kernels;

namespace Cli.Tests;

/// <summary>The command line with the real engine: a run of seconds, from words to report.</summary>
public sealed class EndToEndTests
{
    private static readonly string[] Tiny =
    [
        "--preset", "digits-smoke",
        "--device", "host",
        "--set", "data.trainLimit=100",
        "--set", "data.testLimit=40",
        "--set", "stage1.steps=3",
        "--set", "diffusion.steps=3",
        "--set", "stage3.steps=3",
        "--set", "generate.perClass=2",
        "--set", "generate.evaluations=3",
    ];

    [Test]
    public void Run_Real_EndsWithResultAndReport()
    {
        using var folder = new TemporaryFolder();
        var run = CommandLine.RunReal(["run", .. Tiny, "--json", "--out", folder.File("run")]);
        Assert.That(run.Code, Is.Zero, run.Err);
        Assert.That(folder.File("run/report.html"), Does.Exist);
        using var said = JsonDocument.Parse(run.Out);
        using var saved = JsonDocument.Parse(File.ReadAllText(folder.File("run/result.json")));
        Assert.That(JsonElement.DeepEquals(said.RootElement, saved.RootElement));
        Assert.That(said.RootElement.GetProperty("stage2").GetProperty("steps").GetInt32(), Is.EqualTo(3));
    }

    /// <summary>Nothing that was not measured is told as a number, on the screen, in the result, in the report or beside other runs.</summary>
    [Test]
    public void Run_WithoutTestImages_ClaimsNothing()
    {
        using var folder = new TemporaryFolder();
        var set = PictureFolder.Make(folder);
        Directory.Move(folder.File("set/test"), folder.File("set/unlabelled"));
        var run = CommandLine.RunReal(["run", .. Tiny, "--data", $"folder:{set}", "--set", "data.trainLimit=null", "--out", folder.File("run")]);
        Assert.That(run.Code, Is.Zero, run.Err);
        Assert.That(run.Out, Does.Match("stage 3: with pseudo-images +top-1 not measured +control not measured").And.Contain("gain not measured"));
        Assert.That(run.Out, Does.Contain("warning: there are no test images"));
        var result = DptResult.Load(folder.File("run/result.json"));
        Assert.That((result.Data.Labels, result.Stage1.Top1, result.Stage3.Top1, result.Stage3.ControlTop1), Is.EqualTo((8, (double?)null, (double?)null, (double?)null)));
        var report = File.ReadAllText(folder.File("run/report.html"));
        Assert.That(report, Does.Contain("no accuracy is measured").And.Not.Contain("Confusion on the test set").And.Not.Contain("NaN"));
        var compared = CommandLine.RunReal(["compare", folder.File("run")]);
        Assert.That(compared.Code, Is.Zero, compared.Err);
        Assert.That(compared.Out, Does.Not.Contain("top-1").And.Not.Contain("NaN"));
        var again = CommandLine.RunReal(["train-classifier", "--resume", folder.File("run")]);
        Assert.That(again.Code, Is.Zero, again.Err);
        Assert.That(again.Out, Does.StartWith("top1      not measured\n").And.Not.Contain("NaN"));
    }

    [Test]
    public void DryRun_Real_CountsAndWritesNothing()
    {
        using var folder = new TemporaryFolder();
        var run = CommandLine.RunReal(["run", .. Tiny, "--dry-run", "--out", folder.File("run")]);
        Assert.That(run.Code, Is.Zero, run.Err);
        Assert.That(run.Out, Does.Match("training images +100 ").And.Match("labelled images +40 "));
        Assert.That(run.Out, Does.Match(@"in all +[\d.]+ [MGT]FLOP +at the peak of the device \d+s"));
        Assert.That(Directory.EnumerateFileSystemEntries(folder.Path), Is.Empty);
    }

    [Test]
    public void Run_Interrupted_Is130_AndResumeEndsAsIfItHadNotBeen()
    {
        using var folder = new TemporaryFolder();
        using var source = new CancellationTokenSource();
        source.Cancel();
        var interrupted = CommandLine.RunReal(["run", .. Tiny, "--out", folder.File("run")], source.Token);
        Assert.That(interrupted.Code, Is.EqualTo(ExitCodes.Interrupted));
        Assert.That(interrupted.Out, Is.Empty);
        Assert.That(interrupted.Err, Does.Contain($"dpt run --resume {folder.File("run")}"));
        Assert.That(folder.File("run/result.json"), Does.Not.Exist);

        var resumed = CommandLine.RunReal(["run", "--resume", folder.File("run")]);
        Assert.That(resumed.Code, Is.Zero, resumed.Err);
        var whole = CommandLine.RunReal(["run", .. Tiny, "--out", folder.File("whole")]);
        Assert.That(whole.Code, Is.Zero, whole.Err);
        foreach (var weights in new[] { "stage-2-diffusion/generator.safetensors", "stage-3-classifier/classifier.safetensors" })
        {
            Assert.That(
                File.ReadAllBytes(folder.File($"run/{weights}")),
                Is.EqualTo(File.ReadAllBytes(folder.File($"whole/{weights}"))));
        }
    }

    [Test]
    public void Stages_OneByOne_MakeARun()
    {
        using var folder = new TemporaryFolder();
        Succeeds(["train-classifier", .. Tiny, "--out", folder.File("run")]);
        var early = CommandLine.RunReal(["retrain", "--resume", folder.File("run")]);
        Assert.That(early.Code, Is.EqualTo(ExitCodes.Usage));
        Assert.That(early.Err, Does.Contain("stage-2-diffusion is not finished"));
        foreach (var verb in new[] { "pseudo-label", "train-diffusion", "generate", "retrain" })
        {
            Succeeds([verb, "--resume", folder.File("run")]);
        }

        Assert.That(File.ReadAllText(folder.File("run/report.html")), Does.Contain("Stage 3: with pseudo-images").And.Contain("trained with 40 labels and pseudo-images"));
        Succeeds(["compare", folder.File("run")]);
        var result = File.ReadAllText(folder.File("run/result.json"));
        var run = CommandLine.RunReal(["run", "--resume", folder.File("run")]);
        Assert.That(run.Code, Is.Zero, run.Err);
        Assert.That(run.Err.Split("finished before"), Has.Length.EqualTo(4), "nothing is left to do");
        Assert.That(File.ReadAllText(folder.File("run/result.json")), Is.EqualTo(result));
    }

    [Test]
    public void Resume_WithOtherSettings_SaysWhichStageAndWhy_AndWaitsForConsent()
    {
        using var folder = new TemporaryFolder();
        Succeeds(["run", .. Tiny, "--out", folder.File("run")]);
        var settings = File.ReadAllText(folder.File("run/config.resolved.json"));
        foreach (var dry in new string[][] { [], ["--dry-run"] })
        {
            var refused = CommandLine.RunReal(["run", "--resume", folder.File("run"), "--set", "stage3.steps=4", .. dry]);
            Assert.That(refused.Code, Is.EqualTo(ExitCodes.Usage));
            Assert.That(
                refused.Err, Does.Contain("stage-3-classifier was made with other settings or data: stage3.steps 3 -> 4"));
        }

        Assert.That(File.ReadAllText(folder.File("run/config.resolved.json")), Is.EqualTo(settings));
        var again = CommandLine.RunReal(["run", "--resume", folder.File("run"), "--set", "stage3.steps=4", "--overwrite"]);
        Assert.That(again.Code, Is.Zero, again.Err);
        Assert.That(again.Err, Does.Contain("stage-3-classifier: is made again: stage3.steps 3 -> 4"));
    }

    /// <summary>
    /// Interrupted in its second run, the command goes on when it is given again: the first run is only looked at, and the second
    /// ends as it would have ended alone.
    /// </summary>
    [Test]
    public void Seeds_Interrupted_GoOn_AndRepeatNothing()
    {
        using var folder = new TemporaryFolder();
        using var source = new CancellationTokenSource();
        string[] command = ["run", .. Tiny, "--seeds", "1-2", "--out", folder.File("group")];
        var interrupted = CommandLine.RunReal(command, source.Token, new StoppingCommands(source, seed: 2, at: "pseudo-labels per class"));
        Assert.That(interrupted.Code, Is.EqualTo(ExitCodes.Interrupted), interrupted.Err);
        Assert.That(folder.File("group/seed-2/result.json"), Does.Not.Exist);
        var first = Made(folder.File("group/seed-1"));
        Assert.That(first, Has.Count.GreaterThan(10));

        var whole = CommandLine.RunReal(command);
        Assert.That(whole.Code, Is.Zero, whole.Err);
        Assert.That(Made(folder.File("group/seed-1")), Is.EqualTo(first));
        Assert.That(whole.Err.Split("seed 1: stage-").Count(line => line.Contains("finished before")), Is.EqualTo(3));
        Assert.That(whole.Out, Does.Contain("| mean of 2 |").And.Not.Contain("not finished"));
        Succeeds(["run", .. Tiny, "--seed", "2", "--out", folder.File("alone")]);
        foreach (var weights in new[] { "stage-2-diffusion/generator.safetensors", "stage-3-classifier/classifier.safetensors" })
        {
            Assert.That(
                File.ReadAllBytes(folder.File($"group/seed-2/{weights}")), Is.EqualTo(File.ReadAllBytes(folder.File($"alone/{weights}"))));
        }

        var summary = File.ReadAllText(folder.File("group/summary.json"));
        var others = CommandLine.RunReal([.. command, "--set", "stage3.steps=4"]);
        Assert.That(others.Code, Is.EqualTo(ExitCodes.Usage));
        Assert.That(others.Err, Does.Contain("error: seed 1: stage-3-classifier was made with other settings or data: stage3.steps 3 -> 4"));
        Assert.That(CommandLine.RunReal([.. command, "--set", "stage3.steps=4", "--dry-run"]).Err, Does.Contain(others.Err.Split("error: ")[1]));
        Assert.That(Made(folder.File("group/seed-1")), Is.EqualTo(first));
        Assert.That(File.ReadAllText(folder.File("group/summary.json")), Is.EqualTo(summary));
        Succeeds(["run", "--resume", folder.File("group"), "--set", "stage3.steps=4", "--overwrite"]);
        Succeeds(["evaluate", "--resume", folder.File("group/seed-2")]);
    }

    /// <summary>With --overwrite, --out is what it is without where there is no run, and else the run with this command's settings.</summary>
    [Test]
    public void Out_WithOverwrite_MakesAgainWhatDiffers()
    {
        using var folder = new TemporaryFolder();
        string[] command = ["run", .. Tiny, "--out", folder.File("run"), "--overwrite"];
        Succeeds(command);
        var again = CommandLine.RunReal([.. command, "--set", "stage3.steps=4"]);
        Assert.That(again.Code, Is.Zero, again.Err);
        Assert.That(again.Err.Split("finished before"), Has.Length.EqualTo(3), "stages 1 and 2");
        Assert.That(again.Err, Does.Contain("stage-3-classifier: is made again: stage3.steps 3 -> 4"));
    }

    [Test]
    public void SmokePreset_SaysWhatItsNumbersAreWorth()
    {
        using var folder = new TemporaryFolder();
        var run = CommandLine.RunReal(["run", .. Tiny, "--out", folder.File("run"), "--set", "stage3.learningRate=1e-6"]);
        Assert.That(run.Out, Does.Contain("warning: the test set has 40 images").And.Contain("warning: the Frechet distance says little"));
        Assert.That(run.Out, Does.Contain("warning: stage 3 has learned nothing that shows"));
    }

    private static void Succeeds(string[] words)
    {
        var run = CommandLine.RunReal(words);
        Assert.That(run.Code, Is.Zero, run.Err);
        Assert.That(run.Out, Is.Not.Empty);
    }

    /// <summary>What the stages made, with the time when; the run's own files are written anew by each session.</summary>
    private static Dictionary<string, string> Made(string run) => Directory.GetDirectories(run, "stage-*")
        .SelectMany(stage => Directory.EnumerateFiles(stage, "*", SearchOption.AllDirectories))
        .ToDictionary(file => file, file => $"{File.GetLastWriteTimeUtc(file).Ticks} {Convert.ToHexString(File.ReadAllBytes(file))}");

    /// <summary>The real engine, and somebody who presses Ctrl-C at a message of one seed's run.</summary>
    private sealed class StoppingCommands(CancellationTokenSource source, int seed, string at) : IDptCommands
    {
        private readonly EngineCommands _engine = new();

        public DptPlan Plan(DptOptions options, Device device) => _engine.Plan(options, device);

        public IReadOnlyList<StageCost> CostsOf(DptPlan plan, Device device) => _engine.CostsOf(plan, device);

        public RunPlan PlanFor(
            DptOptions options, Func<IReadOnlyDictionary<string, object>, DptOptions> complete, Budget budget, Device device) =>
            _engine.PlanFor(options, complete, budget, device);

        public void RequireConsent(DptStage? stage, RunRequest request) => _engine.RequireConsent(stage, request);

        public DptResult Run(RunRequest request, CancellationToken stop) => _engine.Run(
            request.Plan.Options.Seed == seed ? request with { Observer = new Listener(source, at) } : request, stop);

        public IReadOnlyList<NamedValue> RunStage(DptStage stage, RunRequest request, CancellationToken stop) =>
            _engine.RunStage(stage, request, stop);

        public IReadOnlyList<NamedValue> MeasureSamples(RunRequest request, SampleComparison comparison, CancellationToken stop) =>
            _engine.MeasureSamples(request, comparison, stop);

        public Samples Sample(RunLayout run, SampleRequest request, Device device, IRunObserver observer, CancellationToken stop) =>
            _engine.Sample(run, request, device, observer, stop);

        public string Export(RunLayout run, ExportRequest request, Device device, IRunObserver observer) =>
            _engine.Export(run, request, device, observer);

        public Predictions Predict(
            RunLayout run, IReadOnlyList<string> paths, bool skipBroken, Device device, IRunObserver observer, CancellationToken stop) =>
            _engine.Predict(run, paths, skipBroken, device, observer, stop);

        public ProbeResult Probe(ProbeRequest request, Device device, IRunObserver observer, CancellationToken stop) =>
            _engine.Probe(request, device, observer, stop);

        public PretrainResult Pretrain(PretrainRequest request, Device device, IRunObserver observer, CancellationToken stop) =>
            _engine.Pretrain(request, device, observer, stop);

        public IReadOnlyList<NamedValue> RunNetwork(NetworkRequest request, Device device) => _engine.RunNetwork(request, device);

        public IReadOnlyList<NamedValue> SampleNetwork(NetworkSampleRequest request, Device device, IRunObserver observer, CancellationToken stop) =>
            _engine.SampleNetwork(request, device, observer, stop);

        public EncodeResult Encode(EncodeRequest request, Device device, IRunObserver observer, CancellationToken stop) =>
            _engine.Encode(request, device, observer, stop);

        public IReadOnlyList<NamedValue> Decode(DecodeRequest request, Device device, IRunObserver observer, CancellationToken stop) =>
            _engine.Decode(request, device, observer, stop);

        public IReadOnlyList<NamedValue> Import(ImportRequest request, Device device) => _engine.Import(request, device);

        public void GetData(PublishedSet set, string folder, Uri? from, IRunObserver observer, CancellationToken stop) =>
            _engine.GetData(set, folder, from, observer, stop);

        public IReadOnlyList<NamedValue> DescribeData(DptOptions options) => _engine.DescribeData(options);

        public DataCheck CheckData(DptOptions options) => _engine.CheckData(options);

        public void ExportContactSheet(DptOptions options, string file) => _engine.ExportContactSheet(options, file);

        private sealed class Listener(CancellationTokenSource source, string at) : IRunObserver
        {
            public void Message(string text)
            {
                if (text.Contains(at))
                {
                    source.Cancel();
                }
            }

            public void Progress(in WorkProgress progress)
            {
            }
        }
    }
}
