using DPT.Engine.Autograd;
using DPT.Engine.Dpt;

namespace DPT.Engine.Cli;

/// <summary>Writes <c>report.html</c> of a run folder: one page that needs nothing else.</summary>
internal static class Report
{
    /// <summary>Writes the page from what the folder holds; of a run in progress, from what there is so far.</summary>
    /// <param name="run">Where the run lies.</param>
    /// <param name="data">Its data, if somebody has them in memory; else they are read as its settings say.</param>
    /// <exception cref="IOException">The page cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">Likewise.</exception>
    public static void Write(RunLayout run, DatasetPair? data = null) => AtomicFile.WriteText(run.ReportPath, Page(run, data));

    private static string Page(RunLayout run, DatasetPair? data)
    {
        var name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(run.FolderPath)));
        var files = new RunFiles(run, data);
        var page = new HtmlPage($"DPT run {name}");
        page.Head(ReportHeadline.Of(name, files));
        page.Section("Accuracy on the test images", ReportAccuracy.Of(files));
        page.Section("Labelled, real and drawn images of each class", ReportClasses.Of(files));
        page.Section("The generator learns to draw", ReportFilm.Of(files));
        page.Section("Drawn images beside the training images nearest to them", ReportClasses.Neighbours(files));
        page.Section("Pseudo-labels", ReportLabels.Of(files));
        page.Section("Mistakes on the test images", ReportConfusion.Of(files));
        page.Section("Training", ReportCurves.Of(files));
        page.Section("Where the time went", ReportTime.Of(files));
        page.Section("Settings", ReportSettings.Of(files));
        page.Section("Left out", HtmlPage.List("notes", files.Notes));
        return page.ToString();
    }
}
