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
        page.Section("Accuracy on the test set over updates", Plots(files.ConvertAll(run => (run.Name, run.Files.Metrics()))));
        page.Section("Left out", HtmlPage.List("notes", [.. files.SelectMany(run => run.Files.Notes.Select(note => $"{run.Name}: {note}"))]));
        AtomicFile.WriteText(path, page.ToString());
    }

    private static string Table(RunComparison comparison)
    {
        var rows = ComparisonTable.Rows(comparison).Select((cells, row) =>
            string.Concat(cells.Select(cell => row == 0 ? $"<th>{HtmlPage.Text(cell)}</th>" : $"<td>{HtmlPage.Text(cell)}</td>")));
        return $"<table class=\"numbers\">{string.Concat(rows.Select(row => $"<tr>{row}</tr>"))}</table>";
    }

    /// <summary>The means of all trainings against each other, then each training with its runs.</summary>
    private static string Plots(
        IReadOnlyList<(string Name, IReadOnlyDictionary<(string Stage, string Key), List<(double X, double Y)>> Metrics)> runs)
    {
        var trainings = runs
            .SelectMany(run => run.Metrics.Keys)
            .Where(series => series.Key == Accuracy)
            .Select(series => series.Stage)
            .Distinct()
            .Select(stage => (Stage: stage, Curves: runs
                .Where(run => run.Metrics.ContainsKey((stage, Accuracy)))
                .Select(run => new Curve(run.Name, run.Metrics[(stage, Accuracy)]))
                .ToList()))
            .ToList();
        var means = trainings.ConvertAll(training => Mean(training.Stage, training.Curves));
        var plots = trainings.Zip(means, (training, mean) => SvgPlot.Lines(
            training.Stage, "step", [.. training.Curves, mean with { Name = "mean", IsMean = true }]));
        return HtmlPage.Plots(plots.Prepend(SvgPlot.Lines("means of the runs", "step", means)));
    }

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
