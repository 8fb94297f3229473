namespace DPT.Engine.Cli;

/// <summary>What the generator makes of the same noise while it learns.</summary>
internal static class ReportFilm
{
    private const int MostFrames = 8;

    public static string Of(RunFiles files) => string.Concat(files.Film(MostFrames).Select(frame =>
        $"<figure><img alt=\"\" src=\"data:image/png;base64,{frame.Picture}\"><figcaption>{ReportText.Count(frame.Step)} updates</figcaption></figure>"))
        is { Length: > 0 } film
            ? HtmlPage.Paragraph("lead", "The same noise in every picture, an image a class: that of the first pseudo-images.") + $"<div class=\"film\">{film}</div>"
            : "";
}
