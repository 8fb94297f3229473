using System.Text.Json;
using DPT.Engine.Cli;
using DPT.Engine.Dpt;

namespace Cli.Tests;

/// <summary>What <c>dpt runs</c> lists of folders in any state.</summary>
public sealed class RunsTests
{
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void MakeRuns()
    {
        _folder = new TemporaryFolder();
        Make("00001-a", "--set", "stage1.steps=77", "--seed", "5", "--data", "folder:photos");
        JsonFiles.Save(_folder.File("00001-a/result.json"), FakeCommands.Of(5, stage1: 0.7, pseudoLabels: 0.7, control: 0.8, stage3: 0.9));
        Make("00002-b");
        Directory.CreateDirectory(_folder.File("no-run"));
        _folder.Write("00003-c/result.json", "{");
        Make("00004-d");
        File.WriteAllText(_folder.File("00004-d/config.resolved.json"), "{ \"seed\": ");
    }

    [TearDown]
    public void RemoveRuns() => _folder.Dispose();

    [Test]
    public void Runs_AreALineEach_WithWhatIsKnown()
    {
        var run = CommandLine.Run("runs", _folder.Path);
        Assert.That(run.Code, Is.Zero, run.Err);
        var lines = run.Out.Replace(_folder.Path, "").Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.That(lines, Has.Length.EqualTo(4), "a folder that is no run is not listed");
        Assert.That(lines[0], Does.Match("^run +state +data +labels +seed +stage 1 +control +stage 3 +settings$"));
        Assert.That(lines[1], Does.Match("^/00001-a +finished +folder:.*photos +2 +5 +70.0 % +80.0 % +90.0 % +stage1.steps=77$"));
        Assert.That(lines[2], Does.Match("^/00002-b +in stage-1-classifier +digits +– +1 +– +– +–$"));
        Assert.That(lines[3], Does.Match("^/00004-d +in stage-1-classifier +[?] +– +[?] +– +– +–$"), "damage hides no other run");
    }

    [Test]
    public void Runs_AsJson_HaveNumbers()
    {
        var run = CommandLine.Run("runs", _folder.Path, "--json");
        using var json = JsonDocument.Parse(run.Out);
        var first = json.RootElement[0];
        Assert.That(first.GetProperty("stage3").GetDouble(), Is.EqualTo(0.9));
        Assert.That(first.GetProperty("labels").GetInt32(), Is.EqualTo(2));
        Assert.That(first.GetProperty("settings").GetProperty("stage1.steps").GetString(), Is.EqualTo("77"));
        Assert.That(json.RootElement[1].GetProperty("stage3").ValueKind, Is.EqualTo(JsonValueKind.Null));
    }

    [Test]
    public void Runs_OfSeveralSeeds_AreListedOneByOne()
    {
        Assert.That(CommandLine.Run("run", "--seeds", "2-3", "--out", _folder.File("00005-seeds")).Code, Is.Zero);
        var run = CommandLine.Run("runs", _folder.Path);
        Assert.That(run.Out, Does.Match("00005-seeds/seed-2 .* 2 .*\n.*00005-seeds/seed-3 .* 3 "));
        Assert.That(CommandLine.Run("runs", _folder.File("00005-seeds")).Out.Split('\n'), Has.Length.EqualTo(4), "a head and two runs");
        Assert.That(CommandLine.Run("runs", _folder.File("00002-b")).Out.Split('\n'), Has.Length.EqualTo(3), "a run itself");
    }

    [Test]
    public void Runs_WhereThereAreNone_SaysSo()
    {
        var none = CommandLine.Run("runs", _folder.File("no-run"));
        Assert.That((none.Code, none.Out), Is.EqualTo((ExitCodes.Environment, "")));
        Assert.That(none.Err, Does.Contain("there is no run in"));
        Assert.That(CommandLine.Run("runs", _folder.File("nowhere")).Err, Does.Contain("there is no folder"));
    }

    private void Make(string name, params string[] words)
    {
        var run = CommandLine.Run(["run", "--out", _folder.File(name), .. words]);
        Assert.That(run.Code, Is.Zero, run.Err);
        File.Delete(_folder.File($"{name}/result.json"));
    }
}
