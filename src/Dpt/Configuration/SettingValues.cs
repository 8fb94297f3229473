using System.Text.Json.Nodes;
using System.Text.Json;

namespace DPT.Engine.Dpt;

/// <summary>The options as named values, <c>stage1.steps = 400</c>: what a stage records of them, and compares.</summary>
internal static class SettingValues
{
    private static readonly JsonSerializerOptions _camelCase = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    /// <summary>The values of some groups or single settings, by name.</summary>
    /// <param name="options">The options.</param>
    /// <param name="groups">Their names: <c>seed</c>, <c>stage1</c>.</param>
    public static SortedDictionary<string, string> Of(DptOptions options, params ReadOnlySpan<string> groups)
    {
        var root = JsonSerializer.SerializeToNode(options, _camelCase)!;
        var values = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var group in groups)
        {
            if (root[group] is JsonObject members)
            {
                foreach (var (name, value) in members)
                {
                    values[$"{group}.{name}"] = Text(value);
                }
            }
            else
            {
                values[group] = Text(root[group]);
            }
        }

        return values;
    }

    private static string Text(JsonNode? value) => value?.ToString() ?? "null";
}
