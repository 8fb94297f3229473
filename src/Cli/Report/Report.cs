using System.Globalization;
using System.Net;
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

    /// <summary>Writes the page from what the folder holds.</summary>
    public static void Write(RunLayout run) => AtomicFile.WriteText(run.ReportPath, Page(run));

    private static string Page(RunLayout run)
    {
        var files = new RunFiles(run);
        var title = $"DPT run {Path.GetFileName(Path.GetFullPath(run.FolderPath).TrimEnd(Path.DirectorySeparatorChar))}";
        var body = new StringBuilder();
        body.Append(Numbers(files)).Append(Samples(files)).Append(Curves(files));
        body.Append(Confidence(files)).Append(Confusion(files)).Append(Settings(files));
        if (files.Notes.Count > 0)
        {
            Section(body, "Left out", "<ul>" + string.Concat(files.Notes.Select(n => $"<li>{Text(n)}</li>")) + "</ul>");
        }

        return $"<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{Text(title)}</title>\n"
            + $"<meta name=\"viewport\" content=\"width=device-width\">\n<style>{ReportStyle.Css}</style></head>\n"
            + $"<body><h1>{Text(title)}</h1>\n{body}</body></html>\n";
    }

    private static string Numbers(RunFiles files)
    {
        if (files.Result() is not { } result)
        {
            return "";
        }

        var body = new StringBuilder();
        var table = new StringBuilder("<table class=\"numbers\">");
        foreach (var (name, value) in Leaves(result, "").Where(leaf => leaf.Name != Warnings))
        {
            table.Append($"<tr><td>{Text(name)}</td><td>{Text(value)}</td></tr>");
        }

        Section(body, "Result", Headline(result) + Caveats(result) + "<details><summary>all numbers</summary>" + table + "</table></details>");
        return body.ToString();
    }

    /// <summary>The comparison that the method stands or falls with.</summary>
    private static string Headline(JsonElement result)
    {
        (string Name, string[] Path)[] shown =
        [
            ("stage 1: few labels", ["stage1", "top1"]),
            ("stage 3: with pseudo-images", ["stage3", "top1"]),
            ("control: the same budget without them", ["stage3", "controlTop1"]),
            ("pseudo-label accuracy", ["stage1", "pseudoLabelAccuracy"]),
        ];
        var cards = shown.Select(s => (s.Name, Value: Number(result, s.Path))).Where(s => s.Value is not null);
        return "<div class=\"cards\">" + string.Concat(cards.Select(c =>
            $"<div><b>{Percent(c.Value!.Value)}</b>{Text(c.Name)}</div>")) + "</div>";
    }

    /// <summary>What a reader of the numbers should know.</summary>
    private static string Caveats(JsonElement result) =>
        result.ValueKind == JsonValueKind.Object
        && result.TryGetProperty(Warnings, out var list) && list.ValueKind == JsonValueKind.Array && list.GetArrayLength() > 0
            ? $"<ul class=\"warnings\">{string.Concat(list.EnumerateArray().Select(w => $"<li>{Text(w.ToString())}</li>"))}</ul>"
            : "";

    private static string Samples(RunFiles files)
    {
        var body = new StringBuilder();
        if (files.Samples() is { } image)
        {
            const string Alternative = "generated images, one class a row";
            Section(
                body, "Pseudo-images", $"<img class=\"grid\" alt=\"{Alternative}\" src=\"data:image/png;base64,{image}\">");
        }

        return body.ToString();
    }

    private static string Curves(RunFiles files)
    {
        var body = new StringBuilder();
        var plots = files.Metrics()
            .GroupBy(m => (m.Key.Stage, Kind: m.Key.Key.Split('/')[^1]))
            .Select(group => SvgPlot.Lines(
                $"{group.Key.Stage}: {group.Key.Kind}",
                "step",
                [.. group.Select(m => new Curve(m.Key.Key.Split('/')[0], m.Value))]));
        var text = string.Concat(plots);
        if (text.Length > 0)
        {
            Section(body, "Curves", $"<div class=\"plots\">{text}</div>");
        }

        return body.ToString();
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
        var body = new StringBuilder();
        Section(body, "Confidence of the pseudo-labels", SvgPlot.Bars(
            "probability of the chosen class", edges, [("training images", counts)]));
        return body.ToString();
    }

    private static string Confusion(RunFiles files)
    {
        if (files.Confusion() is not { } matrix)
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
        var body = new StringBuilder();
        Section(body, "Confusion on the test set, stage 3", table + "</table>");
        return body.ToString();
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
            table.Append($"<tr><td>{Text(entry.Name)}</td><td>{Text(Member(entry.Value, "value"))}</td>")
                .Append($"<td>{Text(Member(entry.Value, "origin"))}</td></tr>");
        }

        var body = new StringBuilder();
        Section(body, "Settings", $"<details><summary>every setting with its origin</summary>{table}</table></details>");
        return body.ToString();
    }

    private static IEnumerable<(string Name, string Value)> Leaves(JsonElement element, string name)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            return [(name, element.ToString())];
        }

        return element.EnumerateObject().SelectMany(p => Leaves(p.Value, name.Length == 0 ? p.Name : $"{name}.{p.Name}"));
    }

    private static double? Number(JsonElement element, string[] path)
    {
        foreach (var name in path)
        {
            if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(name, out element))
            {
                return null;
            }
        }

        return element.ValueKind == JsonValueKind.Number ? element.GetDouble() : null;
    }

    private static string Member(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var member)
            ? member.ValueKind == JsonValueKind.Null ? "null" : member.ToString()
            : "";

    private static void Section(StringBuilder body, string heading, string content) =>
        body.Append($"<section><h2>{Text(heading)}</h2>{content}</section>\n");

    private static string Text(string text) => WebUtility.HtmlEncode(text);
}
