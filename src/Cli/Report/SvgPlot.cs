using System.Globalization;
using System.Net;
using System.Text;

namespace DPT.Engine.Cli;

/// <summary>A named line of a plot, or dots; the mean of the others stands out.</summary>
internal sealed record Curve(string Name, IReadOnlyList<(double X, double Y)> Points, bool Dots = false, bool IsMean = false);

/// <summary>
/// Line and bar charts as SVG text: they need no fonts and no native library where they are made, and they stay
/// sharp and selectable where they are read. Colours come from the page's style sheet.
/// </summary>
internal static class SvgPlot
{
    private const double Width = 560, Height = 260;
    private const int Colours = 6;
    private const double Left = 52, Right = 12, Top = 12, Bottom = 34;

    /// <summary>What the page's style sheet would say, for a file that stands alone on light paper or dark.</summary>
    private const string FileStyle =
        "text{font:11px system-ui,sans-serif;fill:#8694a3}.grid{stroke:#8694a3;stroke-opacity:.3}"
        + "polyline,circle{fill:none;stroke-width:1.8}"
        + ".s0{stroke:#2265c3}.s1{stroke:#d1622b}.s2{stroke:#2d8f5b}.s3{stroke:#9b4fc0}.s4{stroke:#b8922a}.s5{stroke:#58717f}"
        + ".b0{fill:#2265c3}.b1{fill:#d1622b}.b2{fill:#2d8f5b}.b3{fill:#9b4fc0}.b4{fill:#b8922a}.b5{fill:#58717f}";

    /// <summary>Draws curves over a common axis; points that are not finite break nothing and are left out.</summary>
    public static string Lines(string title, string unit, IReadOnlyList<Curve> curves)
    {
        var points = curves.SelectMany(c => c.Points).Where(p => double.IsFinite(p.Y)).ToList();
        if (points.Count == 0)
        {
            return "";
        }

        var x = Axis.Over(points.Select(p => p.X));
        var y = Axis.Over(points.Select(p => p.Y));
        var svg = Begin(title, x, y, unit);
        Draw(svg, x, y, curves);
        return End(svg, [.. curves.Select((c, i) => (c.Name, Colour(c, i)))]);
    }

    /// <summary>
    /// Draws curves of positive numbers over logarithmic axes, where a power is a straight line, as the text of an SVG file
    /// of its own, with colours, title and legend inside.
    /// </summary>
    public static string LogLogFile(string title, string unit, IReadOnlyList<Curve> curves)
    {
        const double Line = 20;
        var points = curves.SelectMany(c => c.Points).ToList();
        var x = Axis.Over(points.Select(p => p.X), logarithmic: true);
        var y = Axis.Over(points.Select(p => p.Y), logarithmic: true);
        var svg = new StringBuilder("<svg xmlns=\"http://www.w3.org/2000/svg\" ")
            .Append($"viewBox=\"0 {Number(-Line)} {Number(Width)} {Number(Height + (2 * Line))}\"><style>{FileStyle}</style>");
        Label(svg, Left, -4, "start", title);
        Frame(svg, x, y, unit);
        Draw(svg, x, y, curves);
        foreach (var (i, curve) in curves.Index())
        {
            Label(svg, Left + (i * 200), Height + Line - 6, "start", "\u25A0 " + curve.Name, $"b{i % Colours}");
        }

        return svg.Append("</svg>\n").ToString();
    }

    /// <summary>Draws a histogram; groups of bars stand side by side.</summary>
    /// <param name="title">What is counted.</param>
    /// <param name="edges">Edges of the bins, one more than there are counts.</param>
    /// <param name="groups">Counts by bin, with the name of the group.</param>
    public static string Bars(string title, IReadOnlyList<double> edges, IReadOnlyList<(string Name, double[] Counts)> groups)
    {
        var x = new Axis(edges[0], edges[^1]);
        var y = Axis.Over(groups.SelectMany(g => g.Counts).Append(0));
        var svg = Begin(title, x, y, "");
        for (var bin = 0; bin < edges.Count - 1; bin++)
        {
            var left = Across(x, edges[bin]) + 1;
            var width = (Across(x, edges[bin + 1]) - left - 1) / groups.Count;
            for (var g = 0; g < groups.Count; g++)
            {
                var top = Up(y, groups[g].Counts[bin]);
                svg.Append($"<rect class=\"b{g % Colours}\" x=\"{Number(left + (g * width))}\" y=\"{Number(top)}\" ")
                    .Append($"width=\"{Number(Math.Max(0.5, width))}\" height=\"{Number(Up(y, 0) - top)}\"/>");
            }
        }

        return End(svg, [.. groups.Select((g, i) => (g.Name, $"{i % Colours}"))]);
    }

    private static StringBuilder Begin(string title, Axis x, Axis y, string unit)
    {
        var svg = new StringBuilder();
        svg.Append($"<figure><figcaption>{WebUtility.HtmlEncode(title)}</figcaption>");
        svg.Append($"<svg viewBox=\"0 0 {Number(Width)} {Number(Height)}\" role=\"img\">");
        Frame(svg, x, y, unit);
        return svg;
    }

