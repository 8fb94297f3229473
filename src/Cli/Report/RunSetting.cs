using System.Text.Json;

namespace DPT.Engine.Cli;

/// <summary>A setting of a run as its folder tells it.</summary>
/// <param name="Name">Its dotted name.</param>
/// <param name="Value">Its value, as the command line would take it.</param>
/// <param name="Default">What it would be today if nobody said anything; empty if there is no such setting any more.</param>
/// <param name="Origin">Where it came from.</param>
internal sealed record RunSetting(string Name, string Value, string Default, string Origin)
{
    /// <summary>Whether somebody gave it, and not a preset, a plan or the defaults.</summary>
    public bool IsGiven => Origin.StartsWith("--", StringComparison.Ordinal)
        || Origin.StartsWith("DPT_", StringComparison.Ordinal)
        || Origin.StartsWith("file ", StringComparison.Ordinal);

    /// <summary>The settings in a <c>config.resolved.json</c>, in its order.</summary>
    public static IReadOnlyList<RunSetting> In(JsonElement config)
    {
        var defaults = ConfigLoader.Defaults().Values;
        return
        [
            .. config.EnumerateObject().Select(entry => new RunSetting(
                entry.Name,
                Member(entry.Value, "value"),
                defaults.TryGetValue(entry.Name, out var value) ? value.Text : "",
                Member(entry.Value, "origin"))),
        ];
    }

    private static string Member(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var member)
            ? member.ValueKind switch
            {
                JsonValueKind.Null => "null",
                JsonValueKind.True => "true",
                JsonValueKind.False => "false",
                _ => member.ToString(),
            }
            : "";
}
