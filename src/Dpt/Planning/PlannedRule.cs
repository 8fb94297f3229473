namespace DPT.Engine.Dpt;

/// <summary>A decision of a plan: the settings that it makes, and why.</summary>
/// <param name="Settings">Values by name, e.g. <c>stage1.steps</c>: <see cref="int"/>, <see cref="double"/>, <see cref="bool"/> or <see cref="string"/>.</param>
/// <param name="Because">The reason in a line.</param>
public sealed record PlannedRule(IReadOnlyDictionary<string, object> Settings, string Because)
{
    internal PlannedRule(string because, params ReadOnlySpan<(string Name, object Value)> settings)
        : this(settings.ToArray().ToDictionary(s => s.Name, s => s.Value), because)
    {
    }
}
