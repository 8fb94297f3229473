namespace DPT.Engine.Dpt;

/// <summary>
/// Images that belong to no data set: files, and folders with all images below them in the order of their names. They are
/// resized and their middle is cut out, as of images of a data set.
/// </summary>
internal static class LooseImages
{
    /// <summary>Finds images, in the order of the paths.</summary>
    /// <param name="paths">Files and folders.</param>
    /// <param name="notes">Hears what is left out.</param>
    /// <returns>Their paths; broken ones among them.</returns>
    /// <exception cref="DptException">Environment: a path leads nowhere or cannot be read, or there is no image.</exception>
    public static IReadOnlyList<string> Find(IEnumerable<string> paths, ReadingNotes notes)
    {
        var found = paths.SelectMany(path => Find(path, notes)).ToList();
        return found.Count > 0 ? found : throw new DptException(FailureKind.Environment, $"there is no {ImageKind.Names} image in what was named");
    }

    /// <summary>Reads images.</summary>
    /// <param name="paths">The files.</param>
    /// <param name="form">What they become.</param>
    /// <param name="classNames">What they are to be told apart by.</param>
    /// <param name="faults">Receives what is wrong with those that cannot be read, which stay black.</param>
    public static ImageDataset Read(IReadOnlyList<string> paths, ImageForm form, IReadOnlyList<string> classNames, string?[] faults)
    {
        var length = form.Elements;
        var pixels = new byte[(long)paths.Count * length];
        Parallel.For(0, paths.Count, i => faults[i] = BrokenImage.Fault(
            paths[i], () => Decode(ImageFile.Read(paths[i]), form, pixels.AsSpan(i * length, length))));
        return new ImageDataset("images", classNames, form.Channels, form.Side, pixels, new int[paths.Count], [.. paths]);
    }

    private static IReadOnlyList<string> Find(string path, ReadingNotes notes)
    {
        if (!Directory.Exists(path))
        {
            return File.Exists(path)
                ? [path]
                : throw new DptException(FailureKind.Environment, $"'{path}' is neither a file nor a folder");
        }

        try
        {
            var folder = new ClassFolder(path, Path.TrimEndingDirectorySeparator(path), Label: 0);
            ImageTree.Fill([folder], notes);
            return folder.Images;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DptException(FailureKind.Environment, $"cannot read '{path}': {error.Message}", error);
        }
    }

    /// <summary>Grey pictures are often stored with three equal channels; one with colour is nothing that a grey classifier knows.</summary>
    private static void Decode(byte[] file, ImageForm form, Span<byte> target)
    {
        if (form.Channels == 3 || ImageFile.ReadHeader(file).Channels == 1)
        {
            ImageFile.Decode(file, form.Channels, form.Side, target);
            return;
        }

        var planes = new byte[3 * target.Length];
        ImageFile.Decode(file, 3, form.Side, planes);
        var first = planes.AsSpan(0, target.Length);
        if (!first.SequenceEqual(planes.AsSpan(target.Length, target.Length)) || !first.SequenceEqual(planes.AsSpan(2 * target.Length)))
        {
            throw new InvalidDataException("it has colour, where only grey images are understood");
        }

        first.CopyTo(target);
    }
}
