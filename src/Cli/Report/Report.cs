using System.Globalization;
using System.Text;
using System.Text.Json;
using DPT.Engine.Autograd;
using DPT.Engine.Dpt;

namespace DPT.Engine.Cli;

/// <summary>Writes <c>report.html</c> of a run folder: one page that needs nothing else.</summary>
internal static class Report
{
    private const int Bins = 20;
    private const string Warnings = "warnings";
    private const string TestAccuracy = "test/top1";

    /// <summary>Writes the page from what the folder holds.</summary>
    public static void Write(RunLayout run) => AtomicFile.WriteText(run.ReportPath, Page(run));

    private static string Page(RunLayout run)
    {
        var files = new RunFiles(run);
        var page = new HtmlPage($"DPT run {Path.GetFileName(Path.GetFullPath(run.FolderPath).TrimEnd(Path.DirectorySeparatorChar))}");
        page.Section("Result", files.Result is { } result ? Numbers(result) + Rounds(result) : "");
        page.Section("Pseudo-images", Samples(files));
        page.Section("Curves", Curves(files));
        page.Section("Confidence of the pseudo-labels", Confidence(files) + (files.Result is { } measured ? Reliability(measured) : ""));
        page.Section("Confusion on the test set, stage 3", Confusion(files));
        page.Section("Settings", Settings(files));
        page.Section("Left out", HtmlPage.List("notes", files.Notes));
        return page.ToString();
    }

    private static string Numbers(JsonElement result)
    {
        var table = new StringBuilder("<table class=\"numbers\">");
        foreach (var (name, value) in Leaves(result, ""))
        {
            table.Append($"<tr><td>{HtmlPage.Text(name)}</td><td>{HtmlPage.Text(value)}</td></tr>");
        }

        return Headline(result) + Caveats(result) + "<details><summary>all numbers</summary>" + table + "</table></details>";
    }

    /// <summary>The comparison that the method stands or falls with.</summary>
    private static string Headline(JsonElement result)
    {
        (string Name, string[] Path)[] shown =
        [
            ("stage 1: few labels", ["stage1", "top1"]),
            ("stage 3: with pseudo-images", ["stage3", "top1"]),
            ("control: the same budget without them", ["stage3", "controlTop1"]),
            ("second control: real images with pseudo-labels instead", ["stage3", "selfTrainingTop1"]),
            ("pseudo-label accuracy", ["stage1", "pseudoLabelAccuracy"]),
        ];
        var cards = shown.Select(s => (s.Name, Value: Number(result, s.Path))).Where(s => s.Value is not null);
        return "<div class=\"cards\">" + string.Concat(cards.Select(c =>
            $"<div><b>{Percent(c.Value!.Value)}</b>{HtmlPage.Text(c.Name)}</div>")) + "</div>";
    }

    /// <summary>What each round began and ended with; nothing if there was one.</summary>
    private static string Rounds(JsonElement result)
    {
        if (Find(result, ["rounds"]) is not { ValueKind: JsonValueKind.Array } rounds || rounds.GetArrayLength() < 2)
        {
            return "";
        }

        var table = new StringBuilder("<table class=\"numbers\"><tr><th>round</th><th>pseudo-labels right</th><th>stage 3 top-1</th></tr>");
        foreach (var (i, round) in rounds.EnumerateArray().Index())
        {
            table.Append($"<tr><td>{i + 1}</td><td>{Percent(Number(round, ["pseudoLabelAccuracy"]) ?? double.NaN)}</td>")
                .Append($"<td>{Percent(Number(round, ["top1"]) ?? double.NaN)}</td></tr>");
        }

        return table + "</table>";
    }

    /// <summary>What a reader of the numbers should know.</summary>
    private static string Caveats(JsonElement result) =>
        result.ValueKind == JsonValueKind.Object
        && result.TryGetProperty(Warnings, out var list) && list.ValueKind == JsonValueKind.Array
            ? HtmlPage.List(Warnings, [.. list.EnumerateArray().Select(warning => warning.ToString())])
            : "";

    private static string Samples(RunFiles files) =>
        Picture(files.Samples(), "generated images, one class a row")
        + Picture(files.Neighbours(), "generated images, each followed by the training image nearest to it in the classifier's features");

    private static string Picture(string? image, string caption) => image is null
        ? ""
        : $"<figure><figcaption>{caption}</figcaption>"
            + $"<img class=\"grid\" alt=\"{caption}\" src=\"data:image/png;base64,{image}\"></figure>";