    /// <summary>Grid lines, ticks, and the unit of the horizontal axis.</summary>
    private static void Frame(StringBuilder svg, Axis x, Axis y, string unit)
    {
        foreach (var tick in y.Ticks())
        {
            var at = Number(Up(y, tick));
            svg.Append($"<line class=\"grid\" x1=\"{Number(Left)}\" x2=\"{Number(Width - Right)}\" y1=\"{at}\" y2=\"{at}\"/>");
            Label(svg, Left - 6, Up(y, tick) + 4, "end", Number(tick));
        }

        foreach (var tick in x.Ticks())
        {
            Label(svg, Across(x, tick), Height - Bottom + 18, "middle", Number(tick));
        }

        Label(svg, Width - Right, Height - 2, "end", unit);
    }

    private static void Draw(StringBuilder svg, Axis x, Axis y, IReadOnlyList<Curve> curves)
    {
        for (var i = 0; i < curves.Count; i++)
        {
            var points = curves[i].Points
                .Where(p => double.IsFinite(p.Y))
                .Select(p => (X: Number(Across(x, p.X)), Y: Number(Up(y, p.Y))));
            var style = "s" + Colour(curves[i], i);
            svg.Append(curves[i].Dots
                ? string.Concat(points.Select(p => $"<circle class=\"{style}\" cx=\"{p.X}\" cy=\"{p.Y}\" r=\"3\"/>"))
                : $"<polyline class=\"{style}\" points=\"{string.Join(' ', points.Select(p => $"{p.X},{p.Y}"))}\">"
                    + $"<title>{WebUtility.HtmlEncode(curves[i].Name)}</title></polyline>");
        }
    }

    private static void Label(StringBuilder svg, double x, double y, string anchor, string text, string? style = null) =>
        svg.Append($"<text x=\"{Number(x)}\" y=\"{Number(y)}\" text-anchor=\"{anchor}\"")
            .Append(style is null ? ">" : $" class=\"{style}\">")
            .Append(WebUtility.HtmlEncode(text))
            .Append("</text>");

    private static string End(StringBuilder svg, IReadOnlyList<(string Name, string Colour)> legend)
    {
        svg.Append("</svg><div class=\"legend\">");
        foreach (var (name, colour) in legend)
        {
            svg.Append($"<span class=\"k{colour}\">{WebUtility.HtmlEncode(name)}</span>");
        }

        return svg.Append("</div></figure>").ToString();
    }

    private static string Colour(Curve curve, int index) => curve.IsMean ? "mean" : $"{index % Colours}";

    private static double Across(Axis axis, double value) => Left + (axis.Share(value) * (Width - Left - Right));

    private static double Up(Axis axis, double value) => Height - Bottom - (axis.Share(value) * (Height - Top - Bottom));

    private static string Number(double value) => value.ToString("0.####", CultureInfo.InvariantCulture);

    /// <summary>A range with round ticks; a logarithmic one holds positive numbers only.</summary>
    private readonly record struct Axis(double Least, double Most, bool Logarithmic = false)
    {
        public static Axis Over(IEnumerable<double> values, bool logarithmic = false)
        {
            var (least, most) = (double.PositiveInfinity, double.NegativeInfinity);
            foreach (var value in values)
            {
                (least, most) = (Math.Min(least, value), Math.Max(most, value));
            }

            return most > least ? new Axis(least, most, logarithmic)
                : logarithmic ? new Axis(least / 2, least * 2, logarithmic)
                : new Axis(least - 0.5, least + 0.5);
        }

        public double Share(double value) =>
            Logarithmic ? Math.Log(value / Least) / Math.Log(Most / Least) : (value - Least) / (Most - Least);

        /// <summary>Less than a power of ten has too few ticks of its own.</summary>
        public IEnumerable<double> Ticks() => Logarithmic && Most >= 10 * Least ? Decades() : Steps();

        private IEnumerable<double> Steps()
        {
            var raw = (Most - Least) / 5;
            var power = Math.Pow(10, Math.Floor(Math.Log10(raw)));
            var step = power * ((raw / power) switch { < 1.5 => 1, < 3.5 => 2, < 7.5 => 5, _ => 10 });
            for (var k = Math.Ceiling(Least / step); k * step <= Most + (step * 1e-9); k++)
            {
                yield return k * step;
            }
        }

        /// <summary>1, 2 and 5 of every power of ten.</summary>
        private IEnumerable<double> Decades()
        {
            var (least, most) = (Least * (1 - 1e-9), Most * (1 + 1e-9));
            for (var power = Math.Pow(10, Math.Floor(Math.Log10(Least))); power <= most; power *= 10)
            {
                foreach (var tick in new[] { power, 2 * power, 5 * power }.Where(t => t >= least && t <= most))
                {
                    yield return tick;
                }
            }
        }
    }
}
