using System.Globalization;
using DPT.Engine.Dpt;

namespace DPT.Engine.Cli;

/// <summary>A run in short.</summary>
/// <param name="Run">Its folder.</param>
/// <param name="State"><c>finished</c>, or the stage that is not.</param>
/// <param name="Data">What it was made from, as it was given.</param>
/// <param name="Labels">Labels that the method saw; null until it is finished.</param>
/// <param name="Seed">Its seed.</param>
/// <param name="Stage1">Accuracy of stage 1, 0..1; null where it is not measured, or not yet.</param>
/// <param name="Control">That of the control.</param>
/// <param name="Stage3">That of stage 3.</param>
/// <param name="Settings">What it was given beyond data and seed, by name.</param>
internal sealed record ListedRun(
    string Run,
    string State,
    string Data,
    int? Labels,
    string Seed,
    double? Stage1,
    double? Control,
    double? Stage3,
    IReadOnlyDictionary<string, string> Settings)
{
    private const string Spec = "data.spec", SeedName = "seed";

    /// <summary>The run as a row of text.</summary>
    public IEnumerable<string> Cells =>
    [
        Run,
        State,
        Data,
        Labels?.ToString(CultureInfo.InvariantCulture) ?? "–",
        Seed,
        ReportText.Percent(Stage1),
        ReportText.Percent(Control),
        ReportText.Percent(Stage3),
        string.Join(' ', Settings.Select(setting => $"{setting.Key}={setting.Value}")),
    ];

    /// <summary>All runs in a folder, by name; those of several seeds one by one. A folder that is a run is that run.</summary>
    /// <exception cref="DptException">Environment: there is no such folder, or no run in it. Check: a list of seeds is damaged.</exception>
    public static IReadOnlyList<ListedRun> In(string root)
    {
        if (!Directory.Exists(root))
        {
            throw new DptException(FailureKind.Environment, $"there is no folder '{root}'; name the folder that holds runs");
        }

        IEnumerable<string> folders = RunFolder.IsRun(root) || RunGroup.IsGroup(root) ? [root] : Directory.EnumerateDirectories(root).Order(StringComparer.Ordinal);
        ListedRun[] runs = [.. folders.SelectMany(RunsAt).Select(Of)];
        return runs.Length > 0 ? runs : throw new DptException(FailureKind.Environment, $"there is no run in '{root}'");
    }

    private static IEnumerable<string> RunsAt(string folder) =>
        RunFolder.IsRun(folder) ? [folder]
        : RunGroup.IsGroup(folder) && RunGroup.Open(folder) is var group ? group.Seeds.Select(group.RunPath).Where(RunFolder.IsRun)
        : [];

    private static ListedRun Of(string folder)
    {
        var files = new RunFiles(new RunLayout(folder));
        var settings = files.Settings.ToDictionary(setting => setting.Name);
        var now = files.Stages().FirstOrDefault(stage => stage.Manifest is null).Stage;
        return new ListedRun(
            folder,
            files.Result is not null ? "finished" : now is null ? "not finished" : $"in {now.Name}",
            settings.GetValueOrDefault(Spec)?.Value ?? "?",
            files.Result?.Data.Labels,
            settings.GetValueOrDefault(SeedName)?.Value ?? "?",
            files.Stage1?.Top1,
            files.Stage3?.ControlTop1,
            files.Stage3?.Top1,
            files.Settings.Where(setting => setting.IsGiven && setting.Name is not (Spec or SeedName)).ToDictionary(setting => setting.Name, setting => setting.Value));
    }
}
