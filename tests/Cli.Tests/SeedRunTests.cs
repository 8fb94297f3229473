using System.Text.Json;
using DPT.Engine.Cli;
using DPT.Engine.Dpt;
using DPT.Engine.Kernels;

namespace Cli.Tests;

/// <summary>Several seeds as one command: what it makes, how it goes on, and what happens when a run fails.</summary>
public sealed class SeedRunTests
{
    private TemporaryFolder _folder = null!;

    private string Group => _folder.File("group");

    [SetUp]
    public void MakeFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [TestCase("5", 5)]
    [TestCase("1-3,7", 1, 2, 3, 7)]
    [TestCase("9,0-1", 0, 1, 9)]
    [TestCase("2147483646-2147483647", 2147483646, 2147483647)]
    public void SeedList_OfNumbersAndRanges_Rises(string text, params int[] seeds) => Assert.That(SeedList.Parse(text), Is.EqualTo(seeds));

    [Test]
    public void Seeds_MakeARunEach_AndEndWithTheTable()
    {
        var run = CommandLine.Run("run", "--seeds", "1-2,7", "--set", "stage1.steps=77", "--out", Group);
        Assert.That(run.Code, Is.Zero, run.Err);
        Assert.That(run.Engine.Requests.Select(request => request.Plan.Options.Seed), Is.EqualTo([1, 2, 7]));
        Assert.That(run.Engine.Requests.Select(request => request.Folder.FolderPath), Is.EqualTo(new[] { 1, 2, 7 }.Select(PathOf)));
        Assert.That(run.Engine.Requests.Select(request => request.Plan.Options.Stage1.Steps), Is.All.EqualTo(77));
        Assert.That(run.Out, Is.EqualTo(CommandLine.Run("compare", Group).Out).And.Contain("| mean of 3 |"));
        foreach (var seed in new[] { 1, 2, 7 })
        {
            Assert.That(Path.Combine(PathOf(seed), "report.html"), Does.Exist);
            Assert.That(File.ReadAllText(Path.Combine(PathOf(seed), "config.resolved.json")), Does.Contain($"\"value\": {seed},\n    \"origin\": \"--seeds\""));
        }

        Assert.That(File.ReadAllText(_folder.File("group/report.html")), Does.Contain("<td>seed-7</td>"));
    }

    [Test]
    public void Seeds_AsJson_AreTheSummary()
    {
        var run = CommandLine.Run("run", "--seeds", "1-2", "--json", "--out", Group);
        Assert.That(run.Out, Is.EqualTo(File.ReadAllText(_folder.File("group/summary.json"))));
        using var json = JsonDocument.Parse(run.Out);
        Assert.That(json.RootElement.GetProperty("runs").GetProperty("seed-2").GetProperty("seed").GetInt32(), Is.EqualTo(2));
        Assert.That(json.RootElement.GetProperty("statistics").GetProperty("overControl").GetProperty("mean").GetDouble(), Is.EqualTo(0.07).Within(1e-12));
    }

    [Test]
    public void Progress_NamesTheSeed_AndTheLogOfARunDoesNot()
    {
        var engine = new FakeCommands
        {
            Work = (request, _) =>
            {
                request.Observer.Message("hello");
                request.Observer.Progress(new WorkProgress("stage", 1, 2, "steps", 1, ""));
            },
        };
        var run = CommandLine.Run(["run", "--seeds", "4", "--out", Group], engine);
        Assert.That(run.Err, Does.Contain("seed 4: run 1 of 1\n").And.Contain("seed 4: hello\n").And.Contain("seed 4: stage  1/2 steps"));
        Assert.That(File.ReadAllText(Path.Combine(PathOf(4), "log.txt")), Does.Contain("Z hello\n"));
        Assert.That(run.Out, Does.Contain("warning: one run has no standard deviation"));
    }

    [Test]
    public void Seeds_Added_StandBesideThoseBefore()
    {
        CommandLine.Run("run", "--seeds", "3-4", "--out", Group);
        var more = CommandLine.Run("run", "--seeds", "1,4", "--out", Group);
        Assert.That(more.Code, Is.Zero, more.Err);
        Assert.That(more.Engine.Requests.Select(request => request.Plan.Options.Seed), Is.EqualTo([3, 4, 1]), "what has begun comes first");
        Assert.That(RunGroup.Open(Group).Seeds, Is.EqualTo([1, 3, 4]));
        Assert.That(more.Out, Does.Contain("| mean of 3 |"));
        var resumed = CommandLine.Run("run", "--resume", Group, "--seeds", "5");
        Assert.That(resumed.Engine.Requests.Select(request => request.Plan.Options.Seed), Is.EqualTo([1, 3, 4, 5]));
    }

