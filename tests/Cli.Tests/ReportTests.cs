using System.Xml.Linq;
using DPT.Engine.Cli;
using DPT.Engine.Dpt;

namespace Cli.Tests;

/// <summary>The report of a whole run, of half a run, and of a damaged one.</summary>
public sealed class ReportTests
{
    [Test]
    public void Report_OfAWholeRun_ShowsEverything_AndNeedsNothingElse()
    {
        using var folder = WholeRun();
        Report.Write(new RunLayout(folder.Path));
        var page = File.ReadAllText(folder.File("report.html"));
        Assert.Multiple(() =>
        {
            Assert.That(page, Does.Contain("<b>90.0 %</b>").And.Contain("<b>83.0 %</b>"), "result and control");
            Assert.That(page, Does.Contain("data:image/png;base64,AQID").And.Contain("data:image/png;base64,BAUG"), "samples");
            Assert.That(page, Does.Contain("<polyline").And.Contain("stage-1-classifier: loss").And.Contain("top-1 on the test set"), "curves");
            Assert.That(page, Does.Contain("accuracy of the pseudo-labels by confidence"), "reliability");
            Assert.That(page, Does.Contain("Confusion").And.Contain("<td style=\"--share:0.75\">3</td>"), "confusion");
            Assert.That(page, Does.Contain("probability of the chosen class"), "histogram");
            Assert.That(page, Does.Contain("stage1.learningRate").And.Contain("--seed"), "settings with origins");
            Assert.That(page, Does.Not.Contain("Left out"));
            Assert.That(page, Does.Not.Match("(src|href)=\"(?!data:)"), "no link");
            Assert.That(page, Does.Not.Contain("http:").And.Not.Contain("https:").And.Not.Contain("@import").And.Not.Contain("url("));
        });
    }

    /// <summary>Names of files with commas, quotes and line breaks, as the run writes them.</summary>
    [Test]
    public void Report_OfFileNamesWithCommas_ShowsTheirConfidences()
    {
        using var folder = WholeRun();
        folder.Write(
            "stage-1-classifier/pseudo-labels.csv",
            "file,label,probability\n\"a/one, two.png\",3,0.99\n\"b/\"\"x\"\",0.1.png\",4,0.5\n\"b/two\nlines.png\",4,1\n");
        Assert.That(new RunFiles(new RunLayout(folder.Path)).Confidences(), Is.EqualTo([0.99f, 0.5f, 1f]));
        Report.Write(new RunLayout(folder.Path));
        Assert.That(
            File.ReadAllText(folder.File("report.html")),
            Does.Contain("probability of the chosen class").And.Not.Contain("Left out"));
    }

    [Test]
    public void Report_OfAnEmptyFolder_SaysWhatIsMissing()
    {
        using var folder = new TemporaryFolder();
        Report.Write(new RunLayout(folder.Path));
        var page = File.ReadAllText(folder.File("report.html"));
        Assert.That(page, Does.Contain("Left out").And.Contain("result.json is not there yet"));
    }

    [TestCase("result.json", "{ \"stage1\": ")]
    [TestCase("metrics.jsonl", "not json\n")]
    [TestCase("metrics.jsonl", "{\"loss\": 1}\n")]
    [TestCase("stage-1-classifier/pseudo-labels.csv", "")]
    [TestCase("stage-1-classifier/pseudo-labels.csv", "index,label,probability\n1,2\n")]
    [TestCase("stage-1-classifier/pseudo-labels.csv", "index,label,probability\n1,2,x\n")]
    [TestCase("stage-3-classifier/confusion.json", "[[1,2],[3]]")]
    [TestCase("stage-3-classifier/confusion.json", "null")]
    public void Report_OfADamagedFile_LeavesItOutAndSaysSo(string name, string content)
    {
        using var folder = WholeRun();
        folder.Write(name, content);
        Report.Write(new RunLayout(folder.Path));
        Assert.That(File.ReadAllText(folder.File("report.html")), Does.Contain($"{name} cannot be read"));
    }

    [TestCase("result.json")]
    [TestCase("metrics.jsonl")]
    [TestCase("stage-1-classifier/pseudo-labels.csv")]
    [TestCase("stage-2-diffusion/samples.png")]
    [TestCase("stage-3-classifier/confusion.json")]
    [Platform("Linux")]
    public void Report_OfADeviceInPlaceOfAFile_LeavesItOut(string name)
    {
        using var folder = WholeRun();
        File.Delete(folder.File(name));
        File.CreateSymbolicLink(folder.File(name), "/dev/zero");
        Report.Write(new RunLayout(folder.Path));
        Assert.That(File.ReadAllText(folder.File("report.html")), Does.Contain($"{name} cannot be read"));
    }

