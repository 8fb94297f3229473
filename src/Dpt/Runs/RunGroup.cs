using System.Globalization;

namespace DPT.Engine.Dpt;

/// <summary>
/// Runs that differ in their seed alone, <c>runs/00013-digits-seeds</c>: an ordinary run folder <c>seed-N</c> for each, which
/// seeds they are, and what they come to together.
/// </summary>
public sealed class RunGroup
{
    private const string SeedsName = "seeds.json";

    private RunGroup(string path, IReadOnlyList<int> seeds)
    {
        FolderPath = path;
        Seeds = seeds;
    }

    /// <summary>The folder.</summary>
    public string FolderPath { get; }

    /// <summary>The seeds, rising.</summary>
    public IReadOnlyList<int> Seeds { get; }

    /// <summary>The runs' numbers and statistics, see <see cref="RunComparison"/>.</summary>
    public string SummaryPath => Path.Combine(FolderPath, "summary.json");

    /// <summary>The report for people.</summary>
    public string ReportPath => Path.Combine(FolderPath, "report.html");

    /// <summary>Whether a folder is one of these.</summary>
    public static bool IsGroup(string path) => File.Exists(Path.Combine(path, SeedsName));

    /// <summary>Name of a seed's run folder.</summary>
    public static string NameOf(int seed) => "seed-" + seed.ToString(CultureInfo.InvariantCulture);

    /// <summary>A seed's run folder.</summary>
    public string RunPath(int seed) => Path.Combine(FolderPath, NameOf(seed));

    /// <summary>Makes the next numbered folder under a root, which is made too if it is missing.</summary>
    /// <param name="root">Folder of all runs.</param>
    /// <param name="name">What the runs are about; characters unfit for a file name become <c>-</c>.</param>
    /// <param name="seeds">The seeds.</param>
    /// <exception cref="DptException">Environment: the folder cannot be made.</exception>
    public static RunGroup Create(string root, string name, IEnumerable<int> seeds) =>
        Written(root, () => Save(RunFolder.MakeNumbered(root, name), seeds));

    /// <summary>Makes the folder at a path of the caller's choice, or adds seeds to the one that is there.</summary>
    /// <param name="path">A folder that does not exist, is empty, or is a group.</param>
    /// <param name="seeds">The seeds.</param>
    /// <exception cref="DptException">
    /// Usage: it holds something else. Environment: it cannot be made. Check: its list of seeds is damaged.
    /// </exception>
    public static RunGroup CreateAt(string path, IEnumerable<int> seeds)
    {
        path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        RequireUsable(path);
        IReadOnlyList<int> before = IsGroup(path) ? Open(path).Seeds : [];
        var all = before.Union(seeds).ToList();
        return all.Count == before.Count ? Open(path) : Written(path, () => Save(Directory.CreateDirectory(path).FullName, all));
    }

    /// <summary>Throws unless <see cref="CreateAt"/> could use a folder; writes nothing.</summary>
    /// <exception cref="DptException">Usage: it holds something else.</exception>
    public static void RequireUsable(string path) => Usage.Require(
        IsGroup(path) || !Directory.Exists(path) || !Directory.EnumerateFileSystemEntries(path).Any(),
        RunFolder.IsRun(path)
            ? $"'{path}' holds a single run; name another folder for several seeds"
            : $"'{path}' is not empty; name another folder");

    /// <summary>Opens a folder that is there.</summary>
    /// <exception cref="DptException">Environment: it is no such folder. Check: its list of seeds is damaged.</exception>
    public static RunGroup Open(string path)
    {
        var file = Path.Combine(path, SeedsName);
        if (!IsGroup(path))
        {
            throw new DptException(
                FailureKind.Environment, $"'{path}' does not hold runs of several seeds: it has no {SeedsName}; --out DIR starts some");
        }

        var list = JsonFiles.Load<SeedList>(file);
        return list is { Schema: SeedList.PresentSchema, Seeds.Count: > 0 } && list.Seeds.All(seed => seed >= 0)
            && list.Seeds.Distinct().Count() == list.Seeds.Count
            ? new RunGroup(Path.TrimEndingDirectorySeparator(path), [.. list.Seeds.Order()])
            : throw DataFile.Corrupt(file, "it must list different seeds from 0, in schema 1");
    }

    private static RunGroup Save(string path, IEnumerable<int> seeds)
    {
        int[] rising = [.. seeds.Order()];
        JsonFiles.Save(Path.Combine(path, SeedsName), new SeedList(SeedList.PresentSchema, rising));
        return new RunGroup(Path.TrimEndingDirectorySeparator(path), rising);
    }

    private static RunGroup Written(string path, Func<RunGroup> write)
    {
        try
        {
            return write();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DptException(FailureKind.Environment, $"cannot make a folder of runs in '{path}': {error.Message}", error);
        }
    }

    /// <summary>The content of <c>seeds.json</c>.</summary>
    private sealed record SeedList(int Schema, IReadOnlyList<int> Seeds)
    {
        public const int PresentSchema = 1;
    }
}