    [Test]
    public void Resume_KeepsTheSettings_ExceptForFlags()
    {
        CommandLine.Run("run", "--seeds", "1-2", "--preset", "digits-smoke", "--out", Group);
        var again = CommandLine.Run(
            ["run", "--resume", Group, "--set", "stage3.steps=5", "--overwrite"], new FakeCommands(), new() { ["DPT_STAGE1__STEPS"] = "99" });
        Assert.That(again.Code, Is.Zero, again.Err);
        Assert.That(
            again.Engine.Requests.Select(request => (request.Plan.Options.Seed, request.Plan.Options.Stage1.Steps, request.Plan.Options.Stage3.Steps)),
            Is.EqualTo([(1, 20, 5), (2, 20, 5)]));
        Assert.That(again.Engine.Requests.Select(request => request.Session.Overwrite), Is.All.True);
    }

    [Test]
    public void Interruption_TellsHowToGoOn_AndKeepsWhatIsFinished()
    {
        using var source = new CancellationTokenSource();
        var run = CommandLine.Run(["run", "--seeds", "1-3", "--out", Group], Stopping(source, seed: 2), stop: source.Token);
        Assert.That((run.Code, run.Out), Is.EqualTo((ExitCodes.Interrupted, "")));
        Assert.That(run.Err, Does.EndWith($"saved; continue with: dpt run --resume {Group}\nerror: interrupted\n"));
        Assert.That(run.Engine.Requests, Has.Count.EqualTo(2));
        Assert.That(
            File.ReadAllText(_folder.File("group/summary.json")), Does.Match(""""unfinished": \[\s+"seed-2",\s+"seed-3"\s+\]""""));
        var resumed = CommandLine.Run("run", "--resume", Group);
        Assert.That(resumed.Engine.Requests.Select(request => request.Plan.Options.Seed), Is.EqualTo([1, 2, 3]));
        Assert.That(resumed.Out, Does.Contain("| mean of 3 |").And.Not.Contain("warning"));
    }

    /// <summary>Between two runs nothing has begun that could be saved, and the rest is not begun either.</summary>
    [Test]
    public void Interruption_AtTheEndOfARun_BeginsNoOther()
    {
        using var source = new CancellationTokenSource();
        var engine = new FakeCommands { Work = (_, _) => source.Cancel() };
        var run = CommandLine.Run(["run", "--seeds", "1-3", "--out", Group], engine, stop: source.Token);
        Assert.That((run.Code, engine.Requests.Count), Is.EqualTo((ExitCodes.Interrupted, 1)));
        Assert.That(PathOf(2), Does.Not.Exist);
    }

    [Test]
    public void Divergence_OfARun_DoesNotStopTheOthers()
    {
        var run = CommandLine.Run(
            ["run", "--quiet", "--seeds", "1-3", "--out", Group], Failing(seed: 2, new DptException(FailureKind.Diverged, "the loss is NaN")));
        Assert.That((run.Code, run.Err), Is.EqualTo((ExitCodes.Diverged, "error: seed 2: the loss is NaN\n")));
        Assert.That(run.Out, Does.Contain("| mean of 2 |").And.Contain("warning: not finished, and in none of the numbers: seed-2\n"));
    }

    [Test]
    public void Divergence_OfAllRuns_HasNoTable()
    {
        var run = CommandLine.Run(["run", "--seeds", "2", "--out", Group], Failing(seed: 2, new DptException(FailureKind.Diverged, "why")));
        Assert.That((run.Code, run.Out), Is.EqualTo((ExitCodes.Diverged, "")));
        Assert.That(_folder.File("group/summary.json"), Does.Not.Exist);
    }

    [Test]
    public void Failure_OfARun_StopsThere_AndLosesNothing()
    {
        foreach (var (failure, code) in new (Exception, int)[]
        {
            (new DptException(FailureKind.Environment, "no space"), ExitCodes.Environment),
            (new DptException(FailureKind.Usage, "other settings"), ExitCodes.Usage),
            (new IOException("no space"), ExitCodes.Environment),
            (new DeviceException("no card"), ExitCodes.Environment),
        })
        {
            var group = _folder.File(failure.GetHashCode().ToString());
            var run = CommandLine.Run(["run", "--quiet", "--seeds", "1-3", "--out", group], Failing(seed: 2, failure));
            Assert.That((run.Code, run.Out), Is.EqualTo((code, "")));
            Assert.That(run.Err, Does.StartWith($"error: seed 2: {failure.Message}").And.Not.Contain("   at "));
            Assert.That(run.Err.Trim().Split('\n'), Has.Length.EqualTo(1));
            Assert.That(run.Engine.Requests, Has.Count.EqualTo(2));
            Assert.That(CommandLine.Run("compare", group).Out, Does.Contain("| seed-1 | 1 |"));
        }
    }

    [Test]
    public void Failure_ThatNobodyForesaw_IsTold()
    {
        var run = CommandLine.Run(["run", "--seeds", "1-2", "--out", Group], Failing(seed: 1, new InvalidOperationException("why")));
        Assert.That(run.Code, Is.EqualTo(ExitCodes.Unexpected));
        Assert.That(run.Err, Does.Contain("error: unexpected failure: why"));
    }

    [Test]
    public void DryRun_WritesNothing_AndCountsTheDiskOfAll()
    {
        var run = CommandLine.Run("run", "--seeds", "4-6", "--dry-run", "--out", Group);
        Assert.That(run.Code, Is.Zero, run.Err);
        Assert.That(run.Out, Does.Match(@"seed +4 +--seeds").And.Match("disk, at most, MiB +150 "));
        Assert.That(run.Err, Does.Contain("3 runs, of seeds 4, 5, 6"));
        Assert.That(run.Engine.Requests, Is.Empty);
        Assert.That(Directory.EnumerateFileSystemEntries(_folder.Path), Is.Empty);
    }

    [Test]
    public void Folder_OfAnotherKind_IsRefusedWithTheWayOut()
    {
        CommandLine.Run("run", "--out", _folder.File("single"));
        CommandLine.Run("run", "--seeds", "1", "--out", Group);
        _folder.Write("full/notes.txt", "mine");
        _folder.Write("unborn/seeds.json", """{ "schema": 1, "seeds": [1, 2] }""");
        foreach (var (words, code, says) in new (string[], int, string)[]
        {
            (["run", "--seeds", "1", "--out", _folder.File("single")], ExitCodes.Usage, "holds a single run; name another folder"),
            (["run", "--seeds", "1", "--out", _folder.File("full")], ExitCodes.Usage, "is not empty"),
            (["run", "--seeds", "1", "--resume", _folder.File("single")], ExitCodes.Environment, "does not hold runs of several seeds"),
            (["run", "--resume", _folder.File("unborn")], ExitCodes.Environment, "no run in "),
            (["run", "--resume", Group, "--seed", "1"], ExitCodes.Usage, "leave the single seed out"),
            (["run", "--out", Group], ExitCodes.Usage, $"holds runs of several seeds; continue them with --resume '{Group}'"),
            (["retrain", "--resume", Group], ExitCodes.Environment, $"give one of them, e.g. {PathOf(1)}"),
            (["evaluate", "--resume", Group], ExitCodes.Environment, $"give one of them, e.g. {PathOf(1)}"),
        })
        {
            var run = CommandLine.Run(words);
            Assert.That((run.Code, run.Out), Is.EqualTo((code, "")), string.Join(' ', words) + run.Err);
            Assert.That(run.Err, Does.Contain(says), string.Join(' ', words));
            Assert.That(run.Engine.Requests, Is.Empty);
        }
    }

    private string PathOf(int seed) => _folder.File($"group/seed-{seed}");

    private static FakeCommands Failing(int seed, Exception failure) => new()
    {
        Work = (request, _) =>
        {
            if (request.Plan.Options.Seed == seed)
            {
                throw failure;
            }
        },
    };

    private static FakeCommands Stopping(CancellationTokenSource source, int seed) => new()
    {
        Work = (request, stop) =>
        {
            if (request.Plan.Options.Seed == seed)
            {
                source.Cancel();
                stop.ThrowIfCancellationRequested();
            }
        },
    };
}
