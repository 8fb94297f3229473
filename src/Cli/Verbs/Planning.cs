using DPT.Engine.Dpt;

namespace DPT.Engine.Cli;

/// <summary>The layer of settings between defaults and preset that is planned for the data, the machine and a budget.</summary>
internal static class Planning
{
    /// <summary>The budget of data that nobody chose defaults for.</summary>
    private const string UsualBudget = "20m";

    /// <summary>The data that the defaults were chosen on.</summary>
    private const string KnownData = "digits";

    /// <summary>What decides how long a run takes: a user who says all of it needs no plan.</summary>
    private static readonly string[] Updates = ["stage1.steps", "diffusion.steps", "stage3.steps"];

    /// <summary>The same where a frozen network classifies.</summary>
    private static readonly string[] UpdatesWithProbe = ["diffusion.steps"];

    /// <summary>Whether the arguments ask for a plan, or the data needs one.</summary>
    /// <exception cref="DptException">The budget cannot be read.</exception>
    public static bool IsMeantBy(PlannedArguments arguments, CliContext context) =>
        BudgetOf(arguments, context.Resolve((ConfigArguments)arguments)) is not null;

    /// <summary>Resolves the settings, with a plan if there is a budget.</summary>
    /// <exception cref="DptException">The budget cannot be read, or the data and the settings do not fit.</exception>
    public static ResolvedConfig Resolve(PlannedArguments arguments, CliContext context)
    {
        var config = context.Resolve((ConfigArguments)arguments);
        return BudgetOf(arguments, config) is { } budget ? Planned(arguments, config, budget, context) : config;
    }

    private static Budget? BudgetOf(PlannedArguments arguments, ResolvedConfig config) => arguments switch
    {
        { Budget: { } text } => Budget.Parse(text, "--budget"),
        { Preset: null } when config.ToOptions() is var options
            && options.Data.Spec != KnownData
            && (options.Probe.Features is null ? Updates : UpdatesWithProbe).Any(key => config.Values[key].Origin == "default") => Budget.Parse(UsualBudget, "--budget"),
        _ => null,
    };

    private static ResolvedConfig Planned(
        PlannedArguments arguments, ResolvedConfig unplanned, Budget budget, CliContext context)
    {
        var options = unplanned.ToOptions();
        var advice = arguments.Budget is null
            ? " (the budget of data without --preset; --budget 1h gives it more, --dry-run shows the plan)"
            : "";
        context.Terminal.Message($"planning for {budget.Text}{advice}: a few seconds of measuring");
        using var device = DeviceChoice.Open(options, (arguments as RunArguments)?.Kernels, terminal: null);
        var plan = context.Commands.PlanFor(options, planned => Layered(planned).ToOptions(), budget, device);
        context.Terminal.Message(PlanText.Summary(plan));
        return Layered(plan.Settings, plan);

        ResolvedConfig Layered(IReadOnlyDictionary<string, object> planned, RunPlan? plan = null) => ConfigLoader.Load(
            arguments.Preset,
            arguments.Config,
            context.Environment,
            ArgumentParser.Assignments(arguments),
            new PlanLayer(planned.Select(s => new Assignment(s.Key, new ConfigValue(s.Value, "").Text, $"plan for {budget.Text}")), plan));
    }
}
