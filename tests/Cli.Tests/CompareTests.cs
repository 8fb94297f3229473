using System.Text.Json;
using DPT.Engine.Cli;

namespace Cli.Tests;

/// <summary>Runs side by side: the table, its statistics against numbers worked out by hand, the page, and what is refused.</summary>
public sealed class CompareTests
{
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    /// <summary>
    /// Differences 7, 9 and 5: mean 7, deviation 2, and t = 4.3027 of two degrees of freedom makes 7 +- 4.3027 * 2 / sqrt 3.
    /// </summary>
    [Test]
    public void Compare_PrintsEveryRunAndWhatTheySayTogether()
    {
        Run("seed-1", seed: 1, control: 0.83, stage3: 0.90);
        Run("seed-2", seed: 2, control: 0.83, stage3: 0.92);
        Run("seed-3", seed: 3, control: 0.83, stage3: 0.88);
        var run = CommandLine.Run("compare", _folder.File("seed-1"), _folder.File("seed-2"), _folder.File("seed-3"));
        Assert.That(run.Code, Is.Zero, run.Err);
        Assert.That(run.Out.TrimEnd().Split('\n'), Is.EqualTo(new[]
        {
            "| run | seed | stage 1 top-1 | pseudo-labels | control top-1 | stage 3 top-1 | over control | over stage 1 |",
            "|---|---|---|---|---|---|---|---|",
            "| seed-1 | 1 | 80.00 % | 79.00 % | 83.00 % | 90.00 % | +7.00 | +10.00 |",
            "| seed-2 | 2 | 80.00 % | 79.00 % | 83.00 % | 92.00 % | +9.00 | +12.00 |",
            "| seed-3 | 3 | 80.00 % | 79.00 % | 83.00 % | 88.00 % | +5.00 | +8.00 |",
            "| mean of 3 |  | 80.00 % | 79.00 % | 83.00 % | 90.00 % | +7.00 | +10.00 |",
            "| standard deviation |  | 0.00 | 0.00 | 0.00 | 2.00 | 2.00 | 2.00 |",
            "| 95 % interval |  |  |  |  |  | +2.03 to +11.97 | +5.03 to +14.97 |",
        }));
    }

    /// <summary>The second control has its columns where a run has it, and the mean says of how many it is.</summary>
    [Test]
    public void Compare_WithASecondControl_ShowsWhatIsAboveIt()
    {
        Run("seed-1", seed: 1, control: 0.83, stage3: 0.90, selfTraining: 0.88);
        Run("seed-2", seed: 2, control: 0.83, stage3: 0.92);
        var lines = CommandLine.Run("compare", _folder.File("seed-1"), _folder.File("seed-2")).Out.Split('\n');
        Assert.That(lines[0], Does.EndWith("| self-training top-1 | stage 3 top-1 | over control | over self-training | over stage 1 |"));
        Assert.That(lines[2], Does.EndWith("| 88.00 % | 90.00 % | +7.00 | +2.00 | +10.00 |"));
        Assert.That(lines[3], Does.EndWith("| – | 92.00 % | +9.00 | – | +12.00 |"));
        Assert.That(lines[4], Does.Contain("| 88.00 % (of 1) |").And.Contain("| +2.00 (of 1) |"));
    }

    [Test]
    public void Compare_OfOneRun_SaysWhatItDoesNotHave()
    {
        Run("seed-1", seed: 1, control: 0.83, stage3: 0.9);
        var run = CommandLine.Run("compare", _folder.File("seed-1"));
        Assert.That(run.Out, Does.EndWith(
            "| mean of 1 |  | 80.00 % | 79.00 % | 83.00 % | 90.00 % | +7.00 | +10.00 |\n"
            + "warning: one run has no standard deviation and no interval: they take two or more\n"));
        using var json = JsonDocument.Parse(CommandLine.Run("compare", _folder.File("seed-1"), "--json").Out);
        var gain = json.RootElement.GetProperty("statistics").GetProperty("overControl");
        Assert.That(gain.EnumerateObject().Select(member => member.Name), Is.EqualTo(["count", "mean"]));
    }

    [Test]
    public void Compare_AsJson_HoldsTheResultsAndTheirStatistics()
    {
        Run("a", seed: 1, control: 0.80, stage3: 0.81);
        Run("b", seed: 2, control: 0.80, stage3: 0.83);
        using var json = JsonDocument.Parse(CommandLine.Run("compare", _folder.File("a"), _folder.File("b"), "--json").Out);
        var (root, gain) = (json.RootElement, json.RootElement.GetProperty("statistics").GetProperty("overControl"));
        Assert.That(root.GetProperty("runs").GetProperty(_folder.File("b")).GetProperty("seed").GetInt32(), Is.EqualTo(2));
        Assert.That(gain.GetProperty("mean").GetDouble(), Is.EqualTo(0.02).Within(1e-12));
        Assert.That(gain.GetProperty("low").GetDouble(), Is.EqualTo(0.02 - 0.127062047).Within(1e-8));
        Assert.That(gain.GetProperty("high").GetDouble(), Is.EqualTo(0.02 + 0.127062047).Within(1e-8));
        Assert.That(root.GetProperty("statistics").GetProperty("stage3Top1").TryGetProperty("low", out _), Is.False);
    }

