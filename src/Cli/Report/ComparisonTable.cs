using System.Globalization;
using DPT.Engine.Dpt;

namespace DPT.Engine.Cli;

/// <summary>A comparison of runs as a table: a row for each run, then what they say together.</summary>
internal static class ComparisonTable
{
    private const string Empty = "";
    private const string Missing = "–";

    /// <summary>The cells, the head first.</summary>
    public static IEnumerable<string[]> Rows(RunComparison comparison)
    {
        RunColumn[] columns = [.. RunColumn.All.Where(column => comparison.Statistics.ContainsKey(column.Name))];
        yield return ["run", "seed", .. columns.Select(column => column.Header)];
        var names = Names([.. comparison.Runs.Keys]);
        foreach (var (name, run) in names.Zip(comparison.Runs.Values))
        {
            yield return
            [
                name,
                run.Seed.ToString(CultureInfo.InvariantCulture),
                .. columns.Select(column => column.Of(run) is { } value ? Number(value, column) : Missing),
            ];
        }

        var count = comparison.Runs.Count;
        yield return Together($"mean of {count}", (column, of) =>
            Number(of.Mean, column) + (of.Count < count ? $" (of {of.Count})" : ""));
        if (comparison.Statistics.Values.Any(of => of.StandardDeviation is not null))
        {
            yield return Together("standard deviation", (_, of) => of.StandardDeviation is { } deviation ? Points(deviation) : Missing);
            yield return Together(string.Create(CultureInfo.InvariantCulture, $"{comparison.Confidence:0 %} interval"), (column, of) =>
                of is { Low: { } low, High: { } high } ? $"{Number(low, column)} to {Number(high, column)}"
                : column.IsDifference ? Missing
                : Empty);
        }

        string[] Together(string row, Func<RunColumn, ColumnStatistics, string> cell) =>
            [row, Empty, .. columns.Select(column => cell(column, comparison.Statistics[column.Name]))];
    }

    /// <summary>The table in Markdown, a line each.</summary>
    public static IEnumerable<string> Markdown(RunComparison comparison)
    {
        var rows = Rows(comparison).Select(cells => $"| {string.Join(" | ", cells.Select(Cell))} |").ToList();
        var rule = string.Concat(Enumerable.Repeat("---|", Rows(comparison).First().Length));
        return [rows[0], "|" + rule, .. rows.Skip(1)];
    }

    /// <summary>The last part of each folder, unless two of them have the same.</summary>
    private static IReadOnlyList<string> Names(IReadOnlyList<string> folders)
    {
        string[] last = [.. folders.Select(folder => Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder))))];
        return last.Distinct().Count() == last.Length ? last : folders;
    }

    private static string Cell(string text) => OneLine.Of(text).Replace("|", "\\|");

    private static string Number(double value, RunColumn column) => column.IsDifference
        ? (100 * value).ToString("+0.00;-0.00;0.00", CultureInfo.InvariantCulture)
        : value.ToString("0.00 %", CultureInfo.InvariantCulture);

    private static string Points(double value) => (100 * value).ToString("0.00", CultureInfo.InvariantCulture);
}
