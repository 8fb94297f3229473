using System.Runtime.Versioning;
using DPT.Engine.Cli;
using DPT.Engine.Dpt;

namespace Cli.Tests;

/// <summary>The report of a whole run, of half a run, and of a damaged one.</summary>
public sealed class ReportTests
{
    private static readonly string[] Animals = ["cat", "dog"];

    [Test]
    public void Report_OfAWholeRun_ShowsEverything_AndNeedsNothingElse()
    {
        using var run = new ReportFolder(Animals);
        var page = run.Page();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(page, Does.Contain("Stage 3: with pseudo-images <b>90.0 %</b>").And.Contain("<polygon class=\"band"), "accuracies with bands");
            Assert.That(page, Does.Contain("<span class=\"name\">cat</span>").And.Contain("<span class=\"name\">dog</span>"), "rows of pictures");
            Assert.That(page.Split("class=\"pixel\""), Has.Length.EqualTo(1 + 2 + 4 + 4 + 6 + 6 + 1), "labelled, others, drawn, surest, least sure, wrong");
            Assert.That(page, Does.Contain("title=\"cat/1.png\"").And.Contain("is cat"), "names of files, and the truth");
            Assert.That(page, Does.Contain("base64,AQID\"><figcaption>20 updates"), "film");
            Assert.That(page, Does.Contain("base64,BAUG"), "neighbours");
            Assert.That(page, Does.Contain("Right pseudo-labels by confidence").And.Contain("probability of the pseudo-label"), "reliability and histogram");
            Assert.That(page, Does.Contain("Most frequent: dog as cat (1).").And.Contain("<td class=\"hit\" style=\"--share:0.75\">3</td>"), "confusion");
            Assert.That(page, Does.Contain("Cross-entropy of labelled images").And.Contain("logarithmic scale"), "curves");
            Assert.That(page, Does.Contain("<td>Stage 2: generator</td><td>1m 00s</td><td>60.0 %</td>"), "time");
            Assert.That(page, Does.Not.Contain("Left out").And.Not.Contain("NaN"));
            Assert.That(page, Does.Not.Match("(src|href)=\"(?!data:)"), "no link");
            Assert.That(page, Does.Not.Contain("http:").And.Not.Contain("https:").And.Not.Contain("@import").And.Not.Contain("url("));
        }
    }

    /// <summary>Pictures of a training that was begun anew with other settings may lie there still: the metrics say which count.</summary>
    [Test]
    public void Film_HasThePicturesOfTheTrainingThatCounts_AndNoMoreThanFit()
    {
        using var run = new ReportFolder(Animals);
        File.WriteAllBytes(run.Run.Round(1).Diffusion.FrameOf(15), [7, 8, 9]);
        Assert.That(run.Page(), Does.Not.Contain("base64,BwgJ"));
        run.Write("metrics.jsonl", string.Concat(Enumerable.Range(1, 100).Select(step =>
            $"{{\"stage\":\"stage-2-diffusion\",\"step\":{step},\"time\":1,\"seen/loss\":0.2}}\n")));
        Array.ForEach([.. Enumerable.Range(1, 100)], step => File.WriteAllBytes(run.Run.Round(1).Diffusion.FrameOf(step), [7, 8, 9]));
        var page = run.Page();
        Assert.That(page.Split("base64,BwgJ"), Has.Length.EqualTo(1 + 8));
        Assert.That(page, Does.Contain("<figcaption>1 updates").And.Contain("<figcaption>100 updates"));
    }

    /// <summary>By hand: 140 of 2000 more, Bonett and Price's interval 141 - 1 of 2002 with a half-width of 1.43 points.</summary>
    [Test]
    public void Headline_SaysTheGainWithItsInterval_AndOfWhat()
    {
        using var run = new ReportFolder(Animals);
        var page = run.Page();
        Assert.That(page, Does.Contain("<h1><span class=\"number\">90.0 %</span><span class=\"is\">of 2,000 test images right, trained with 2 labels and pseudo-images"));
        Assert.That(page, Does.Contain("<p class=\"gain up\">+7.0 points").And.Contain("95 % interval +5.6 to +8.4. More than chance"));
        Assert.That(page, Does.Contain("of 2,000 test images, 180 only stage 3 has right and 40 only the control"));
        Assert.That(page, Does.Contain("<dd>digits: 10 classes, 16 x 16 grey</dd>").And.Contain("<dd>2026-03-04 05:06 UTC</dd>").And.Contain("<dd>host, 2 threads</dd>").And.Contain("<dd>5m 52s</dd>"));
        Assert.That(page, Does.Contain("<code>dpt run --data &#39;folder:my pictures&#39;</code>"));
    }

    [TestCase(50, 45, "gain ", "No difference that these test images can tell from chance")]
    [TestCase(40, 180, "gain down", "Less than the control")]
    public void Headline_OfNoGain_ClaimsNone(int onlyStage3, int onlyControl, string style, string verdict)
    {
        using var run = new ReportFolder(Animals);
        var stage3 = ReportFolder.Result.Stage3 with
        {
            Top1 = 0.8 + (onlyStage3 / 2000.0),
            ControlTop1 = 0.8 + (onlyControl / 2000.0),
            PairedControl = new PairedControl(onlyStage3, onlyControl, 2000),
        };
        Assert.That(run.PageOf(ReportFolder.Result with { Stage3 = stage3 }), Does.Contain($"class=\"{style}\"").And.Contain(verdict));
    }

    /// <summary>The second round trains no control: nothing is known image by image.</summary>
    [Test]
    public void Headline_OfALaterRound_HasNoInterval_AndShowsTheRounds()
    {
        using var run = new ReportFolder(Animals);
        var result = FakeCommands.Result with { Rounds = [new RoundResult(0.7, 3, 0.9, 0.85), new RoundResult(0.8, 2, 0.95, 0.9)] };
        Assert.That(run.PageOf(result), Does.Contain("+7.0 points").And.Not.Contain("95 % interval +").And.Contain("<td>2</td><td>80.0 %</td><td>90.0 %</td>"));
    }

    [Test]
    public void Headline_WithoutTestImages_ClaimsNothing()
    {
        using var run = new ReportFolder(Animals);
        var page = run.PageOf(FakeCommands.Result with
        {
            Data = FakeCommands.Result.Data with { Test = 0 },
            Stage1 = new Stage1Result(null, null, null, 1),
            Stage3 = FakeCommands.Result.Stage3 with { Top1 = null, ControlTop1 = null },
            Rounds = [new RoundResult(null, 3, 0.9, null)],
        });
        Assert.That(page, Does.Contain("<span class=\"number\">Not measured</span>").And.Not.Contain("NaN").And.Not.Contain("class=\"gain"));
    }

    [Test]
    public void Report_OfARunInProgress_SaysSo_AndShowsWhatThereIs()
    {
        using var run = new ReportFolder(Animals);
        File.Delete(run.Run.ResultPath);
        JsonFiles.Save(run.Run.Round(1).Labels.ResultPath, ReportFolder.Result.Stage1);
        foreach (var stage in run.Run.Stages.Skip(1))
        {
            File.Delete(stage.ManifestPath);
        }

        var page = run.Page();
        Assert.That(page, Does.Contain("Not finished").And.Contain("pictures, 2 labels").And.Contain("Stage 2: generator, 20 updates so far").And.Contain("it is written anew"));
        Assert.That(page, Does.Contain("<b>81.3 %</b>stage 1, from few labels").And.Contain("<td>Stage 1: few labels</td><td>30s</td><td>100.0 %</td>"));
        Assert.That(page, Does.Contain("result.json is not there yet").And.Not.Contain("class=\"gain"));
    }

    [Test]
    public void Report_InTheSecondRound_IsNotFinished_ThoughThereIsAStage3()
    {
        using var run = new ReportFolder(Animals);
        File.Delete(run.Run.ResultPath);
        JsonFiles.Save(run.Run.Round(1).Retrain.ResultPath, ReportFolder.Result.Stage3);
        Directory.CreateDirectory(run.Run.Round(2).Labels.FolderPath);
        Assert.That(run.Page(), Does.Contain("Not finished").And.Contain("Stage 1: few labels, round 2, not begun").And.Contain("<b>83.0 %</b>control"));
    }

    [Test]
    public void Report_OfAnEmptyFolder_SaysWhatIsMissing()
    {
        using var folder = new TemporaryFolder();
        Report.Write(new RunLayout(folder.Path));
        var page = File.ReadAllText(folder.File("report.html"));
        Assert.That(page, Does.Contain("Left out").And.Contain("result.json is not there yet").And.Contain("Stage 1: few labels, not begun"));
    }

    /// <summary>Names of classes and files, the command and the settings are a user's.</summary>
    [Test]
    public void Report_OfHostileText_EncodesIt()
    {
        const string Hostile = "<script>alert(1)</script>\" onerror=\"alert(2)'&";
        using var run = new ReportFolder([Hostile, "dog"]);
        run.Write("config.resolved.json", $$"""{ "data.spec": { "value": "<script>alert(3)</script>", "origin": "<i>\"&" }, "<b>": 1 }""");
        JsonFiles.Save(run.Run.RecordPath, run.Run.RecordPath is var path ? JsonFiles.Load<RunRecord>(path) with { CommandLine = [Hostile], Device = Hostile } : null!);
        var page = run.PageOf(ReportFolder.Result with { Data = ReportFolder.Result.Data with { Name = Hostile }, Warnings = [Hostile] });
        Assert.That(page, Does.Contain("&lt;script&gt;alert(1)").And.Contain("&lt;script&gt;alert(3)"));
        Assert.That(page, Does.Not.Contain("<script>alert").And.Not.Contain("\" onerror").And.Not.Contain("<i>\"").And.Not.Contain("<b>\""));
        Assert.That(page, Does.Match("script-src 'sha256-[^']+'\">"), "and would not run if it had slipped in");
    }

    [TestCase(200, 32)]
    [TestCase(20, 256)]
    public void Report_OfManyClassesOrLargeImages_StaysSmall(int classes, int side)
    {
        using var run = new ReportFolder([.. Enumerable.Range(0, classes).Select(label => $"class {label}")], side, perClass: 2);
        var page = run.Page();
        Assert.That(page.Split("class=\"name\""), Has.Length.EqualTo(1 + 20));
        Assert.That(page.Contains($"The first 20 of {classes} classes"), Is.EqualTo(classes > 20));
        Assert.That(page.Length, Is.LessThan(5_000_000));
    }

    [TestCase("result.json", "{ \"stage1\": ")]
    [TestCase("metrics.jsonl", "not json\n")]
    [TestCase("metrics.jsonl", "{\"loss\": 1}\n")]
    [TestCase("run.json", "{}")]
    [TestCase("labels.csv", "index,label\n99,0\n")]
    [TestCase("config.resolved.json", "[")]
    [TestCase("stage-1-classifier/pseudo-labels.csv", "")]
    [TestCase("stage-1-classifier/pseudo-labels.csv", "file,label,probability\n1,2\n")]
    [TestCase("stage-1-classifier/manifest.json", "{}")]
    [TestCase("stage-2-diffusion/pseudo-images/shard-000-00000.safetensors", "x", "stage-2-diffusion/pseudo-images")]
    [TestCase("stage-3-classifier/confusion.json", "[[1,2],[3]]")]
    [TestCase("stage-3-classifier/confusion.json", "null")]
    public void Report_OfADamagedFile_LeavesItOutAndSaysSo(string name, string content, string? noted = null)
    {
        using var run = new ReportFolder(Animals);
        run.Write(name, content);
        Assert.That(run.Page(), Does.Contain($"{noted ?? name} cannot be read"));
    }

    [TestCase("result.json")]
    [TestCase("metrics.jsonl")]
    [TestCase("stage-1-classifier/pseudo-labels.csv")]
    [TestCase("stage-2-diffusion/neighbours.png")]
    [TestCase("stage-3-classifier/confusion.json")]
    [Platform("Linux")]
    public void Report_OfADeviceInPlaceOfAFile_LeavesItOut(string name)
    {
        using var run = new ReportFolder(Animals);
        var path = Path.Combine(run.Run.FolderPath, name);
        File.Delete(path);
        File.CreateSymbolicLink(path, "/dev/zero");
        Assert.That(run.Page(), Does.Contain($"{name} cannot be read"));
    }

    /// <summary>The data may have moved since, or be others: what can be shown without them is shown.</summary>
    [TestCase("folder:/nowhere/at/all", "the data set cannot be read")]
    [TestCase("digits", "the data set cannot be read: &#39;digits&#39; holds other images now than the run had")]
    public void Report_WithoutTheData_LeavesTheirPicturesOut(string spec, string note)
    {
        using var run = new ReportFolder(Animals);
        run.Write("config.resolved.json", ConfigLoader.Load(
            null, null, new Dictionary<string, string>(), [new Assignment("data.spec", spec, "--data"), new Assignment("data.trainLimit", "20", "--set")]).ToJson());
        Report.Write(run.Run);
        var page = File.ReadAllText(run.Run.ReportPath);
        Assert.That(page, Does.Contain(note).And.Contain("+7.0 points").And.Contain("probability of the pseudo-label").And.Not.Contain("class=\"pixel\""));
    }

    [Test]
    public void Settings_ThatDiffer_ComeFirst()
    {
        using var run = new ReportFolder(Animals);
        var page = run.Page();
        var (changed, all) = (page[..page.IndexOf("<details>", StringComparison.Ordinal)], page[page.IndexOf("<details>", StringComparison.Ordinal)..]);
        Assert.That(changed, Does.Contain("<td>seed</td><td>7</td><td>1</td><td>--seed</td>").And.Not.Contain("<td>stage1.steps</td>"));
        Assert.That(all, Does.Contain("<td>stage1.steps</td>"));
    }

    [Test]
    public void Series_AfterAResume_TheLaterLineStands()
    {
        using var folder = new TemporaryFolder();
        folder.Write("metrics.jsonl", """
            {"stage":"stage-1-classifier","step":10,"time":1,"train/loss":3}
            {"stage":"stage-1-classifier","step":20,"time":2,"train/loss":2}
            {"stage":"stage-1-classifier","step":30,"time":3,"train/loss":"NaN"}
            {"stage":"stage-1-classifier","step":10,"time":4,"resumed":10}
            {"stage":"stage-1-classifier","step":20,"time":5,"train/loss":1.5}

            """);
        Assert.That(new RunFiles(new RunLayout(folder.Path)).Series("train/loss").Single().Points, Is.EqualTo(new[] { (10.0, 3.0), (20.0, 1.5) }));
    }

    /// <summary>Names of files with commas, quotes and line breaks, as the run writes them.</summary>
    [Test]
    public void Confidences_OfFileNamesWithCommas_AreRead()
    {
        using var folder = new TemporaryFolder();
        folder.Write(
            "stage-1-classifier/pseudo-labels.csv",
            "file,label,probability\n\"a/one, two.png\",3,0.99\n\"b/\"\"x\"\",0.1.png\",4,0.5\n\"b/two\nlines.png\",4,1\n");
        Assert.That(new RunFiles(new RunLayout(folder.Path)).Confidences(), Is.EqualTo([0.99f, 0.5f, 1f]));
    }

    [Test]
    public void Verb_WritesThePageAgain_AndNothingElse()
    {
        using var run = new ReportFolder(Animals);
        run.Write(".lock", "");
        var before = Directory.GetFiles(run.Run.FolderPath, "*", SearchOption.AllDirectories).Append(run.Run.ReportPath);
        var (code, output, _) = CommandLine.RunReal(["report", run.Run.FolderPath, "--json"]);
        Assert.That(code, Is.Zero);
        Assert.That(output, Does.Contain(run.Run.ReportPath));
        Assert.That(File.ReadAllText(run.Run.ReportPath), Does.Contain("+7.0 points"));
        Assert.That(Directory.GetFiles(run.Run.FolderPath, "*", SearchOption.AllDirectories), Is.EquivalentTo(before));
    }

    /// <summary>The browser is given the page, and that there is none is said when the page is there.</summary>
    [Test]
    [Platform(Exclude = "Win", Reason = "the browser is a script of the shell")]
    [UnsupportedOSPlatform("windows")]
    public void Report_Opened_GivesThePageToTheBrowser()
    {
        using var run = new ReportFolder(Animals);
        run.Write(".lock", "");
        using var folder = new TemporaryFolder();
        var seen = folder.File("seen");
        var browser = folder.Write("browser", $"#!/bin/sh\nprintf %s \"$1\" > {seen}.part\nmv {seen}.part {seen}\n");
        File.SetUnixFileMode(browser, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        var environment = new Dictionary<string, string> { ["BROWSER"] = browser };
        var shown = CommandLine.Run(["report", run.Run.FolderPath, "--open"], new FakeCommands(), environment);
        Assert.That(shown.Code, Is.Zero, shown.Err);
        Assert.That(() => File.Exists(seen), Is.True.After(20_000, 20));
        Assert.That(File.ReadAllText(seen), Is.EqualTo(run.Run.ReportPath).And.EndsWith("report.html"));

        File.Delete(run.Run.ReportPath);
        environment["BROWSER"] = folder.File("nothing");
        var none = CommandLine.Run(["report", run.Run.FolderPath, "--open"], new FakeCommands(), environment);
        Assert.That((none.Code, File.Exists(run.Run.ReportPath)), Is.EqualTo((ExitCodes.Environment, true)));
        Assert.That(none.Err, Does.Match("^error: cannot show '.*report.html': .*; open it yourself, or name a browser in BROWSER\n$"));
    }

    [Test]
    public void Verb_WithoutARun_SaysWhatToGive()
    {
        using var folder = new TemporaryFolder();
        Assert.That(CommandLine.RunReal(["report"]).Code, Is.EqualTo(ExitCodes.Usage));
        var (code, _, errors) = CommandLine.RunReal(["report", folder.Path]);
        Assert.That(code, Is.EqualTo(ExitCodes.Environment));
        Assert.That(errors, Does.Contain("is not a run folder"));
    }
}
