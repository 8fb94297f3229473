using System.Text.Json;
using DPT.Engine.Cli;
using DPT.Engine.Dpt;

namespace Cli.Tests;

/// <summary>--budget: when a run is planned, where the plan lies among the settings, and what is said of it.</summary>
public sealed class PlanningTests
{
    [TestCase("0")]
    [TestCase("abc")]
    [TestCase("5")]
    [TestCase("-1m")]
    [TestCase("2x")]
    public void Budget_ThatIsNone_IsOneLine_AndUsage(string budget)
    {
        foreach (var verb in new[] { "run", "config show" })
        {
            var run = CommandLine.Run([.. verb.Split(' '), $"--budget={budget}"]);
            Assert.That(run.Code, Is.EqualTo(ExitCodes.Usage));
            Assert.That(
                run.Err,
                Is.EqualTo($"error: --budget: the budget is '{budget}', it must be a time with its unit, such as 90s, 20m or 2h (1s to 1000h), or max\n"));
            Assert.That(run.Engine.Planned, Is.Empty);
        }
    }

    [TestCase("5m", "--budget", "5m")]
    [TestCase("20m", "--data", "mnist:x")]
    [TestCase("20m", "--data", "mnist:x", "--set", "stage1.steps=3")]
    [TestCase("1h", "--data", "mnist:x", "--preset", "optdigits", "--budget", "1h")]
    [TestCase("")]
    [TestCase("", "--preset", "digits-smoke")]
    [TestCase("", "--data", "digits")]
    [TestCase("", "--data", "mnist:x", "--preset", "optdigits")]
    [TestCase("", "--data", "mnist:x", "--set", "stage1.steps=3,diffusion.steps=3,stage3.steps=3")]
    public void Plan_IsMade_ForABudget_OrForDataWithoutPreset(string budget, params string[] words)
    {
        var run = CommandLine.Run(["config", "show", .. words]);
        Assert.That(run.Code, Is.Zero, run.Err);
        Assert.That(run.Engine.Planned, Is.EqualTo(budget.Length > 0 ? new[] { budget } : []));
        Assert.That(run.Err.Contains("the budget of data without --preset"), Is.EqualTo(budget == "20m"), run.Err);
    }

    [TestCase("77", "plan for 9m")]
    [TestCase("20", "preset digits-smoke", "--preset", "digits-smoke")]
    [TestCase("30", "--set", "--set", "stage1.steps=30")]
    [TestCase("30", "--set", "--preset", "digits-smoke", "--set", "stage1.steps=30")]
    public void Plan_BeatsDefaults_AndNothingElse(string steps, string origin, params string[] words)
    {
        var run = CommandLine.Run(["config", "show", "stage1.steps", "--budget", "9m", .. words]);
        Assert.That(run.Out, Is.EqualTo($"stage1.steps  {steps}  {origin}\n"));
        Assert.That(
            CommandLine.Run(["config", "show", "stage1.averageDecay", "--budget", "9m", .. words]).Out,
            Is.EqualTo("stage1.averageDecay  0.875  plan for 9m\n"));
    }

    [Test]
    public void Environment_BeatsThePlan()
    {
        var run = CommandLine.Run(
            ["config", "show", "stage1.steps", "--budget", "9m"], new FakeCommands(), new() { ["DPT_STAGE1__STEPS"] = "9" });
        Assert.That(run.Out, Is.EqualTo("stage1.steps  9  DPT_STAGE1__STEPS\n"));
    }

    [Test]
    public void Run_OfAPlan_UsesIt_AndResumesWithoutPlanning()
    {
        using var folder = new TemporaryFolder();
        var run = CommandLine.Run("run", "--budget", "9m", "--out", folder.File("run"));
        Assert.That(run.Code, Is.Zero, run.Err);
        Assert.That(run.Engine.Options!.Stage1.Steps, Is.EqualTo(77));
        Assert.That(run.Engine.Options.Diffusion.Flip);
        Assert.That(run.Err, Does.Contain("plan for 9m: about 1m 40s: stage-1-classifier 30s, stage-2-diffusion 1m 00s"));
        var resumed = CommandLine.Run("run", "--resume", folder.File("run"));
        Assert.That(resumed.Engine.Planned, Is.Empty);
        Assert.That(resumed.Engine.Options!.Stage1.Steps, Is.EqualTo(77));
        var again = CommandLine.Run("run", "--resume", folder.File("run"), "--budget", "1h");
        Assert.That(again.Code, Is.EqualTo(ExitCodes.Usage));
        Assert.That(again.Err, Does.Contain("--budget plans a new run"));
        var repeated = CommandLine.Run("run", "--config", folder.File("run/config.resolved.json"), "--out", folder.File("repeated"));
        Assert.That(repeated.Engine.Planned, Is.Empty);
        Assert.That(repeated.Engine.Options, Is.EqualTo(run.Engine.Options));
    }

