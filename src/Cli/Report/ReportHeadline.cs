using System.Globalization;
using DPT.Engine.Dpt;

namespace DPT.Engine.Cli;

/// <summary>The head of a report: what came out, whether it is more than chance, and of what, where and when.</summary>
internal static class ReportHeadline
{
    private const string NoTest = "There are no test images, so no accuracy is claimed: what stage 3 gains is not measured.";

    public static string Of(string run, RunFiles files) =>
        HtmlPage.Paragraph("eyebrow", $"DPT run {run} · {On(files)}")
        + $"<div class=\"hero\">{Outcome(files)}</div>"
        + HtmlPage.List("warnings", files.Result?.Warnings ?? [])
        + Cards(files)
        + Rounds(files)
        + Facts(files);

    /// <summary>What came out; a run of several rounds has a stage 3 before it has a result.</summary>
    private static string Outcome(RunFiles files) => files switch
    {
        { Result: null } when files.Stages().Any(stage => stage.Manifest is null) => Unfinished(files),
        { Stage3: { Top1: { } top1 } stage3 } => Number(ReportText.Accuracy(top1), Meaning(files)) + Gain(stage3, top1),
        { Stage3: not null } => Number("Not measured", NoTest),
        _ => Unfinished(files),
    };

    private static string Meaning(RunFiles files) => files.DataFacts is { } data
        ? $"of {ReportText.Count(data.Test)} test images right, trained with {ReportText.Count(data.Labels)} labels and pseudo-images"
        : "of the test images right, trained with pseudo-images";

    private static string Number(string number, string meaning) =>
        $"<h1><span class=\"number\">{HtmlPage.Text(number)}</span><span class=\"is\">{HtmlPage.Text(meaning)}</span></h1>";

    private static string Gain(Stage3Result stage3, double top1)
    {
        if (stage3.ControlTop1 is not { } control)
        {
            return "";
        }

        var gain = top1 - control;
        var than = $"over the control, which has {ReportText.Accuracy(control)} without pseudo-images";
        if (stage3.PairedControl is not { Images: > 0 } pairs)
        {
            return $"<div><p class=\"gain\">{ReportText.Points(gain)} points</p>{HtmlPage.Paragraph("is", than)}</div>";
        }

        var (low, high) = ShareIntervals.PairedDifference(pairs.OnlyStage3, pairs.OnlyControl, pairs.Images);
        var (style, verdict) = (low, high) switch
        {
            ( > 0, _) => ("up", "More than chance in the test images would make it."),
            (_, < 0) => ("down", "Less than the control, by more than chance in the test images would make it."),
            _ => ("", "No difference that these test images can tell from chance."),
        };
        return $"<div><p class=\"gain {style}\">{ReportText.Points(gain)} points{IntervalPlot(low, gain, high)}</p>"
            + HtmlPage.Paragraph("is", $"{than}; 95 % interval {ReportText.Points(low, gain)} to {ReportText.Points(high, gain)}. {verdict}")
            + HtmlPage.Paragraph("note", $"Image by image: of {ReportText.Count(pairs.Images)} test images, {ReportText.Count(pairs.OnlyStage3)} only stage 3 has right and "
                + $"{ReportText.Count(pairs.OnlyControl)} only the control (interval of Bonett and Price, 2012). Other seeds differ too: dpt run --seeds 1-5 tells by how much.")
            + "</div>";
    }

    /// <summary>The interval as a line beside zero.</summary>
    private static string IntervalPlot(double low, double gain, double high)
    {
        const double Width = 360;
        var axis = new PlotAxis(Math.Min(low, 0), Math.Max(high, 0));
        string At(double value) => SvgFrame.Number(8 + (axis.Share(value) * (Width - 16)));
        return $"<svg viewBox=\"0 0 {Width} 36\" role=\"img\" aria-label=\"interval\"><line class=\"axis\" x1=\"0\" x2=\"{Width}\" y1=\"14\" y2=\"14\"/>"
            + $"<line class=\"axis\" x1=\"{At(0)}\" x2=\"{At(0)}\" y1=\"4\" y2=\"24\"/><text x=\"{At(0)}\" y=\"35\" text-anchor=\"{(low >= 0 ? "start" : high <= 0 ? "end" : "middle")}\">0</text>"
            + $"<line class=\"whisker\" x1=\"{At(low)}\" x2=\"{At(high)}\" y1=\"14\" y2=\"14\"/><circle class=\"dot\" cx=\"{At(gain)}\" cy=\"14\" r=\"6\"/></svg>";
    }

