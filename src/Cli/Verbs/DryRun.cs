using System.Globalization;
using DPT.Engine.Dpt;

namespace DPT.Engine.Cli;

/// <summary>What a run would be: every setting with its origin, sizes, and what is probably not meant.</summary>
internal static class DryRun
{
    private static readonly string[] Prefixes = ["", "k", "M", "G", "T", "P", "E", "Z", "Y"];

    /// <summary>The settings, sizes and costs of a run, or of the first of several.</summary>
    public static VerbResult Of(ResolvedConfig config, DptPlan plan, IReadOnlyList<StageCost> costs, RunPlace place)
    {
        NamedValue[] sizes =
        [
            new("training images", plan.Data.Train.Count),
            new("test images", plan.Data.Test.Count),
            new("labelled images", plan.Split.Count),
            new("classifier parameters", plan.ClassifierParameters),
            new("generator parameters", plan.GeneratorParameters),
            new("generator tokens per image", plan.GeneratorTokens),
            new("memory, about, MiB", plan.MemoryBytes >> 20),
            new("disk, at most, MiB", (place.Runs * plan.DiskBytes) >> 20),
        ];
        var table = new TextTable();
        foreach (var (name, value) in config.Values)
        {
            table.Add(name, value.Text, value.Origin);
        }

        foreach (var value in sizes)
        {
            table.Add(value.Name, value.Text, "computed");
        }

        return new VerbResult(
            table.Lines().Concat(Lines(costs)).Concat(PlanText.Lines(config.Plan)).Concat(plan.Warnings.Select(warning => $"warning: {warning}")),
            JsonText.OfNamed(
            [
                .. config.Values.Select(v => new NamedValue(v.Key, new { v.Value.Value, v.Value.Origin })),
                .. sizes,
                new NamedValue("costs", costs),
                .. PlanText.Values(config.Plan),
                new NamedValue("warnings", plan.Warnings),
            ]));
    }

    /// <summary>Operations of each piece, and the time that the peaks of the device allow.</summary>
    private static IEnumerable<string> Lines(IReadOnlyList<StageCost> costs)
    {
        var table = new TextTable();
        foreach (var (work, operations, seconds) in costs.Append(InAll(costs)))
        {
            table.Add(work, $"{Amount(operations)}FLOP", seconds is { } s ? $"at the peak of the device {ProgressText.Duration(s)}" : "");
        }

        return table.Lines();
    }

    private static StageCost InAll(IReadOnlyList<StageCost> costs) => new(
        "in all", costs.Sum(c => c.Operations), costs.All(c => c.Seconds is null) ? null : costs.Sum(c => c.Seconds));

    /// <summary>Three digits and a prefix: <c>1.25 E</c>.</summary>
    private static string Amount(double value)
    {
        var power = value < 1000 ? 0 : Math.Min(Prefixes.Length - 1, (int)(Math.Log10(value) / 3));
        return string.Create(CultureInfo.InvariantCulture, $"{value / Math.Pow(1000, power):G3} {Prefixes[power]}");
    }
}