    /// <summary>A folder of several seeds stands for its runs, and what is not finished is named.</summary>
    [Test]
    public void Compare_OfAGroup_TakesItsFinishedRuns()
    {
        _folder.Write("group/seeds.json", """{ "schema": 1, "seeds": [3, 1, 2] }""");
        Run("group/seed-1", seed: 1, control: 0.83, stage3: 0.9);
        Run("group/seed-3", seed: 3, control: 0.83, stage3: 0.9);
        Run("other", seed: 7, control: 0.83, stage3: 0.9);
        var run = CommandLine.Run("compare", _folder.File("group"), _folder.File("other"));
        Assert.That(run.Code, Is.Zero, run.Err);
        Assert.That(run.Out.Split('\n').Where(line => line.StartsWith("| seed-") || line.StartsWith("| other")), Has.Exactly(3).Items);
        Assert.That(run.Out, Does.Contain($"warning: not finished, and in none of the numbers: {_folder.File("group/seed-2")}\n"));
    }

    [Test]
    public void Compare_OfUnlikeRuns_SaysWhatTheMeanIsWorth()
    {
        Run("a/seed-1", seed: 1, control: 0.83, stage3: 0.9);
        var other = FakeCommands.Of(1, 0.8, 0.79, 0.83, 0.9) with { Data = FakeCommands.Result.Data with { Labels = 9 } };
        _folder.Write("b/seed-1/result.json", JsonText.Of(other));
        var run = CommandLine.Run("compare", _folder.File("a/seed-1"), _folder.File("b/seed-1"));
        Assert.That(run.Out, Does.Contain("warning: the runs are not of the same data").And.Contain("warning: several runs have seed 1:"));
        Assert.That(run.Out, Does.Contain($"| {_folder.File("a/seed-1")} | 1 |"), "the last parts of the names are the same");
    }

    [TestCase("seed-1", "seed-1/")]
    [TestCase("group", "group/seed-1")]
    public void Compare_OfARunNamedTwice_IsRefused(string first, string second)
    {
        Run("seed-1", seed: 1, control: 0.83, stage3: 0.9);
        Run("group/seed-1", seed: 1, control: 0.83, stage3: 0.9);
        _folder.Write("group/seeds.json", """{ "schema": 1, "seeds": [1] }""");
        var run = CommandLine.Run("compare", _folder.File(first), _folder.File(second));
        Assert.That((run.Code, run.Out), Is.EqualTo((ExitCodes.Usage, "")));
        Assert.That(run.Err, Does.Contain("is named twice"));
    }

    [TestCase("result.json", "{ \"schema\": ", ExitCodes.Check)]
    [TestCase("result.json", """{ "schema": 1, "seed": 1 }""", ExitCodes.Check)]
    [TestCase("result.json", "{}", ExitCodes.Check)]
    [TestCase(null, "", ExitCodes.Environment)]
    [TestCase("seeds.json", """{ "schema": 1, "seeds": [1] }""", ExitCodes.Environment)]
    [TestCase("seeds.json", """{ "schema": 1, "seeds": [] }""", ExitCodes.Check)]
    [TestCase("seeds.json", """{ "schema": 1, "seeds": [1, 1] }""", ExitCodes.Check)]
    [TestCase("seeds.json", """{ "schema": 1, "seeds": [-1] }""", ExitCodes.Check)]
    [TestCase("seeds.json", """{ "schema": 2, "seeds": [1] }""", ExitCodes.Check)]
    [TestCase("seeds.json", "null", ExitCodes.Check)]
    public void Compare_WithoutAResult_SaysSo(string? file, string content, int code)
    {
        if (file is not null)
        {
            _folder.Write(file, content);
        }

        var run = CommandLine.Run("compare", _folder.Path);
        Assert.That((run.Code, run.Out), Is.EqualTo((code, "")), run.Err);
        Assert.That(run.Err.Trim().Split('\n'), Has.Length.EqualTo(1));
    }

    /// <summary>Three runs end at other updates: the mean is where all of them were measured.</summary>
    [Test]
    public void Page_HasTheTable_EveryRunsCurve_AndTheirMean()
    {
        foreach (var (seed, last) in new[] { (1, 20), (2, 20), (3, 30) })
        {
            Run($"seed-{seed}", seed, control: 0.83, stage3: 0.9);
            _folder.Write($"seed-{seed}/metrics.jsonl", $$"""
                {"stage":"stage-1-classifier","step":10,"time":1,"test/top1":0.{{seed}}}
                {"stage":"stage-1-classifier","step":{{last}},"time":2,"test/top1":0.9}

                """);
        }

        Directory.Delete(_folder.File("seed-3"), recursive: true);
        Run("<seed-3>", seed: 3, control: 0.83, stage3: 0.9);
        var run = CommandLine.Run(
            "compare", _folder.File("seed-1"), _folder.File("seed-2"), _folder.File("<seed-3>"), "--out", _folder.File("page.html"));
        Assert.That(run.Code, Is.Zero, run.Err);
        var page = File.ReadAllText(_folder.File("page.html"));
        Assert.Multiple(() =>
        {
            Assert.That(page, Does.Contain("<td>&lt;seed-3&gt;</td>").And.Contain("<th>over control</th>").And.Contain("<td>mean of 3</td>"));
            Assert.That(page, Does.Contain($"data-name=\"{_folder.File("seed-2")}\""));
            Assert.That(page.Split("<polyline class=\"smean\""), Has.Length.EqualTo(2), "one mean of the one training");
            Assert.That(page, Does.Contain("metrics.jsonl is not there yet"));
        });
    }

    private void Run(string name, int seed, double control, double stage3, double? selfTraining = null) => _folder.Write(
        $"{name}/result.json", JsonText.Of(FakeCommands.Of(seed, stage1: 0.8, pseudoLabels: 0.79, control, stage3, selfTraining)));
}
