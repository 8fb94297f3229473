using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using DPT.Engine.Cli;
using DPT.Engine.Kernels;

namespace Cli.Tests;

/// <summary>
/// The tables of <c>docs/kernels.md</c> and of the README that say what an operator's variants are worth, from the simplest up:
/// their ideas, what the simulator counts, and what the committed boards of cards say.
/// </summary>
internal static class Ladder
{
    private const string BoardHeader = "| variant | shape | us |";

    private static readonly string[] Counted =
        ["laneInstructions", "globalRequests", "sectors", "sharedRequests", "bankConflicts", "barriers"];

    /// <summary>What commands have printed: most tables are of the same one.</summary>
    private static readonly ConcurrentDictionary<string, JsonArray> Simulated = new();

    /// <summary>The lines of a table.</summary>
    /// <param name="kind"><c>ideas</c>, <c>counts</c> or <c>times</c>.</param>
    /// <param name="op">The operator.</param>
    /// <param name="label">Of counts: the case; null for the largest.</param>
    public static string Table(string kind, Operator op, string? label) => kind switch
    {
        "ideas" => Ideas(op),
        "counts" => Counts(op, label),
        "times" => Times(op),
        _ => throw new ArgumentException($"there is no table '{kind}'"),
    };

    private static IEnumerable<KernelVariant> Ascending(Operator op) => op.Variants.Reverse();

    private static string Ideas(Operator op)
    {
        var text = new StringBuilder("| variant | runs on | idea |\n|---|---|---|\n");
        foreach (var variant in Ascending(op))
        {
            var name = op.DefaultOn(variant.Targets) == variant ? $"**{variant.Name}**" : variant.Name;
            text.Append(CultureInfo.InvariantCulture, $"| {name} | {(variant is IGpuVariant ? "GPU, simulator" : "host")} | {variant.Idea} |\n");
        }

        return text.ToString();
    }

    private static string Counts(Operator op, string? label)
    {
        string[] words = ["kernels", "sim", .. label is null ? Array.Empty<string>() : [op.Name, "--case", label]];
        var runs = Simulated.GetOrAdd(string.Join(' ', words), _ => JsonNode.Parse(Run([.. words, "--json"]))!.AsArray())
            .ToDictionary(run => (string)run!["id"]!, run => run!);
        var variants = Ascending(op).Where(v => v is IGpuVariant).ToList();
        var command = label is null ? "dpt kernels sim" : $"dpt kernels sim {op.Name} --case \"{label}\"";
        var text = new StringBuilder()
            .Append(CultureInfo.InvariantCulture, $"[{runs[op.IdOf(variants[0])]["case"]}], by `{command}`:\n\n")
            .Append("| variant | lane instructions | global requests | sectors | shared requests | bank conflicts | barriers |\n")
            .Append("|---|---|---|---|---|---|---|\n");
        foreach (var variant in variants)
        {
            var launches = runs[op.IdOf(variant)]["launches"]!.AsArray();
            var cells = Counted.Select(name => launches.Sum(l => (long)l![name]!).ToString("N0", CultureInfo.InvariantCulture));
            text.Append(CultureInfo.InvariantCulture, $"| {variant.Name} | {string.Join(" | ", cells)} |\n");
        }

        return text.ToString();
    }

    /// <summary>A process of its own prints what a user will see, whatever was compiled in this one before.</summary>
    private static string Run(string[] words)
    {
        using var process = Process.Start(new ProcessStartInfo("dotnet", [typeof(Application).Assembly.Location, .. words])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        })!;
        var (errors, output) = (process.StandardError.ReadToEndAsync(), process.StandardOutput.ReadToEndAsync());
        process.WaitForExit();
        Assert.That(process.ExitCode, Is.Zero, errors.Result);
        return output.Result;
    }

    /// <summary>A table for every board of a card that has the operator: shapes down, variants across, PyTorch last.</summary>
    private static string Times(Operator op)
    {
        var text = new StringBuilder();
        foreach (var file in Directory.GetFiles(Repository.File("perf/boards"), "*.md").Order(StringComparer.Ordinal))
        {
            var lines = File.ReadAllLines(file);
            var rows = lines.SkipWhile(l => !l.StartsWith(BoardHeader, StringComparison.Ordinal)).Skip(2)
                .TakeWhile(l => l.StartsWith('|'))
                .Select(l => l.Trim('|').Split('|').Select(c => c.Trim()).ToArray())
                .Where(cells => cells[0].StartsWith(op.Name + "/", StringComparison.Ordinal))
                .ToList();
            if (rows.Count > 0)
            {
                var card = lines[0].Split(": ")[1].Split(',')[0];
                text.Append(text.Length > 0 ? "\n" : "")
                    .Append(CultureInfo.InvariantCulture, $"{card} ([board](../perf/boards/{Path.GetFileName(file)})), microseconds:\n\n")
                    .Append(Times(op, rows));
            }
        }

        return text.Length > 0 ? text.ToString() : "No board of a card has it yet.\n";
    }

    private static StringBuilder Times(Operator op, List<string[]> rows)
    {
        var variants = Ascending(op).Where(v => v is IGpuVariant).Select(op.IdOf).ToList();
        var precisions = rows.Where(r => r[6].Length > 0).Select(Precision).Distinct().OrderDescending(StringComparer.Ordinal).ToList();
        var heads = variants.Select(id => id.Split('/')[1]).Concat(precisions.Select(p => $"PyTorch, {p}")).ToList();
        var text = new StringBuilder($"| shape | {string.Join(" | ", heads)} |\n|{string.Concat(heads.Prepend("").Select(_ => "---|"))}\n");
        foreach (var shape in rows.GroupBy(r => r[1]))
        {
            var cells = variants.Select(id => shape.FirstOrDefault(r => r[0] == id)?[2] ?? "")
                .Concat(precisions.Select(p => shape.FirstOrDefault(r => Precision(r) == p)?[6] ?? ""));
            text.Append(CultureInfo.InvariantCulture, $"| {shape.Key} | {string.Join(" | ", cells)} |\n");
        }

        return text;
    }

    private static string Precision(string[] row) => row[0].Contains("bf16", StringComparison.Ordinal) ? "bf16" : "fp32";
}
