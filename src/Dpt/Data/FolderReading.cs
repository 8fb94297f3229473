namespace DPT.Engine.Dpt;

/// <summary>Reads the listed image files of a data set: first what they say about themselves, then their pixels.</summary>
internal sealed class FolderReading(string directory, DataOptions options, ReadingNotes notes)
{
    private string? _first;
    private ImageHeader _header;
    private DptException? _misfit;

    /// <summary>3 as soon as one image has colour.</summary>
    private int _channels = 1;

    private int Size => options.ImageSize ?? _header.Width;

    /// <summary>Reads both parts.</summary>
    /// <exception cref="DptException">Images are broken and not to be skipped, or their sizes differ.</exception>
    public DatasetPair Read(FolderPart train, FolderPart test)
    {
        var reasons = (Train: new string?[train.Files.Length], Test: new string?[test.Files.Length]);
        ReadHeaders(train, reasons.Train);
        ReadHeaders(test, reasons.Test);
        if (_misfit is not null)
        {
            throw _misfit;
        }

        var pair = _first is null ? null : new DatasetPair(Decode(train, reasons.Train), Decode(test, reasons.Test));
        BrokenImage[] broken = [.. Broken(train, reasons.Train), .. Broken(test, reasons.Test)];
        var total = train.Files.Length + test.Files.Length;
        if (pair is null || (broken.Length > 0 && !options.SkipBroken))
        {
            throw new DptException(
                FailureKind.Check,
                $"'{directory}': {broken.Length} of {total} images cannot be read; mend or remove them, or leave them out with "
                + $"--skip-broken: {BrokenImage.Summary(broken)}");
        }

        if (broken.Length > 0)
        {
            notes.Say($"{broken.Length} of {total} images are left out because they cannot be read: {BrokenImage.Summary(broken)}");
            pair = new DatasetPair(Whole(pair.Train, reasons.Train), Whole(pair.Test, reasons.Test));
        }

        return pair.Test.Count > 0
            ? pair with { Notes = notes.Lines, Skipped = broken }
            : throw new DptException(FailureKind.Check, $"'{test.Root}': no image of it can be read: {BrokenImage.Summary(broken)}");
    }

    private void ReadHeaders(FolderPart part, string?[] reasons)
    {
        for (var i = 0; i < part.Files.Length; i++)
        {
            var path = part.PathOf(i);
            if (Fault(part.Files[i], () => Add(path, ImageFile.ReadHeader(path))) is { } reason)
            {
                reasons[i] = reason;
            }
        }
    }

    private void Add(string path, ImageHeader header)
    {
        _channels = Math.Max(_channels, header.Channels);
        if (ImageKind.OfName(path) != header.Kind)
        {
            notes.Misnamed(path, header.Kind);
        }

        if (_first is null)
        {
            (_first, _header) = (path, header);
        }

        if (options.ImageSize is null)
        {
            _misfit ??= Misfit(path, header);
        }
    }

    private DptException? Misfit(string path, ImageHeader header)
    {
        const string Remedy = "give --image-size N to crop and resize all images to NxN";
        if ((header.Width, header.Height) != (_header.Width, _header.Height))
        {
            return new DptException(
                FailureKind.Usage,
                $"'{path}' is {header.Width}x{header.Height} but '{_first}' is {_header.Width}x{_header.Height}; {Remedy}");
        }

        return header.Width == header.Height
            ? null
            : new DptException(FailureKind.Usage, $"'{path}' is {header.Width}x{header.Height}, not square; {Remedy}");
    }

    private ImageDataset Decode(FolderPart part, string?[] reasons)
    {
        var length = _channels * Size * Size;
        var bytes = (long)part.Files.Length * length;
        if (bytes > Array.MaxLength)
        {
            throw new DptException(
                FailureKind.Usage,
                $"'{part.Root}': {part.Files.Length} images of side {Size} need {bytes} bytes, the limit is "
                + $"{Array.MaxLength}; use a smaller image size or a limit");
        }

        var pixels = new byte[bytes];
        Parallel.For(0, part.Files.Length, i => reasons[i] ??= Fault(
            part.Files[i], () => ImageFile.Decode(part.PathOf(i), _channels, Size, pixels.AsSpan(i * length, length))));
        return new ImageDataset(
            Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(directory))),
            part.Classes,
            _channels,
            Size,
            pixels,
            Array.ConvertAll(part.Files, file => file.Label),
            Array.ConvertAll(part.Files, file => file.Name));
    }

    /// <summary>What is wrong with a file; null if nothing.</summary>
    private static string? Fault(LabelledFile file, Action read)
    {
        try
        {
            read();
            return null;
        }
        catch (FileNotFoundException) when (file.Name.Contains('\uFFFD'))
        {
            return "its name is not UTF-8; rename it";
        }
        catch (FileNotFoundException)
        {
            return "a link that leads nowhere, or a file just removed";
        }
        catch (Exception error) when (error is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            return error.Message;
        }
    }

    private IEnumerable<BrokenImage> Broken(FolderPart part, string?[] reasons) =>
        from i in Enumerable.Range(0, reasons.Length)
        where reasons[i] is not null
        select new BrokenImage(Path.GetRelativePath(directory, part.PathOf(i)).Replace('\\', '/'), reasons[i]!);

    private static ImageDataset Whole(ImageDataset images, string?[] reasons) =>
        images.Select([.. Enumerable.Range(0, images.Count).Where(i => reasons[i] is null)]);
}
