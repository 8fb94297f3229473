using System.Globalization;
using System.Net;
using System.Text;

namespace DPT.Engine.Cli;

/// <summary>The rectangle that a plot is drawn in, with room for its axes; units are those of the SVG.</summary>
internal sealed record SvgFrame(double Width, double Height)
{
    public const double Left = 52;

    private const double Right = 20, Top = 10, Bottom = 38;

    /// <summary>Left, right, top and bottom of the part with the curves, for the page's script.</summary>
    public string Box => $"{Number(Left)} {Number(Width - Right)} {Number(Top)} {Number(Height - Bottom)}";

    /// <summary>Where a value of the horizontal axis lies.</summary>
    public double Across(PlotAxis axis, double value) => Left + (axis.Share(value) * (Width - Left - Right));

    /// <summary>Where a value of the vertical axis lies.</summary>
    public double Up(PlotAxis axis, double value) => Height - Bottom - (axis.Share(value) * (Height - Top - Bottom));

    /// <summary>A point as polygons and polylines have it.</summary>
    public string Point(PlotAxis x, PlotAxis y, double across, double up) => $"{Number(Across(x, across))},{Number(Up(y, up))}";

    /// <summary>A coordinate.</summary>
    public static string Number(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);

    /// <summary>Grid lines, ticks, and what the horizontal axis counts.</summary>
    public void Axes(StringBuilder svg, PlotAxis x, PlotAxis y, string across)
    {
        foreach (var tick in y.Ticks())
        {
            var at = Number(Up(y, tick));
            svg.Append($"<line class=\"grid\" x1=\"{Number(Left)}\" x2=\"{Number(Width - Right)}\" y1=\"{at}\" y2=\"{at}\"/>");
            Label(svg, Left - 8, Up(y, tick) + 4, "end", y.Text(tick));
        }

        foreach (var tick in x.Ticks())
        {
            Label(svg, Across(x, tick), Height - Bottom + 18, "middle", x.Text(tick));
        }

        Label(svg, Width - Right, Height - 4, "end", across);
    }

    /// <summary>A text.</summary>
    public void Label(StringBuilder svg, double x, double y, string anchor, string text, string? style = null) =>
        svg.Append($"<text x=\"{Number(x)}\" y=\"{Number(y)}\" text-anchor=\"{anchor}\"")
            .Append(style is null ? ">" : $" class=\"{style}\">")
            .Append(WebUtility.HtmlEncode(text))
            .Append("</text>");
}