    [Test]
    public void Seeds_OfAPlan_ShareIt_AndGoOnWithoutPlanning()
    {
        using var folder = new TemporaryFolder();
        string[] words = ["run", "--budget", "9m", "--out", folder.File("group"), "--seeds"];
        var run = CommandLine.Run([.. words, "1-2"]);
        Assert.That(run.Code, Is.Zero, run.Err);
        Assert.That(run.Engine.Planned, Is.EqualTo(new[] { "9m" }));
        Assert.That(run.Engine.Requests.Select(request => request.Plan.Options.Stage1.Steps), Is.EqualTo(new[] { 77, 77 }));
        var more = CommandLine.Run([.. words, "1-3"]);
        Assert.That(more.Code, Is.Zero, more.Err);
        Assert.That(more.Engine.Planned, Is.Empty);
        Assert.That(more.Engine.Requests.Select(request => request.Plan.Options.Stage1.Steps), Is.Not.Empty.And.All.EqualTo(77));
    }

    [Test]
    public void DryRun_OfAPlan_SaysTimeMemoryAndReasons()
    {
        var run = CommandLine.Run("run", "--budget", "80s", "--dry-run");
        Assert.That(run.Out, Does.Match("(?m)^stage-1-classifier +about 30s +at most 64 MiB$"));
        Assert.That(run.Out, Does.Match("(?m)^in all +about 1m 40s +budget 80s$"));
        Assert.That(run.Out, Does.Contain("because: seven is lucky (stage1.steps 77, stage1.averageDecay 0.875)\n"));
        Assert.That(CommandLine.Run("run", "--budget", "79s", "--dry-run").Err, Does.Contain("the budget is short"));
        Assert.That(run.Err, Does.Not.Contain("the budget is short"));
        Assert.That(run.Err, Does.Contain("pseudo-images may hurt: give at least 1m 30s"));
        Assert.That(CommandLine.Run("run", "--budget", "90s", "--dry-run").Err, Does.Not.Contain("may hurt"));
        using var json = JsonDocument.Parse(CommandLine.Run("run", "--budget", "80s", "--dry-run", "--json").Out);
        var plan = json.RootElement.GetProperty("plan");
        Assert.That(plan.GetProperty("seconds").GetDouble(), Is.EqualTo(100));
        Assert.That(plan.GetProperty("stages")[1].GetProperty("memoryBytes").GetInt64(), Is.EqualTo(128 << 20));
        Assert.That(plan.GetProperty("rules")[0].GetProperty("because").GetString(), Is.EqualTo("seven is lucky"));
        Assert.That(CommandLine.Run("run", "--dry-run").Out, Does.Not.Contain("because"));
    }

    [Test]
    public void Progress_OfAPlannedRun_SaysWhatTheWholeRunHasLeft()
    {
        var (clock, seen) = (new SteppedClock(), new Recorder());
        var plan = new RunPlan(
            new Budget(120, "2m"), [], [new("one", 30, 0), new("two", 60, 0), new(StageEstimate.Curves, 10, 0)], 90);
        var progress = new WholeRunProgress(seen, plan, clock);
        clock.Advance(TimeSpan.FromSeconds(20));
        progress.Progress(new WorkProgress("one", 5, 10, "steps", 1, "loss 1"));
        clock.Advance(TimeSpan.FromSeconds(100));
        progress.Progress(new WorkProgress("two", 10, 20, "images", 1, ""));
        progress.Progress(new WorkProgress("two", 20, 20, "images", 1, ""));
        progress.Progress(new WorkProgress("unplanned", 1, 20, "images", 1, "x"));

        // 15 of 90 planned seconds in 20; then 60 of 90 in 120.
        Assert.That(seen.Details, Is.EqualTo(new[] { "loss 1  run: 1m 40s left", "run: 1m 00s left", "run: 0s left", "x" }));
    }

    [Test]
    public void Run_Real_OfAFewSeconds_EndsWithAResult()
    {
        using var folder = new TemporaryFolder();
        var data = PictureFolder.Make(folder);
        string[] words = ["run", "--device", "host", "--data", $"folder:{data}", "--budget", "2s"];
        var run = CommandLine.RunReal([.. words, "--out", folder.File("run"), "--set", "stage3.steps=3", "--json"]);
        Assert.That(run.Code, Is.Zero, run.Err);
        using var result = JsonDocument.Parse(run.Out);
        using var config = JsonDocument.Parse(File.ReadAllText(folder.File("run/config.resolved.json")));
        var steps = config.RootElement.GetProperty("diffusion.steps");
        Assert.That(steps.GetProperty("origin").GetString(), Is.EqualTo("plan for 2s"));
        Assert.That(
            result.RootElement.GetProperty("stage2").GetProperty("steps").GetInt32(), Is.EqualTo(steps.GetProperty("value").GetInt32()));
        Assert.That(config.RootElement.GetProperty("stage3.steps").GetProperty("value").GetInt32(), Is.EqualTo(3));
        Assert.That(run.Err, Does.Contain("run: "), "the time left of the whole run");
    }

    private sealed class Recorder : IRunObserver
    {
        public List<string> Details { get; } = [];

        public void Message(string text)
        {
        }

        public void Progress(in WorkProgress progress) => Details.Add(progress.Detail);
    }

    private sealed class SteppedClock : TimeProvider
    {
        private long _now;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _now;

        public void Advance(TimeSpan time) => _now += time.Ticks;
    }
}
