namespace DPT.Engine.Dpt;

/// <summary>Settings for a data set, a machine and a budget, with the reason of each and what the run will take.</summary>
/// <param name="Budget">The budget.</param>
/// <param name="Rules">What was decided, in the order of deciding.</param>
/// <param name="Stages">The pieces of the run with time and memory, in their order.</param>
/// <param name="SensibleSeconds">The shortest budget, about, for which pseudo-images are known not to hurt.</param>
public sealed record RunPlan(
    Budget Budget, IReadOnlyList<PlannedRule> Rules, IReadOnlyList<StageEstimate> Stages, double SensibleSeconds)
{
    /// <summary>All settings of the rules.</summary>
    public IReadOnlyDictionary<string, object> Settings => SettingsOf(Rules);

    /// <summary>Wall time of the run in seconds.</summary>
    public double Seconds => Stages.Sum(stage => stage.Seconds);

    internal static IReadOnlyDictionary<string, object> SettingsOf(IEnumerable<PlannedRule> rules) =>
        rules.SelectMany(rule => rule.Settings).ToDictionary();
}
