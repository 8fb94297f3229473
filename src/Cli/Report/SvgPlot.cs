using System.Globalization;
using System.Net;
using System.Text;

namespace DPT.Engine.Cli;

/// <summary>
/// Line and bar charts as SVG text: they need no fonts and no native library where they are made, and they stay
/// sharp and selectable where they are read. Colours come from the page's style sheet, values under the pointer from its script.
/// </summary>
internal static class SvgPlot
{
    private const int Colours = 6;

    /// <summary>Up to so many points are marked.</summary>
    private const int FewPoints = 24;

    private static readonly SvgFrame _small = new(380, 230);
    private static readonly SvgFrame _large = new(1080, 420);

    /// <summary>What the page's style sheet would say, for a file that stands alone on light paper or dark.</summary>
    private const string FileStyle =
        "text{font:11px system-ui,sans-serif;fill:#8694a3}.grid{stroke:#8694a3;stroke-opacity:.3}"
        + "polyline,circle{fill:none;stroke-width:1.8}"
        + ".s0{stroke:#2265c3}.s1{stroke:#d1622b}.s2{stroke:#2d8f5b}.s3{stroke:#9b4fc0}.s4{stroke:#b8922a}.s5{stroke:#58717f}"
        + ".b0{fill:#2265c3}.b1{fill:#d1622b}.b2{fill:#2d8f5b}.b3{fill:#9b4fc0}.b4{fill:#b8922a}.b5{fill:#58717f}";

    /// <summary>Draws curves over common axes; points that are not finite break nothing and are left out.</summary>
    public static string Lines(Plot plot, IReadOnlyList<Curve> curves)
    {
        curves = [.. curves
            .Select(curve => curve with { Points = [.. curve.Points.Where(point => double.IsFinite(point.Y))] })
            .Where(curve => curve.Points.Count > 0)
            .Select(curve => curve.Thinned() with { IsMarked = curve.Points.Count <= FewPoints })];
        if (curves.Count == 0)
        {
            return "";
        }

        var x = PlotAxis.Over(curves.SelectMany(c => c.Points).Select(p => p.X).Append(0), unit: plot.AcrossUnit);
        var values = curves.SelectMany(c => c.Points.Select(p => p.Y).Concat(c.Band.SelectMany(ends => new[] { ends.Low, ends.High }))).ToList();
        var y = PlotAxis.Over(values, unit: plot.Unit);
        var svg = Begin(plot.Title, plot.IsLarge);
        foreach (var (frame, style) in plot.IsLarge ? [(_large, "broad"), (_small, "narrow")] : new[] { (_small, "") })
        {
            if (plot.HasLogarithm && y.Least > 0)
            {
                Draw(svg, frame, $"{style} linear", plot, x, y, curves);
                Draw(svg, frame, $"{style} log", plot, x, y with { Logarithmic = true }, curves);
            }
            else
            {
                Draw(svg, frame, style, plot, x, y, curves);
            }
        }

        return svg
            .Append(plot.SharesLegend || (curves.Count == 1 && !plot.IsLarge)
                ? ""
                : Legend(curves.Select((curve, i) => (curve.Name, Colour(curve, i), plot.TellsEnds ? y.Precise(curve.Points[^1].Y) : ""))))
            .Append(plot.Note.Length > 0 ? $"<p class=\"note\">{WebUtility.HtmlEncode(plot.Note)}</p>" : "")
            .Append("</figure>")
            .ToString();
    }

    /// <summary>A legend for plots that share it.</summary>
    public static string Legend(IEnumerable<string> names) => Legend(names.Select((name, i) => (name, $"{i % Colours}", "")));

    /// <summary>
    /// Draws curves of positive numbers over logarithmic axes, where a power is a straight line, as the text of an SVG file
    /// of its own, with colours, title and legend inside.
    /// </summary>
    public static string LogLogFile(string title, string unit, IReadOnlyList<Curve> curves)
    {
        const double Line = 20;
        var frame = new SvgFrame(560, 260);
        var points = curves.SelectMany(c => c.Points).ToList();
        var x = PlotAxis.Over(points.Select(p => p.X), logarithmic: true);
        var y = PlotAxis.Over(points.Select(p => p.Y), logarithmic: true);
        var svg = new StringBuilder("<svg xmlns=\"http://www.w3.org/2000/svg\" ")
            .Append($"viewBox=\"0 {SvgFrame.Number(-Line)} {SvgFrame.Number(frame.Width)} {SvgFrame.Number(frame.Height + (2 * Line))}\"><style>{FileStyle}</style>");
        frame.Label(svg, SvgFrame.Left, -4, "start", title);
        frame.Axes(svg, x, y, unit);
        Draw(svg, frame, x, y, curves);
        foreach (var (i, curve) in curves.Index())
        {
            frame.Label(svg, SvgFrame.Left + (i * 200), frame.Height + Line - 6, "start", "\u25A0 " + curve.Name, $"b{i % Colours}");
        }

        return svg.Append("</svg>\n").ToString();
    }

