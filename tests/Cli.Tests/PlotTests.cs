using System.Globalization;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using DPT.Engine.Cli;

namespace Cli.Tests;

/// <summary>Charts as SVG.</summary>
public sealed class PlotTests
{
    [Test]
    public void Plot_OfOnePoint_HasAnAxis()
    {
        var svg = SvgPlot.Lines(new Plot("loss", "updates"), [new Curve("train", [(5, 2)])]);
        Assert.That(svg, Does.Contain("<polyline").And.Not.Contain("NaN").And.Not.Contain("∞"));
    }

    [Test]
    public void Plot_OfNothingFinite_IsLeftOut() =>
        Assert.That(SvgPlot.Lines(new Plot("loss", "updates"), [new Curve("train", [(5, double.NaN)])]), Is.Empty);

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

    /// <summary>The last line of the metrics of a long run is no smaller than the screen: the text is bounded, and no spike is lost.</summary>
    [Test]
    public void Plot_OfManyPoints_IsBounded_AndKeepsTheirSpikes()
    {
        var points = Enumerable.Range(0, 100_000).Select(i => ((double)i, i == 77_777 ? 1000.0 : Math.Sin(i))).ToList();
        var thinned = new Curve("loss", points).Thinned().Points;
        Assert.That(thinned, Has.Count.LessThan(500).And.Some.EqualTo((77_777.0, 1000.0)));
        Assert.That(thinned.Select(point => point.X), Is.Ordered);
        Assert.That(thinned[0].X, Is.LessThan(500));
        Assert.That(thinned[^1].X, Is.GreaterThan(99_500));
        Assert.That(SvgPlot.Lines(new Plot("loss", "updates"), [new Curve("loss", points)]), Has.Length.LessThan(20_000));
    }

    [Test]
    public void Plot_WithALogarithm_HasBothScales_WhereAllIsPositive()
    {
        var plot = new Plot("loss", "updates") { HasLogarithm = true };
        Assert.That(
            SvgPlot.Lines(plot, [new Curve("train", [(1, 0.001), (2, 10)])]), Does.Contain("class=\"linear\"").And.Contain("class=\"log\"").And.Contain("log number"));
        Assert.That(SvgPlot.Lines(plot, [new Curve("train", [(1, 0), (2, 10)])]), Does.Not.Contain("linear\"").And.Not.Contain("log\""));
    }

    /// <summary>What the page's script does to show values: coordinates back into values, by the ends of the axes.</summary>
    [TestCase(false)]
    [TestCase(true)]
    public void Plot_SaysHowToReadItsCoordinates(bool logarithmic)
    {
        var svg = SvgPlot.Lines(new Plot("loss", "updates") { HasLogarithm = true }, [new Curve("train", [(0, 0.5), (30, 8), (100, 2)])]);
        var part = svg[svg.IndexOf(logarithmic ? "class=\"log\"" : "class=\"linear\"", StringComparison.Ordinal)..];
        double[] box = Numbers(Attribute(part, "data-box")), y = Numbers(Attribute(part, "data-y"));
        var heights = Attribute(part, "points").Split(' ').Select(point => Numbers(point.Replace(',', ' '))[1]);
        Assert.That(heights.Select(Value), Is.EqualTo(new[] { 0.5, 8, 2 }).Within(0.01));

        double Value(double height)
        {
            var share = (box[3] - height) / (box[3] - box[2]);
            return logarithmic ? y[0] * Math.Pow(y[1] / y[0], share) : y[0] + (share * (y[1] - y[0]));
        }
    }

    [TestCase(0.00012, false, "1.2e-4")]
    [TestCase(0.25, false, "0.25")]
    [TestCase(0, false, "0")]
    [TestCase(12_000, false, "12 k")]
    [TestCase(2_500_000, false, "2.5 M")]
    [TestCase(0.845, true, "84.5 %")]
    public void Ticks_AreWrittenInShort(double value, bool isShare, string text) =>
        Assert.That(new PlotAxis(0, 1, Unit: isShare ? AxisUnit.Percent : AxisUnit.Number).Text(value), Is.EqualTo(text));

    [Test]
    public void Ticks_AroundZero_HaveNoMinusZero() => Assert.That(
        new PlotAxis(-1e-12, 1).Ticks().Select(tick => tick.ToString(CultureInfo.InvariantCulture)), Has.None.StartsWith("-"));

    private static string Attribute(string svg, string name) => Regex.Match(svg, $"{name}=\"([^\"]*)\"").Groups[1].Value;

    private static double[] Numbers(string text) =>
        [.. text.Split(' ').Select(word => double.TryParse(word, CultureInfo.InvariantCulture, out var number) ? number : double.NaN)];
}