    /// <summary>The accuracies of all classifiers in one plot, then what every stage logged.</summary>
    private static string Curves(RunFiles files)
    {
        var metrics = files.Metrics();
        var accuracies = metrics.Where(m => m.Key.Key == TestAccuracy).Select(m => new Curve(m.Key.Stage, m.Value));
        return HtmlPage.Plots(metrics
            .Where(m => m.Key.Key != TestAccuracy)
            .GroupBy(m => (m.Key.Stage, Kind: m.Key.Key.Split('/')[^1]))
            .Select(group => SvgPlot.Lines(
                $"{group.Key.Stage}: {group.Key.Kind}",
                "step",
                [.. group.Select(m => new Curve(m.Key.Key.Split('/')[0], m.Value))]))
            .Prepend(SvgPlot.Lines("top-1 on the test set", "step", [.. accuracies])));
    }

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

        var edges = Enumerable.Range(0, Bins + 1).Select(i => i / (double)Bins).ToList();
        return SvgPlot.Bars("probability of the chosen class", edges, [("training images", counts)]);
    }

    /// <summary>How many pseudo-labels of about one confidence are right, beside the share that would be as many as it says.</summary>
    private static string Reliability(JsonElement result)
    {
        if (Find(result, ["stage1", "calibration", "intervals"]) is not { ValueKind: JsonValueKind.Array } intervals)
        {
            return "";
        }

        var points = intervals.EnumerateArray()
            .Select(interval => (X: Number(interval, ["confidence"]), Y: Number(interval, ["accuracy"])))
            .Where(point => point is { X: not null, Y: not null })
            .Select(point => (point.X!.Value, point.Y!.Value));
        return SvgPlot.Lines(
            "accuracy of the pseudo-labels by confidence",
            "confidence",
            [new Curve("right", [.. points]), new Curve("as many as the confidence says", [(0, 0), (1, 1)])]);
    }

    private static string Confusion(RunFiles files)
    {
        if (files.Confusion() is not { Total: > 0 } matrix)
        {
            return "";
        }

        var classes = Enumerable.Range(0, matrix.Classes).ToList();
        var table = new StringBuilder("<table class=\"confusion\"><tr><th>true \\ predicted</th>")
            .Append(string.Concat(classes.Select(c => $"<th>{c}</th>"))).Append("<th>recall</th></tr>");
        foreach (var label in classes)
        {
            table.Append($"<tr><th>{label}</th>")
                .Append(string.Concat(classes.Select(p =>
                    $"<td style=\"--share:{Share(matrix.Rate(label, p))}\">{matrix[label, p]}</td>")))
                .Append($"<td>{Percent(matrix.Recall(label))}</td></tr>");
        }

        table.Append("<tr><th>precision</th>")
            .Append(string.Concat(classes.Select(c => $"<td>{Percent(matrix.Precision(c))}</td>"))).Append("<td></td></tr>");
        return table + "</table>";
    }

    private static string Share(double rate) =>
        (double.IsNaN(rate) ? 0 : rate).ToString("0.###", CultureInfo.InvariantCulture);

    private static string Percent(double rate) =>
        double.IsNaN(rate) ? "–" : rate.ToString("0.0 %", CultureInfo.InvariantCulture);

    private static string Settings(RunFiles files)
    {
        if (files.Config() is not { ValueKind: JsonValueKind.Object } config)
        {
            return "";
        }

        var table = new StringBuilder("<table class=\"numbers\"><tr><th>setting</th><th>value</th><th>origin</th></tr>");
        foreach (var entry in config.EnumerateObject())
        {
            table.Append($"<tr><td>{HtmlPage.Text(entry.Name)}</td><td>{HtmlPage.Text(Member(entry.Value, "value"))}</td>")
                .Append($"<td>{HtmlPage.Text(Member(entry.Value, "origin"))}</td></tr>");
        }

        return $"<details><summary>every setting with its origin</summary>{table}</table></details>";
    }

    /// <summary>All single values; lists are shown elsewhere.</summary>
    private static IEnumerable<(string Name, string Value)> Leaves(JsonElement element, string name) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject()
            .SelectMany(p => Leaves(p.Value, name.Length == 0 ? p.Name : $"{name}.{p.Name}")),
        JsonValueKind.Array => [],
        _ => [(name, element.ToString())],
    };

    private static double? Number(JsonElement element, string[] path) =>
        Find(element, path) is { ValueKind: JsonValueKind.Number } number ? number.GetDouble() : null;

    private static JsonElement? Find(JsonElement element, string[] path)
    {
        foreach (var name in path)
        {
            if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(name, out element))
            {
                return null;
            }
        }

        return element;
    }

    private static string Member(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var member)
            ? member.ValueKind == JsonValueKind.Null ? "null" : member.ToString()
            : "";
}