    /// <summary>Draws a histogram.</summary>
    /// <param name="title">What is counted.</param>
    /// <param name="across">What the horizontal axis is.</param>
    /// <param name="counts">Counts of equal bins between 0 and 1.</param>
    public static string Bars(string title, string across, IReadOnlyList<double> counts)
    {
        var (x, y) = (new PlotAxis(0, 1), PlotAxis.Over(counts.Append(0)));
        var svg = Begin(title, isLarge: false);
        svg.Append($"<svg viewBox=\"0 0 {SvgFrame.Number(_small.Width)} {SvgFrame.Number(_small.Height)}\" role=\"img\">");
        _small.Axes(svg, x, y, across);
        foreach (var (bin, count) in counts.Index())
        {
            var (left, right, top) = (_small.Across(x, (double)bin / counts.Count), _small.Across(x, (bin + 1.0) / counts.Count), _small.Up(y, count));
            svg.Append($"<rect class=\"b0\" x=\"{SvgFrame.Number(left + 0.5)}\" y=\"{SvgFrame.Number(top)}\" width=\"{SvgFrame.Number(right - left - 1)}\" ")
                .Append(CultureInfo.InvariantCulture, $"height=\"{SvgFrame.Number(_small.Up(y, 0) - top)}\"><title>{count:N0}</title></rect>");
        }

        return svg.Append("</svg></figure>").ToString();
    }

    private static StringBuilder Begin(string title, bool isLarge) =>
        new($"<figure class=\"plot{(isLarge ? " large" : "")}\"><figcaption>{WebUtility.HtmlEncode(title)}</figcaption>");

    private static void Draw(
        StringBuilder svg, SvgFrame frame, string style, Plot plot, PlotAxis x, PlotAxis y, IReadOnlyList<Curve> curves)
    {
        svg.Append($"<svg class=\"{style.Trim()}\" viewBox=\"0 0 {SvgFrame.Number(frame.Width)} {SvgFrame.Number(frame.Height)}\" role=\"img\" ")
            .Append($"aria-label=\"{WebUtility.HtmlEncode(plot.Title)}\" data-box=\"{frame.Box}\" data-across=\"{WebUtility.HtmlEncode(plot.Across)}\" ")
            .Append($"data-x=\"{Data(x)}\" data-y=\"{Data(y)}\">");
        frame.Axes(svg, x, y, plot.Across);
        foreach (var (i, curve) in curves.Index())
        {
            Band(svg, frame, x, y, curve, Colour(curve, i));
        }

        Draw(svg, frame, x, y, curves);
        svg.Append("</svg>");
    }

    private static string Data(PlotAxis axis) => string.Create(
        CultureInfo.InvariantCulture, $"{axis.Least:R} {axis.Most:R} {(axis.Logarithmic ? "log" : "linear")} {(axis.Unit == AxisUnit.Percent ? "percent" : "number")}");

    private static void Band(StringBuilder svg, SvgFrame frame, PlotAxis x, PlotAxis y, Curve curve, string colour)
    {
        if (curve.Band.Count > 1)
        {
            var there = curve.Points.Zip(curve.Band, (point, ends) => frame.Point(x, y, point.X, ends.Low));
            var back = curve.Points.Zip(curve.Band, (point, ends) => frame.Point(x, y, point.X, ends.High)).Reverse();
            svg.Append($"<polygon class=\"band b{colour}\" points=\"{string.Join(' ', there.Concat(back))}\"/>");
        }
    }

    private static void Draw(StringBuilder svg, SvgFrame frame, PlotAxis x, PlotAxis y, IReadOnlyList<Curve> curves)
    {
        foreach (var (i, curve) in curves.Index())
        {
            var style = Colour(curve, i);
            var points = curve.Points.Where(p => double.IsFinite(p.Y)).ToList();
            if (!curve.Dots)
            {
                svg.Append($"<polyline class=\"s{style}\" data-name=\"{WebUtility.HtmlEncode(curve.Name)}\" ")
                    .Append($"points=\"{string.Join(' ', points.Select(p => frame.Point(x, y, p.X, p.Y)))}\"/>");
            }

            if (curve.Dots || curve.IsMarked)
            {
                svg.Append(string.Concat(points.Select(p =>
                    $"<circle class=\"s{style}\" cx=\"{SvgFrame.Number(frame.Across(x, p.X))}\" cy=\"{SvgFrame.Number(frame.Up(y, p.Y))}\" r=\"2.5\"/>")));
            }
        }
    }

    private static string Legend(IEnumerable<(string Name, string Colour, string Last)> curves) =>
        $"<div class=\"legend\">{string.Concat(curves.Select(curve => $"<span class=\"k{curve.Colour}\">{WebUtility.HtmlEncode(curve.Name)} <b>{curve.Last}</b></span>"))}</div>";

    private static string Colour(Curve curve, int index) => curve.IsMean ? "mean" : $"{(curve.Colour ?? index) % Colours}";
}
