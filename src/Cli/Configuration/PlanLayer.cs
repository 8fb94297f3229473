using DPT.Engine.Dpt;

namespace DPT.Engine.Cli;

/// <summary>The settings of a plan as a layer of the configuration.</summary>
/// <param name="Assignments">The settings.</param>
/// <param name="Plan">The plan, once it is complete.</param>
internal sealed record PlanLayer(IEnumerable<Assignment> Assignments, RunPlan? Plan);
