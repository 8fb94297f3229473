using DPT.Engine.Dpt;

namespace DPT.Engine.Cli;

/// <summary>A plan for people and for programs.</summary>
internal static class PlanText
{
    /// <summary>Above this share of the budget a plan is said to be too long.</summary>
    private const double TooLong = 1.25;

    /// <summary>The plan in a line.</summary>
    public static string Summary(RunPlan plan) =>
        $"plan for {plan.Budget.Text}: about {ProgressText.Duration(plan.Seconds)}: "
        + string.Join(", ", plan.Stages.Select(stage => $"{stage.Work} {ProgressText.Duration(stage.Seconds)}"))
        + (plan.Seconds > TooLong * plan.Budget.Seconds
            ? "; the budget is short even for the fewest updates: give more, or fewer images with --set data.trainLimit=N"
            : plan.Budget.Seconds < plan.SensibleSeconds
                ? $"; so few updates that pseudo-images may hurt: give at least {ProgressText.Duration(plan.SensibleSeconds)}"
                : "");

    /// <summary>Time and memory of every stage, then the rules; nothing without a plan.</summary>
    public static IEnumerable<string> Lines(RunPlan? plan)
    {
        if (plan is null)
        {
            return [];
        }

        var table = new TextTable();
        foreach (var stage in plan.Stages)
        {
            table.Add(stage.Work, $"about {ProgressText.Duration(stage.Seconds)}", $"at most {stage.MemoryBytes >> 20} MiB");
        }

        table.Add("in all", $"about {ProgressText.Duration(plan.Seconds)}", $"budget {plan.Budget.Text}");
        return table.Lines().Concat(plan.Rules.Select(rule => $"because: {rule.Because} ({Names(rule)})"));
    }

    /// <summary>The same as values; nothing without a plan.</summary>
    public static IEnumerable<NamedValue> Values(RunPlan? plan) => plan is null
        ? []
        :
        [
            new("plan", new
            {
                budget = plan.Budget.Text,
                seconds = plan.Seconds,
                stages = plan.Stages,
                rules = plan.Rules,
            }),
        ];

    private static string Names(PlannedRule rule) =>
        string.Join(", ", rule.Settings.Select(s => $"{s.Key} {new ConfigValue(s.Value, "").Text}"));
}
