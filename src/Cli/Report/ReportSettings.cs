namespace DPT.Engine.Cli;

/// <summary>The settings: those that are not the defaults first, then all.</summary>
internal static class ReportSettings
{
    public static string Of(RunFiles files)
    {
        if (files.Settings is not { Count: > 0 } settings)
        {
            return "";
        }

        var changed = settings.Where(setting => setting.Value != setting.Default).ToList();
        return (changed.Count == 0 ? HtmlPage.Paragraph("lead", "All are the defaults.") : Table(changed))
            + HtmlPage.Folded($"all {settings.Count} settings", Table(settings));
    }

    private static string Table(IEnumerable<RunSetting> settings) => HtmlPage.Table(
        ["setting", "value", "default", "from"],
        settings.Select(setting => (string[])[setting.Name, setting.Value, setting.Default, setting.Origin]));
}
