using System.Text.Json;

namespace DPT.Engine.Cli;

/// <summary>The settings: those that are not the defaults first, then all.</summary>
internal static class ReportSettings
{
    public static string Of(RunFiles files)
    {
        if (files.Config is not { ValueKind: JsonValueKind.Object } config)
        {
            return "";
        }

        var defaults = ConfigLoader.Defaults().Values;
        var settings = config.EnumerateObject().Select(entry => new Setting(
            entry.Name,
            Member(entry.Value, "value"),
            defaults.TryGetValue(entry.Name, out var value) ? value.Text : "",
            Member(entry.Value, "origin"))).ToList();
        var changed = settings.FindAll(setting => setting.Value != setting.Default);
        return (changed.Count == 0 ? HtmlPage.Paragraph("lead", "All are the defaults.") : Table(changed))
            + HtmlPage.Folded($"all {settings.Count} settings", Table(settings));
    }

    private static string Table(IEnumerable<Setting> settings) => HtmlPage.Table(
        ["setting", "value", "default", "from"],
        settings.Select(setting => (string[])[setting.Name, setting.Value, setting.Default, setting.Origin]));

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

    private sealed record Setting(string Name, string Value, string Default, string Origin);
}
