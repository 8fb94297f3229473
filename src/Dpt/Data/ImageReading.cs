using System.Collections.Concurrent;

namespace DPT.Engine.Dpt;

/// <summary>Reads the listed image files of a data set: first what they say about themselves, then their pixels.</summary>
internal sealed class ImageReading
{
    /// <summary>Images that take more than this part of the machine's memory go to a file.</summary>
    private const int UsualShareOfMemory = 4;

    private readonly string _place;
    private readonly int? _imageSize;
    private readonly ImageCrop _crop;
    private readonly long _mostInMemory;
    private readonly List<(string Path, ImageKind Kind)> _misnamed = [];
    private string? _first;
    private ImageHeader _header;
    private DptException? _misfit;

    /// <summary>3 as soon as one image has colour.</summary>
    private int _channels = 1;

    private ImageReading(string place, DataOptions options)
    {
        _place = place;
        (_imageSize, _crop) = (options.ImageSize, options.Crop);
        _mostInMemory = options.MemoryLimit is { } mebibytes
            ? (long)mebibytes << 20
            : GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / UsualShareOfMemory;
    }

    private int Size => _imageSize ?? _header.Width;

    /// <summary>Reads what the options keep of both parts.</summary>
    /// <param name="place">The folder or file of the set.</param>
    /// <param name="train">All training images.</param>
    /// <param name="test">All test images.</param>
    /// <param name="options">Which of them are kept and set aside, their size, and whether broken ones are left out.</param>
    /// <param name="seed">Seed of the run.</param>
    /// <param name="notes">What a person should know.</param>
    /// <exception cref="DptException">Images are broken and not to be skipped, or their sizes differ.</exception>
    public static DatasetPair Read(string place, ImagePart train, ImagePart test, DataOptions options, int seed, ReadingNotes notes)
    {
        if (BlindSubset.OfDevelopment(train.Labels, options) is var (training, development))
        {
            (train, test) = (train.Keep(training), train.Keep(development));
        }

        return Read(
            place,
            train.Keep(BlindSubset.OfTraining(train.Labels, options, seed)),
            test.Keep(BlindSubset.OfTest(test.Files.Length, options)),
            options,
            notes);
    }

    private static DatasetPair Read(string place, ImagePart train, ImagePart test, DataOptions options, ReadingNotes notes)
    {
        var (faultsOfTrain, faultsOfTest) = (new string?[train.Files.Length], new string?[test.Files.Length]);
        var reading = new ImageReading(place, options);
        var pair = reading.Read(train, faultsOfTrain, test, faultsOfTest);
        BrokenImage[] broken = [.. reading.Broken(train, faultsOfTrain), .. reading.Broken(test, faultsOfTest)];
        if (pair is not null && broken.Length == 0)
        {
            reading._misnamed.ForEach(image => notes.Misnamed(image.Path, image.Kind));
            NoteFiles(pair, notes);
            return pair with { Notes = notes.Lines };
        }

        var count = $"{broken.Length} of {train.Files.Length + test.Files.Length} images";
        var (wholeTrain, wholeTest) = (Whole(train, faultsOfTrain), Whole(test, faultsOfTest));
        if (!options.SkipBroken || wholeTrain.Files.Length == 0 || (wholeTest.Files.Length == 0 && test.Files.Length > 0))
        {
            var remedy = options.SkipBroken ? "too many to leave out" : "mend or remove them, or leave them out with --skip-broken";
            throw new DptException(
                FailureKind.Check, $"'{place}': {count} cannot be read; {remedy}: {BrokenImage.Summary(broken)}");
        }

        // Read anew, so that broken images decide nothing: neither the size nor whether the set has colour.
        notes.Say($"{count} are left out because they cannot be read: {BrokenImage.Summary(broken)}");
        var whole = Read(place, wholeTrain, wholeTest, options, notes);
        return whole with { Skipped = [.. broken, .. whole.Skipped] };
    }

    /// <summary>Both parts, of which images with faults stay black; null if no image says what size it has.</summary>
    private DatasetPair? Read(ImagePart train, string?[] faultsOfTrain, ImagePart test, string?[] faultsOfTest)
    {
        ReadHeaders(train, faultsOfTrain);
        ReadHeaders(test, faultsOfTest);
        if (_misfit is not null)
        {
            throw _misfit;
        }

        return _first is null ? null : new DatasetPair(Decode(train, faultsOfTrain), Decode(test, faultsOfTest));
    }

    private static void NoteFiles(DatasetPair pair, ReadingNotes notes)
    {
        foreach (var images in new[] { pair.Train, pair.Test }.Where(images => !images.IsInMemory))
        {
            notes.Say(
                $"{images.Count} images, {((long)images.Count * images.ImageLength) >> 20} MiB, are kept in a temporary file in "
                + $"'{Path.GetTempPath()}': more than data.memoryLimit");
        }
    }

    private void ReadHeaders(ImagePart part, string?[] faults)
    {
        for (var i = 0; i < faults.Length; i++)
        {
            var index = i;
            faults[i] = BrokenImage.Fault(part.Files[i].Name, () => Add(part.PathOf(index), part.Place.NamesSayKinds, ImageFile.ReadHeader(part.Read(index))));
        }
    }

    private void Add(string path, bool named, ImageHeader header)
    {
        _channels = Math.Max(_channels, header.Channels);
        if (named && ImageKind.OfName(path) != header.Kind)
        {
            _misnamed.Add((path, header.Kind));
        }

        if (_first is null)
        {
            (_first, _header) = (path, header);
        }

        if (_imageSize is null)
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

    private ImageDataset Decode(ImagePart part, string?[] faults)
    {
        var pixels = PixelStore.Create(part.Files.Length, _channels * Size * Size, _mostInMemory);

        // In order, as some archives unpack many images at once: see RecentPieces.
        var inOrder = Partitioner.Create(Enumerable.Range(0, part.Files.Length), EnumerablePartitionerOptions.NoBuffering);
        try
        {
            Parallel.ForEach(inOrder, i => faults[i] ??= BrokenImage.Fault(
                part.Files[i].Name, () => pixels.Write(i, image => ImageFile.Decode(part.Read(i), _channels, Size, image, _crop))));
        }
        catch (AggregateException errors) when (errors.InnerException is DptException error)
        {
            throw new DptException(error.Kind, $"'{_place}': {error.Message}", error);
        }

        return new ImageDataset(
            Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(_place))),
            part.Classes,
            _channels,
            Size,
            pixels,
            part.Labels,
            Array.ConvertAll(part.Files, file => file.Name));
    }

    private IEnumerable<BrokenImage> Broken(ImagePart part, string?[] faults) =>
        from i in Enumerable.Range(0, faults.Length)
        where faults[i] is not null
        select new BrokenImage(Path.GetRelativePath(_place, part.PathOf(i)).Replace('\\', '/'), faults[i]!);

    private static ImagePart Whole(ImagePart part, string?[] faults) =>
        part.Keep([.. Enumerable.Range(0, faults.Length).Where(i => faults[i] is null)]);
}