    private static string Unfinished(RunFiles files)
    {
        var now = files.Stages().FirstOrDefault(stage => stage.Manifest is null).Stage;
        var step = now is null ? 0 : files.LastStep(now);
        var where = now is null ? "" : $"{StageNames.Of(now.Name)}{(step > 0 ? $", {ReportText.Count(step)} updates so far" : ", not begun")}. ";
        return Number("Not finished", $"{where}This page shows what there was at {DateTime.UtcNow.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture)} UTC; while the run goes on it is written anew.");
    }

    private static string Cards(RunFiles files)
    {
        (string Value, string Name)?[] cards =
        [
            files.Stage1?.Top1 is { } one ? (ReportText.Accuracy(one), "stage 1, from few labels") : null,
            files.Stage3?.ControlTop1 is { } control ? (ReportText.Accuracy(control), "control, without pseudo-images") : null,
            files.Stage3?.SelfTrainingTop1 is { } second ? (ReportText.Accuracy(second), "second control, real images with pseudo-labels in their place") : null,
            files.Stage1?.PseudoLabelAccuracy is { } right ? (ReportText.Percent(right), "of the pseudo-labels right") : null,
            files.Stage2 is { } two ? (ReportText.Percent(two.ClassAgreement), "of the drawn images show their class, says the classifier that labelled") : null,
            files.Stage2 is { } drawn ? (ReportText.Number(drawn.FrechetDistance.Value), $"Frechet distance, {drawn.FrechetDistance.Features}") : null,
        ];
        var shown = cards.OfType<(string Value, string Name)>().Select(card => $"<div><b>{HtmlPage.Text(card.Value)}</b>{HtmlPage.Text(card.Name)}</div>");
        return string.Concat(shown) is { Length: > 0 } text ? $"<div class=\"cards\">{text}</div>" : "";
    }

    /// <summary>What each round began and ended with; nothing if there was one.</summary>
    private static string Rounds(RunFiles files) => files.Result is not { Rounds.Count: > 1 } result
        ? ""
        : "<h3>Rounds</h3>" + HtmlPage.Table(
            ["round", "pseudo-labels right", "stage 3"],
            result.Rounds.Select((round, i) => (string[])[$"{i + 1}", ReportText.Percent(round.PseudoLabelAccuracy), ReportText.Percent(round.Top1)]));

    private static string On(RunFiles files) =>
        files.DataFacts is { } data ? $"{data.Name}, {ReportText.Count(data.Labels)} labels" : "no result yet";

    private static string Facts(RunFiles files)
    {
        var (record, data) = (files.Record, files.DataFacts);
        (string Name, string? Value)[] facts =
        [
            ("Data", data is null ? null : $"{data.Name}: {data.Classes} classes, {data.ImageSize} x {data.ImageSize} {(data.Channels == 1 ? "grey" : "colour")}"),
            ("Images", data is null ? null : $"{ReportText.Count(data.Train)} to train on, {ReportText.Count(data.Labels)} of them labelled; {ReportText.Count(data.Test)} to test on"),
            ("Seed", (record?.Seed ?? files.Result?.Seed)?.ToString(CultureInfo.InvariantCulture)),
            ("Device", record?.Device ?? files.Result?.Device),
            ("Started", record is null ? null : record.Started.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture) + " UTC"),
            ("Time", files.Result is { } result ? ProgressText.Duration(result.TotalSeconds) : null),
            ("Engine", record is null ? files.Result?.Engine : $"{record.Engine}{(record.Commit is { } commit ? $", commit {commit[..Math.Min(commit.Length, 10)]}" : "")}"),
        ];
        var items = facts.Where(fact => fact.Value is not null).Select(fact => $"<div><dt>{fact.Name}</dt><dd>{HtmlPage.Text(fact.Value!)}</dd></div>");
        var command = record is null ? "" : $"<div class=\"whole\"><dt>Command</dt><dd><code>dpt {HtmlPage.Text(string.Join(' ', record.CommandLine.Select(Quoted)))}</code></dd></div>";
        return string.Concat(items) + command is { Length: > 0 } text ? $"<dl class=\"facts\">{text}</dl>" : "";
    }

    /// <summary>A word as a shell takes it.</summary>
    private static string Quoted(string word) =>
        word.Length > 0 && word.All(c => char.IsLetterOrDigit(c) || "-_./:=,+@%".Contains(c, StringComparison.Ordinal)) ? word : $"'{word.Replace("'", "'\\''")}'";
}
