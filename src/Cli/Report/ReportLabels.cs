using System.Globalization;
using DPT.Engine.Dpt;

namespace DPT.Engine.Cli;

/// <summary>The pseudo-labels: how sure stage 1 is, whether it may be, and the ones at both ends.</summary>
internal static class ReportLabels
{
    private const int Bins = 20;
    private const int Shown = 12;

    public static string Of(RunFiles files) => HtmlPage.Plots([Confidence(files), Reliability(files.Stage1?.Calibration)]) + Ends(files);

    private static string Confidence(RunFiles files)
    {
        if (files.Confidences() is not { Length: > 0 } values)
        {
            return "";
        }

        var counts = new double[Bins];
        foreach (var value in values)
        {
            counts[Math.Clamp((int)(value * Bins), 0, Bins - 1)]++;
        }

        return SvgPlot.Bars("Training images by confidence", "probability of the pseudo-label", counts);
    }

    /// <summary>How many pseudo-labels of about one confidence are right, beside the share that would be as many as it says.</summary>
    private static string Reliability(Calibration? calibration) => calibration is null ? "" : SvgPlot.Lines(
        new Plot("Right pseudo-labels by confidence", "confidence")
        {
            Unit = AxisUnit.Percent,
            AcrossUnit = AxisUnit.Percent,
            TellsEnds = false,
            Note = string.Create(CultureInfo.InvariantCulture, $"Expected calibration error {calibration.ExpectedError:0.000}."),
        },
        [
            new Curve("right", [.. calibration.Intervals.Select(interval => (interval.Confidence, interval.Accuracy))]),
            new Curve("as many as the confidence says", [(0, 0), (1, 1)]),
        ]);

    private static string Ends(RunFiles files)
    {
        if (files.Data?.Train is not { } train || files.PseudoLabels() is not { } labels)
        {
            return "";
        }

        int[] surest = [.. Enumerable.Range(0, train.Count).OrderByDescending(i => labels.Probabilities[i])];
        return Samples("Most confident", surest.Take(Shown))
            + Samples("Least confident", surest.Reverse().Take(Shown))
            + Samples("Wrong, and most confident of it", surest.Where(IsWrong).Take(Shown));

        bool IsWrong(int i) => train.Labels[i] != ImageDataset.NoLabel && train.Labels[i] != labels.Labels[i];

        string Samples(string title, IEnumerable<int> images) => string.Concat(images.Select(Sample)) is { Length: > 0 } text
            ? $"<h3>{title}</h3><div class=\"samples\">{text}</div>"
            : "";

        string Sample(int i) =>
            $"<figure>{ReportPicture.Of(train, i)}<figcaption>{HtmlPage.Text(train.ClassNames[labels.Labels[i]])}"
            + $" <small>{ReportText.Percent(labels.Probabilities[i])}</small>{Truth(i)}</figcaption></figure>";

        string Truth(int i) => IsWrong(i) ? $"<small class=\"wrong\">is {HtmlPage.Text(train.ClassNames[train.Labels[i]])}</small>" : "";
    }
}
