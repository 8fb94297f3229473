using System.Globalization;
using DPT.Engine.Autograd;
using DPT.Engine.Dpt;

namespace DPT.Engine.Cli;

/// <summary>Makes and finds run folders: <c>runs/00012-digits</c>, each with its resolved configuration.</summary>
internal static class RunFolder
{
    /// <summary>Name of the file with every setting and its origin.</summary>
    public const string ConfigFile = "config.resolved.json";

    private const string Parent = "runs";

    /// <summary>Makes a new run folder.</summary>
    /// <param name="asked">The folder asked for, or null for the next number.</param>
    /// <param name="name">What the run is, for the folder's name.</param>
    /// <param name="config">Written into it.</param>
    /// <exception cref="DptException">The folder asked for holds something.</exception>
    public static string Create(string? asked, string name, ResolvedConfig config)
    {
        var folder = asked ?? Path.Combine(Parent, $"{NextNumber():00000}-{name}");
        if (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any())
        {
            throw new DptException(
                FailureKind.Usage,
                File.Exists(Path.Combine(folder, ConfigFile))
                    ? $"--out: '{folder}' holds a run; continue it with --resume '{folder}', or name another folder"
                    : $"--out: '{folder}' is not empty; name another folder");
        }

        Directory.CreateDirectory(folder);
        WriteConfig(folder, config);
        return folder;
    }

    /// <summary>The resolved configuration of an existing run folder.</summary>
    /// <exception cref="DptException">The folder is no run folder.</exception>
    public static string FindConfig(string folder)
    {
        var file = Path.Combine(folder, ConfigFile);
        return File.Exists(file)
            ? file
            : throw new DptException(
                FailureKind.Environment, $"--resume: '{folder}' is not a run folder: it has no {ConfigFile}");
    }

    /// <summary>Writes or replaces the configuration.</summary>
    public static void WriteConfig(string folder, ResolvedConfig config) =>
        AtomicFile.WriteText(Path.Combine(folder, ConfigFile), config.ToJson());

    private static int NextNumber()
    {
        if (!Directory.Exists(Parent))
        {
            return 0;
        }

        return 1 + Directory.EnumerateDirectories(Parent)
            .Select(path => Path.GetFileName(path).Split('-')[0])
            .Select(text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var n) ? n : -1)
            .DefaultIfEmpty(-1)
            .Max();
    }
}
