using DPT.Engine.Dpt;

namespace DPT.Engine.Cli;

/// <summary>Where a verb is to write: what is known before the work is checked before it.</summary>
internal static class OutputPath
{
    /// <summary>Throws unless the folder is there that a file or folder is to be made in.</summary>
    /// <returns>The path, absolute and without an end for folders.</returns>
    public static string Require(string path)
    {
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        return Path.GetDirectoryName(full) is { } folder && Directory.Exists(folder)
            ? full
            : throw new DptException(FailureKind.Environment, $"the folder of '{path}' does not exist");
    }

    /// <summary>The same, and that nothing is in the way: a file takes the place of a file, a folder takes nothing's.</summary>
    /// <param name="path">The path.</param>
    /// <param name="isFolder">Whether a folder is made there, not a file.</param>
    /// <param name="replaces">Whether a file may be in the way of a file; not one that took days.</param>
    public static string RequireNew(string path, bool isFolder, bool replaces = true)
    {
        var full = Require(path);
        return Directory.Exists(full) || ((isFolder || !replaces) && File.Exists(full))
            ? throw new DptException(FailureKind.Environment, $"'{full}' exists; give the name of a new {(isFolder ? "folder" : "file")}")
            : full;
    }
}
