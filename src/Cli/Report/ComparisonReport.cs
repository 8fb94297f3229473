using DPT.Engine.Autograd;
using DPT.Engine.Dpt;

namespace DPT.Engine.Cli;

/// <summary>Writes the page of several runs: the table, and the accuracy of every run over the updates with their mean.</summary>
internal static class ComparisonReport
{
    private const string Accuracy = "test/top1";

    /// <summary>Writes the page.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public static void Write(string path, string title, ComparedRuns runs)
    {
        var files = runs.Finished.Select(run => (run.Name, Files: new RunFiles(run.Run))).ToList();
        var page = new HtmlPage(title);
        page.Section("Results", Table(runs.Comparison) + HtmlPage.List("warnings", runs.Comparison.Warnings));
        page.Section("Accuracy on the test set over updates", Plots(files.ConvertAll(run => (run.Name, run.Files.Series(Accuracy)))));
        page.Section("Left out", HtmlPage.List("notes", [.. files.SelectMany(run => run.Files.Notes.Select(note => $"{run.Name}: {note}"))]));
        AtomicFile.WriteText(path, page.ToString());
    }

    private static string Table(RunComparison comparison)
    {
        var rows = ComparisonTable.Rows(comparison).ToList();
        return HtmlPage.Table(rows[0], rows.Skip(1));
    }

    /// <summary>The means of all trainings against each other, then each training with its runs.</summary>
    private static string Plots(
        IReadOnlyList<(string Name, IReadOnlyList<(string Stage, IReadOnlyList<(double X, double Y)> Points)> Trainings)> runs)
    {
        var trainings = (
            from run in runs
            from training in run.Trainings
            group new Curve(run.Name, training.Points) by training.Stage into curves
            orderby StageNames.Rank(curves.Key)
            select (Stage: curves.Key, Curves: curves.ToList())).ToList();
        var means = trainings.ConvertAll(training => Mean(StageNames.Of(training.Stage), training.Curves));
        var plots = trainings.Zip(means, (training, mean) => SvgPlot.Lines(
            Accuracies(StageNames.Of(training.Stage)), [.. training.Curves, mean with { Name = "mean", IsMean = true }]));
        return HtmlPage.Plots(plots.Prepend(SvgPlot.Lines(Accuracies("Means of the runs") with { IsLarge = true }, means)));
    }

    private static Plot Accuracies(string title) => new(title, "updates") { Unit = AxisUnit.Percent };

    /// <summary>The mean of curves where all of them have a point.</summary>
    private static Curve Mean(string name, IReadOnlyList<Curve> curves) => new(name,
    [
        .. curves
            .SelectMany(curve => curve.Points)
            .GroupBy(point => point.X, point => point.Y)
            .Where(step => step.Count() == curves.Count)
            .OrderBy(step => step.Key)
            .Select(step => (step.Key, step.Average())),
    ]);
}
