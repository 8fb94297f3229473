namespace DPT.Engine.Cli;

/// <summary>What the trainings logged: a plot for each number, with all classifiers in it, and those of the generator.</summary>
internal static class ReportCurves
{
    /// <summary>Numbers of the classifiers, in the order of their plots. Accuracies have a plot of their own.</summary>
    private static readonly (string Key, string Title, AxisUnit Unit)[] _numbers =
    [
        ("labelled/loss", "Cross-entropy of labelled images", AxisUnit.Number),
        ("unlabelled/loss", "Cross-entropy of selected unlabelled images", AxisUnit.Number),
        ("unlabelled/selected", "Unlabelled images above their thresholds", AxisUnit.Percent),
        ("unlabelled/threshold", "Global threshold of the confidence", AxisUnit.Percent),
        ("fairness/loss", "Fairness term", AxisUnit.Number),
        ("train/loss", "Objective, all terms", AxisUnit.Number),
        ("train/learningRate", "Learning rate", AxisUnit.Number),
        ("gradient/norm", "Norm of the gradient, before clipping", AxisUnit.Number),
    ];

    private static readonly (string Title, (string Key, string Name)[] Numbers)[] _plotsOfGenerator =
    [
        ("Loss", [("seen/loss", "training images"), ("test/loss", "test images"), ("train/loss", "batches, while learning")]),
        ("Learning rate", [("train/learningRate", "rate")]),
        ("Norm of the gradient, before clipping", [("gradient/norm", "norm")]),
    ];

    public static string Of(RunFiles files)
    {
        var classifiers = files.Trainings.Where(stage => !IsGenerator(stage)).ToList();
        var plots = Part("Classifiers", SvgPlot.Legend(classifiers.Select(StageNames.Of)), Classifiers(files, classifiers)) + Part("Generator", "", Generator(files));
        return plots.Length == 0 ? "" : $"<input type=\"checkbox\" class=\"scale\" id=\"scale\"><label for=\"scale\">logarithmic scale</label>{plots}";
    }

    private static string Part(string title, string legend, IEnumerable<string> plots) =>
        HtmlPage.Plots(plots) is { Length: > 0 } text ? $"<h3>{title}</h3>{legend}{text}" : "";

    private static IEnumerable<string> Classifiers(RunFiles files, List<string> classifiers) => _numbers.Select(number => SvgPlot.Lines(
        new Plot(number.Title, "updates") { Unit = number.Unit, HasLogarithm = true, SharesLegend = true },
        [
            .. from stage in files.Series(number.Key)
               where !IsGenerator(stage.Stage)
               select new Curve(StageNames.Of(stage.Stage), stage.Points) { Colour = classifiers.IndexOf(stage.Stage) },
        ]));

    private static IEnumerable<string> Generator(RunFiles files) => _plotsOfGenerator.Select(plot => SvgPlot.Lines(
        new Plot(plot.Title, "updates") { HasLogarithm = true },
        [
            .. from number in plot.Numbers
               from stage in files.Series(number.Key)
               where IsGenerator(stage.Stage)
               select new Curve(number.Name + StageNames.RoundOf(stage.Stage), stage.Points),
        ]));

    private static bool IsGenerator(string stage) => stage.EndsWith("stage-2-diffusion", StringComparison.Ordinal);
}
