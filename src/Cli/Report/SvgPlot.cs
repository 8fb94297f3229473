using System.Globalization;
using System.Net;
using System.Text;

namespace DPT.Engine.Cli;

/// <summary>A named line of a plot.</summary>
internal sealed record Curve(string Name, IReadOnlyList<(double X, double Y)> Points);

/// <summary>
/// Line and bar charts as SVG text: they need no fonts and no native library where they are made, and they stay
/// sharp and selectable where they are read. Colours come from the page's style sheet.
/// </summary>
internal static class SvgPlot
{
    private const double Width = 560, Height = 260;
    private const double Left = 52, Right = 12, Top = 12, Bottom = 34;

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
        for (var i = 0; i < curves.Count; i++)
        {
            var path = string.Join(' ', curves[i].Points
                .Where(p => double.IsFinite(p.Y))
                .Select(p => $"{Number(Across(x, p.X))},{Number(Up(y, p.Y))}"));
            svg.Append($"<polyline class=\"s{i % 6}\" points=\"{path}\"/>");
        }

        return End(svg, curves.Select(c => c.Name));
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
                svg.Append($"<rect class=\"b{g % 6}\" x=\"{Number(left + (g * width))}\" y=\"{Number(top)}\" ")
                    .Append($"width=\"{Number(Math.Max(0.5, width))}\" height=\"{Number(Up(y, 0) - top)}\"/>");
            }
        }

        return End(svg, groups.Select(g => g.Name));
    }

    private static StringBuilder Begin(string title, Axis x, Axis y, string unit)
    {
        var svg = new StringBuilder();
        svg.Append($"<figure><figcaption>{WebUtility.HtmlEncode(title)}</figcaption>");
        svg.Append($"<svg viewBox=\"0 0 {Number(Width)} {Number(Height)}\" role=\"img\">");
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
        return svg;
    }

    private static void Label(StringBuilder svg, double x, double y, string anchor, string text) =>
        svg.Append($"<text x=\"{Number(x)}\" y=\"{Number(y)}\" text-anchor=\"{anchor}\">")
            .Append(WebUtility.HtmlEncode(text))
            .Append("</text>");

    private static string End(StringBuilder svg, IEnumerable<string> names)
    {
        svg.Append("</svg><div class=\"legend\">");
        foreach (var (i, name) in names.Index())
        {
            svg.Append($"<span class=\"k{i % 6}\">{WebUtility.HtmlEncode(name)}</span>");
        }

        return svg.Append("</div></figure>").ToString();
    }

    private static double Across(Axis axis, double value) => Left + (axis.Share(value) * (Width - Left - Right));

    private static double Up(Axis axis, double value) => Height - Bottom - (axis.Share(value) * (Height - Top - Bottom));

    private static string Number(double value) => value.ToString("0.####", CultureInfo.InvariantCulture);

    /// <summary>A range with round ticks.</summary>
    private readonly record struct Axis(double Least, double Most)
    {
        public static Axis Over(IEnumerable<double> values)
        {
            var (least, most) = (double.PositiveInfinity, double.NegativeInfinity);
            foreach (var value in values)
            {
                (least, most) = (Math.Min(least, value), Math.Max(most, value));
            }

            return most > least ? new Axis(least, most) : new Axis(least - 0.5, least + 0.5);
        }

        public double Share(double value) => (value - Least) / (Most - Least);

        public IEnumerable<double> Ticks()
        {
            var raw = (Most - Least) / 5;
            var power = Math.Pow(10, Math.Floor(Math.Log10(raw)));
            var step = power * ((raw / power) switch { < 1.5 => 1, < 3.5 => 2, < 7.5 => 5, _ => 10 });
            for (var k = Math.Ceiling(Least / step); k * step <= Most + (step * 1e-9); k++)
            {
                yield return k * step;
            }
        }
    }
}
