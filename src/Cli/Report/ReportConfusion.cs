using System.Globalization;
using System.Text;
using DPT.Engine.Dpt;

namespace DPT.Engine.Cli;

/// <summary>What stage 3 takes for what on the test images.</summary>
internal static class ReportConfusion
{
    /// <summary>A table of more classes would make the page large, and nobody would read it.</summary>
    private const int MostClasses = 200;
    private const int MostPairs = 8;

    /// <summary>Longer names stand upright at the heads of columns.</summary>
    private const int ShortName = 5;

    public static string Of(RunFiles files)
    {
        if (files.Confusion() is not { Total: > 0 } matrix)
        {
            return "";
        }

        var names = files.ClassNames() is { } known && known.Count == matrix.Classes
            ? known
            : [.. Enumerable.Range(0, matrix.Classes).Select(label => label.ToString(CultureInfo.InvariantCulture))];
        return MostFrequent(matrix, names) + (matrix.Classes <= MostClasses
            ? Table(matrix, names)
            : HtmlPage.Paragraph("note", $"The table of all {ReportText.Count(matrix.Classes)} classes is in stage-3-classifier/confusion.json."));
    }

    private static string MostFrequent(ConfusionMatrix matrix, IReadOnlyList<string> names)
    {
        var pairs = (
            from truth in Enumerable.Range(0, matrix.Classes)
            from said in Enumerable.Range(0, matrix.Classes)
            where truth != said && matrix[truth, said] > 0
            orderby matrix[truth, said] descending
            select $"{names[truth]} as {names[said]} ({matrix[truth, said]})").Take(MostPairs).ToList();
        return HtmlPage.Paragraph("lead", pairs.Count == 0 ? "None." : $"Most frequent: {string.Join(", ", pairs)}.");
    }

    private static string Table(ConfusionMatrix matrix, IReadOnlyList<string> names)
    {
        var classes = Enumerable.Range(0, matrix.Classes).ToList();
        var table = new StringBuilder($"<table class=\"confusion{(names.Any(name => name.Length > ShortName) ? " upright" : "")}\"><thead><tr><th>true \\ predicted</th>")
            .AppendJoin("", names.Select(name => $"<th>{HtmlPage.Text(name)}</th>")).Append("<th>recall</th></tr></thead><tbody>");
        foreach (var truth in classes)
        {
            table.Append($"<tr><th>{HtmlPage.Text(names[truth])}</th>")
                .AppendJoin("", classes.Select(said => Cell(matrix, truth, said)))
                .Append($"<td class=\"rate\">{ReportText.Percent(matrix.Recall(truth))}</td></tr>");
        }

        return HtmlPage.Scroll(table.Append("<tr><th>precision</th>")
            .AppendJoin("", classes.Select(said => $"<td class=\"rate\">{ReportText.Percent(matrix.Precision(said))}</td>")).Append("<td class=\"rate\"></td></tr></tbody></table>").ToString());
    }

    private static string Cell(ConfusionMatrix matrix, int truth, int said) => matrix[truth, said] == 0
        ? "<td></td>"
        : string.Create(
            CultureInfo.InvariantCulture, $"<td class=\"{(truth == said ? "hit" : "miss")}\" style=\"--share:{matrix.Rate(truth, said):0.##}\">{matrix[truth, said]}</td>");
}
