using DPT.Engine.Dpt;

namespace DPT.Engine.Cli;

/// <summary>What a run would be: every setting with its origin, sizes, and what is probably not meant.</summary>
internal static class DryRun
{
    /// <summary>The settings and sizes of a run, or of the first of several.</summary>
    public static VerbResult Of(ResolvedConfig config, DptPlan plan, RunPlace place)
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
            table.Lines().Concat(PlanText.Lines(config.Plan)).Concat(plan.Warnings.Select(warning => $"warning: {warning}")),
            JsonText.OfNamed(
            [
                .. config.Values.Select(v => new NamedValue(v.Key, new { v.Value.Value, v.Value.Origin })),
                .. sizes,
                .. PlanText.Values(config.Plan),
                new NamedValue("warnings", plan.Warnings),
            ]));
    }
}
