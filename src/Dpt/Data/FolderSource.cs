namespace DPT.Engine.Dpt;

/// <summary>
/// Images in one folder per class. Classes are the folder names in ordinal order, images the files in ordinal order of
/// their paths. Without a split into train and test, every sixth image of a class is for testing.
/// </summary>
internal static class FolderSource
{
    private const int TestEvery = 6;

    private static readonly string[] _extensions = [".png", ".jpg", ".jpeg"];

    public static DatasetPair Load(string directory, DataOptions options)
    {
        DataFile.RequireDirectory(directory);
        var (train, test) = Directory.Exists(Path.Combine(directory, "train")) ? ListParts(directory) : ListAndSplit(directory);
        train = train.Limit(options.TrainLimit);
        test = test.Limit(options.TestLimit);
        var headers = new HeaderCheck(options.ImageSize);
        headers.Add(train);
        headers.Add(test);
        var name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(directory)));
        return new DatasetPair(Decode(name, train, headers), Decode(name, test, headers));
    }

    private static (FileList Train, FileList Test) ListParts(string directory)
    {
        var testName = Array.Find(["test", "val"], name => Directory.Exists(Path.Combine(directory, name)))
            ?? throw new DptException(FailureKind.Environment, $"'{directory}' has a folder train but neither test nor val");
        var train = FileList.Scan(Path.Combine(directory, "train"), classes: null);
        return (train, FileList.Scan(Path.Combine(directory, testName), train.Classes));
    }

    private static (FileList Train, FileList Test) ListAndSplit(string directory)
    {
        var all = FileList.Scan(directory, classes: null);
        var seen = new int[all.Classes.Length];
        var parts = all.Files.ToLookup(file => ++seen[file.Label] % TestEvery == 0);
        if (!parts[true].Any())
        {
            throw new DptException(
                FailureKind.Environment,
                $"'{directory}' has fewer than {TestEvery} images in every class, too few to set some aside for testing; "
                + "make folders train and test in it");
        }

        return (all with { Files = [.. parts[false]] }, all with { Files = [.. parts[true]] });
    }

    private static ImageDataset Decode(string name, FileList list, HeaderCheck headers)
    {
        var length = headers.Channels * headers.Size * headers.Size;
        var bytes = (long)list.Files.Length * length;
        if (bytes > Array.MaxLength)
        {
            throw new DptException(
                FailureKind.Usage,
                $"'{list.Root}': {list.Files.Length} images of side {headers.Size} need {bytes} bytes, the limit is "
                + $"{Array.MaxLength}; use a smaller image size or a limit");
        }

        var pixels = new byte[bytes];
        try
        {
            Parallel.For(0, list.Files.Length, i => ImageFile.Decode(
                list.PathOf(i), headers.Channels, headers.Size, pixels.AsSpan(i * length, length)));
        }
        catch (AggregateException failure) when (failure.InnerExceptions[0] is DptException first)
        {
            throw new DptException(first.Kind, first.Message, failure);
        }

        return new ImageDataset(
            name,
            list.Classes,
            headers.Channels,
            headers.Size,
            pixels,
            Array.ConvertAll(list.Files, file => file.Label),
            Array.ConvertAll(list.Files, file => file.Name));
    }

    /// <summary>An image's path below the root, with <c>/</c>, and its class.</summary>
    private readonly record struct LabelledFile(string Name, int Label);

    /// <summary>The images below a root.</summary>
    private sealed record FileList(string Root, string[] Classes, LabelledFile[] Files)
    {
        public string PathOf(int index) => Path.Combine(Root, Files[index].Name);

        public FileList Limit(int? limit)
        {
            if (limit is not { } most || most >= Files.Length)
            {
                return this;
            }

            var chosen = ClassBalance.Prefix(Array.ConvertAll(Files, file => file.Label), Classes.Length, most);
            return this with { Files = Array.ConvertAll(chosen, i => Files[i]) };
        }

        /// <summary>Lists a root of class folders, which must be among <paramref name="classes"/> unless that is null.</summary>
        public static FileList Scan(string root, string[]? classes)
        {
            var found = Array.ConvertAll(Directory.GetDirectories(root), path => Path.GetFileName(path));
            found = [.. found.Where(name => !name.StartsWith('.')).Order(StringComparer.Ordinal)];
            classes ??= found;
            if (classes.Length < 2)
            {
                throw new DptException(
                    FailureKind.Environment, $"'{root}' has {classes.Length} class folders, at least 2 are needed");
            }

            var files = new List<LabelledFile>();
            foreach (var name in found)
            {
                var label = Array.BinarySearch(classes, name, StringComparer.Ordinal);
                if (label < 0)
                {
                    throw new DptException(
                        FailureKind.Check, $"'{Path.Combine(root, name)}': there is no such class among the training images");
                }

                files.AddRange(ImagesOf(root, name).Select(file => new LabelledFile(file, label)));
            }

            return files.Count > 0
                ? new FileList(root, classes, [.. files])
                : throw new DptException(FailureKind.Environment, $"'{root}' has no PNG or JPEG images in its class folders");
        }

        private static IEnumerable<string> ImagesOf(string root, string name) =>
            Directory.EnumerateFiles(Path.Combine(root, name), "*", SearchOption.AllDirectories)
                .Where(path => _extensions.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase))
                .Select(path => Path.GetRelativePath(root, path).Replace('\\', '/'))
                .Order(StringComparer.Ordinal);
    }

    /// <summary>Collects what the images have in common before any of them is decoded.</summary>
    private sealed class HeaderCheck(int? imageSize)
    {
        private string? _first;
        private ImageHeader _header;

        /// <summary>3 as soon as one image has colour.</summary>
        public int Channels { get; private set; } = 1;

        /// <summary>The side of the images in the data set.</summary>
        public int Size => imageSize ?? _header.Width;

        public void Add(FileList list)
        {
            for (var i = 0; i < list.Files.Length; i++)
            {
                var path = list.PathOf(i);
                var header = ImageFile.ReadHeader(path);
                Channels = Math.Max(Channels, header.Channels);
                if (imageSize is null)
                {
                    RequireSameSquare(path, header);
                }
            }
        }

        private void RequireSameSquare(string path, ImageHeader header)
        {
            if (_first is null)
            {
                (_first, _header) = (path, header);
            }

            if ((header.Width, header.Height) != (_header.Width, _header.Height))
            {
                throw new DptException(
                    FailureKind.Usage,
                    $"'{path}' is {header.Width}x{header.Height} but '{_first}' is {_header.Width}x{_header.Height}; "
                    + "give --image-size N to crop and resize all images to NxN");
            }

            if (header.Width != header.Height)
            {
                throw new DptException(
                    FailureKind.Usage,
                    $"'{path}' is {header.Width}x{header.Height}, not square; give --image-size N to crop and resize all images to NxN");
            }
        }
    }
}
