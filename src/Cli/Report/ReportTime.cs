using System.Globalization;
using System.Text;
using DPT.Engine.Dpt;

namespace DPT.Engine.Cli;

/// <summary>Where the time and the memory of the finished stages went.</summary>
internal static class ReportTime
{
    public static string Of(RunFiles files)
    {
        var finished = files.Stages().Where(stage => stage.Manifest is not null).Select(stage => (stage.Stage, Manifest: stage.Manifest!)).ToList();
        var total = finished.Sum(stage => stage.Manifest.Seconds);
        if (!(total > 0))
        {
            return "";
        }

        var bar = new StringBuilder("<div class=\"bar\">");
        foreach (var (stage, manifest) in finished)
        {
            bar.Append(CultureInfo.InvariantCulture, $"<i style=\"flex:{manifest.Seconds / total:0.####}\">{HtmlPage.Text(StageNames.Of(stage.Name))}</i>");
        }

        return bar + "</div>" + HtmlPage.Table(
            ["stage", "time", "share", "largest memory of the device"],
            finished.Select(stage => (string[])
            [
                StageNames.Of(stage.Stage.Name),
                ProgressText.Duration(stage.Manifest.Seconds),
                ReportText.Percent(stage.Manifest.Seconds / total),
                $"{ReportText.Count(stage.Manifest.PeakMemoryBytes >> 20)} MiB",
            ])) + Generator(files.Stage2);
    }

    private static string Generator(Stage2Result? two) => two is null ? "" : HtmlPage.Paragraph(
        "note",
        $"The generator has {ReportText.Count(two.Parameters)} parameters and saw {ReportText.Count(two.ImagesSeen)} images in "
        + $"{ReportText.Count(two.Steps)} updates, {ReportText.Number(two.ImagesPerSecond)} a second. Stage 3 holds its controls too.");
}
