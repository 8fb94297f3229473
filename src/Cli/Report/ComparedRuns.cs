using DPT.Engine.Dpt;

namespace DPT.Engine.Cli;

/// <summary>Runs to be compared, with their results.</summary>
/// <param name="Comparison">Numbers and statistics.</param>
/// <param name="Finished">Name and place of the finished runs, in the order of the comparison.</param>
internal sealed record ComparedRuns(RunComparison Comparison, IReadOnlyList<(string Name, RunLayout Run)> Finished)
{
    /// <summary>The runs in folders that a user names; a group stands for its runs.</summary>
    /// <exception cref="DptException">
    /// Usage: a run is named twice. Environment: none is there, or one that is named is not finished. Check: a result is damaged.
    /// </exception>
    public static ComparedRuns In(IEnumerable<string> folders)
    {
        var runs = new List<(string Name, string Path, bool IsRequired)>();
        foreach (var folder in folders)
        {
            runs.AddRange(RunGroup.IsGroup(folder)
                ? RunGroup.Open(folder) is var group ? group.Seeds.Select(seed => (group.RunPath(seed), group.RunPath(seed), false)) : []
                : [(folder, folder, true)]);
        }

        var twice = runs.GroupBy(run => Path.TrimEndingDirectorySeparator(Path.GetFullPath(run.Path))).FirstOrDefault(same => same.Count() > 1);
        if (twice is not null)
        {
            throw new DptException(FailureKind.Usage, $"the run in '{twice.Key}' is named twice: it would count twice");
        }

        return Read(runs)
            ?? throw new DptException(FailureKind.Environment, "no run is finished yet: there is nothing to compare");
    }

    /// <summary>The runs of a group, by the names of their folders; null if none is finished.</summary>
    /// <exception cref="DptException">Check: a result is damaged.</exception>
    public static ComparedRuns? Of(RunGroup group) =>
        Read([.. group.Seeds.Select(seed => (RunGroup.NameOf(seed), group.RunPath(seed), false))]);

    private static ComparedRuns? Read(IReadOnlyList<(string Name, string Path, bool IsRequired)> runs)
    {
        var layouts = runs.Select(run => (run.Name, run.IsRequired, Layout: new RunLayout(run.Path))).ToList();
        var finished = layouts.FindAll(run => File.Exists(run.Layout.ResultPath));
        foreach (var (name, _, _) in layouts.Where(run => run.IsRequired).Except(finished))
        {
            throw new DptException(FailureKind.Environment, $"'{name}' holds no result.json: the run is not finished");
        }

        return finished.Count == 0
            ? null
            : new ComparedRuns(
                RunComparison.Of(
                    finished.ConvertAll(run => (run.Name, DptResult.Load(run.Layout.ResultPath))),
                    [.. layouts.Except(finished).Select(run => run.Name)]),
                finished.ConvertAll(run => (run.Name, run.Layout)));
    }
}
