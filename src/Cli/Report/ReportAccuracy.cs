using DPT.Engine.Dpt;

namespace DPT.Engine.Cli;

/// <summary>The accuracies of all classifiers over updates in one plot: what the method stands or falls with.</summary>
internal static class ReportAccuracy
{
    private const string Key = "test/top1";

    public static string Of(RunFiles files)
    {
        var count = files.DataFacts?.Test ?? 0;
        var curves = files.Series(Key).Select(stage => Curve(StageNames.Of(stage.Stage), stage.Points, count));
        return SvgPlot.Lines(
            new Plot("Top-1 accuracy over updates", "updates")
            {
                Unit = AxisUnit.Percent,
                IsLarge = true,
                Note = count > 0 ? $"Bands are 95 % intervals of an accuracy on {ReportText.Count(count)} images (Wilson); the same images test all, so differences are surer than bands." : "",
            },
            [.. curves]);
    }

    private static Curve Curve(string name, IReadOnlyList<(double X, double Y)> points, int count) => new(name, points)
    {
        Band = count > 0 && points.All(point => point.Y is >= 0 and <= 1) ? [.. points.Select(point => ShareIntervals.Wilson(point.Y, count))] : [],
    };
}
