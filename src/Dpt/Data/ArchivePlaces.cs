namespace DPT.Engine.Dpt;

/// <summary>An archive of images.</summary>
/// <param name="Path">The file.</param>
/// <param name="Prefix">What the names of its images begin with where there are several; else empty.</param>
internal readonly record struct ArchivePlace(string Path, string Prefix);

/// <summary>Finds archives: one file, those that a pattern names, or the training and test parts of a folder.</summary>
internal static class ArchivePlaces
{
    /// <summary>The archives with training images, and those with test images, if any.</summary>
    /// <param name="place">A file; a path whose last name has <c>*</c> or <c>?</c>; or a folder with <c>train*</c> and <c>test*</c> or <c>val*</c>.</param>
    /// <param name="endings">Endings of the archives in a folder, the first for messages: <c>.zip</c>.</param>
    /// <exception cref="DptException">Environment: there is none.</exception>
    public static (ArchivePlace[] Train, ArchivePlace[] Test) Find(string place, string[] endings)
    {
        var name = Path.GetFileName(place);
        if (name.AsSpan().ContainsAny('*', '?'))
        {
            var folder = Path.GetDirectoryName(place) is { Length: > 0 } above ? above : ".";
            DataFile.RequireDirectory(folder);
            return (Some(Directory.GetFiles(folder, name), folder, $"no file is named '{place}'"), []);
        }

        if (!Directory.Exists(place))
        {
            return ([new ArchivePlace(place, "")], []);
        }

        var test = Part(place, "test", endings);
        return (
            Some(Part(place, "train", endings), place, $"'{place}' has neither train*{endings[0]} nor train/*{endings[0]}"),
            Named(test.Length > 0 ? test : Part(place, "val", endings), place));
    }

    /// <summary>Archives whose name, or whose folder's, begins in that way; where data sets are shared they lie in a folder data.</summary>
    private static string[] Part(string place, string part, string[] endings) =>
    [
        .. from folder in new[] { place, Path.Combine(place, "data") }.Where(Directory.Exists)
           from ending in endings
           from path in Directory.GetFiles(folder, $"{part}*{ending}")
               .Concat(Directory.GetDirectories(folder, $"{part}*").SelectMany(below => Directory.GetFiles(below, $"*{ending}")))
           select path,
    ];

    private static ArchivePlace[] Some(string[] paths, string folder, string otherwise) =>
        paths.Length > 0 ? Named(paths, folder) : throw new DptException(FailureKind.Environment, otherwise);

    private static ArchivePlace[] Named(string[] paths, string folder) =>
        [.. paths.Order(StringComparer.Ordinal).Select(path => new ArchivePlace(path, Path.GetRelativePath(folder, path).Replace('\\', '/') + "/"))];
}