    [Test]
    public void Report_OfHostileText_EscapesIt()
    {
        using var folder = new TemporaryFolder();
        folder.Write("config.resolved.json", """{ "data.spec": { "value": "<script>alert(1)</script>", "origin": "\"&" } }""");
        folder.Write("result.json", """{ "<b>": 1, "stage1": "<i>" }""");
        Report.Write(new RunLayout(folder.Path));
        var page = File.ReadAllText(folder.File("report.html"));
        Assert.That(page, Does.Not.Contain("<script>").And.Not.Contain("<i>").And.Contain("&lt;script&gt;"));
    }

    [Test]
    public void Metrics_AfterAResume_TheLaterLineStands()
    {
        using var folder = new TemporaryFolder();
        folder.Write("metrics.jsonl", """
            {"stage":"stage-1-classifier","step":10,"time":1,"train/loss":3}
            {"stage":"stage-1-classifier","step":20,"time":2,"train/loss":2}
            {"stage":"stage-1-classifier","step":30,"time":3,"train/loss":"NaN"}
            {"stage":"stage-1-classifier","step":10,"time":4,"resumed":10}
            {"stage":"stage-1-classifier","step":20,"time":5,"train/loss":1.5}

            """);
        var points = new RunFiles(new RunLayout(folder.Path)).Metrics()[("stage-1-classifier", "train/loss")];
        Assert.That(points, Is.EqualTo(new[] { (10.0, 3.0), (20.0, 1.5) }));
    }

    [Test]
    public void Plot_OfOnePoint_HasAnAxis()
    {
        var svg = SvgPlot.Lines("loss", "step", [new Curve("train", [(5, 2)])]);
        Assert.That(svg, Does.Contain("<polyline").And.Not.Contain("NaN").And.Not.Contain("∞"));
    }

    [Test]
    public void Plot_OfNothingFinite_IsLeftOut() =>
        Assert.That(SvgPlot.Lines("loss", "step", [new Curve("train", [(5, double.NaN)])]), Is.Empty);

    [Test]
    public void LogLogFile_OfAPowerLaw_IsXmlWithDotsOnTheDiagonal()
    {
        var svg = XDocument.Parse(SvgPlot.LogLogFile(
            "time < work", "work", [new Curve("measured", [(1, 0.01), (10, 0.1), (100, 1)], Dots: true)]));
        var dots = svg.Descendants().Where(e => e.Name.LocalName == "circle")
            .Select(e => ((double)e.Attribute("cx")!, (double)e.Attribute("cy")!))
            .ToList();
        Assert.That(dots, Has.Count.EqualTo(3));
        Assert.That(dots[1].Item1, Is.EqualTo((dots[0].Item1 + dots[2].Item1) / 2).Within(1e-3));
        Assert.That(dots[1].Item2, Is.EqualTo((dots[0].Item2 + dots[2].Item2) / 2).Within(1e-3));
        Assert.That(svg.Root!.Value, Does.Contain("time < work").And.Contain("measured").And.Contain("0.05").And.Contain("50"));
    }

    private static TemporaryFolder WholeRun()
    {
        var folder = new TemporaryFolder();
        folder.Write("result.json", JsonText.Of(FakeCommands.Result));
        folder.Write("metrics.jsonl", """
            {"stage":"stage-1-classifier","step":10,"time":1,"labelled/loss":2.3,"unlabelled/loss":1.5}
            {"stage":"stage-1-classifier","step":20,"time":2,"labelled/loss":1.3,"unlabelled/loss":1.1,"test/top1":0.6}

            """);
        folder.Write("stage-1-classifier/pseudo-labels.csv", "index,label,probability\n0,3,0.99\n1,4,0.5\n2,4,1\n");
        folder.Write("stage-3-classifier/confusion.json", "[[3,1],[0,4]]");
        folder.Write("stage-2-diffusion/samples.png", "");
        File.WriteAllBytes(folder.File("stage-2-diffusion/samples.png"), [1, 2, 3]);
        folder.Write("stage-2-diffusion/neighbours.png", "");
        File.WriteAllBytes(folder.File("stage-2-diffusion/neighbours.png"), [4, 5, 6]);
        folder.Write("config.resolved.json", ConfigLoader.Load(
            null, null, new Dictionary<string, string>(), [new Assignment("seed", "7", "--seed")]).ToJson());
        return folder;
    }
}
