namespace DPT.Engine.Dpt;

/// <summary>Image files inside of archives, with their labels.</summary>
/// <param name="place">The file or folder of the set.</param>
/// <param name="notes">Hears what is left out.</param>
internal sealed class ArchiveImages(string place, ReadingNotes notes) : IImageFiles, IDisposable
{
    private readonly List<LabelledFile> _files = [];
    private readonly Dictionary<string, Func<byte[]>> _contents = new(StringComparer.Ordinal);
    private readonly List<IDisposable> _open = [];

    /// <inheritdoc/>
    public bool NamesSayKinds { get; set; } = true;

    /// <summary>Names of the classes, where the archives say them.</summary>
    public string[]? ClassNames { get; private set; }

    /// <summary>The images, in the order in which they were added.</summary>
    public IReadOnlyList<LabelledFile> Files => _files;

    /// <summary>What is unpacked for many images at once.</summary>
    public RecentPieces Pieces { get; } = new();

    /// <inheritdoc/>
    public string PathOf(string name) => Path.Combine(place, name);

    /// <inheritdoc/>
    public byte[] Read(string name) => _contents[name]();

    /// <summary>Whether an entry is an image to be added; what else an archive has is counted, or belongs to a system and says nothing.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="ending">What of the name says its kind.</param>
    /// <exception cref="InvalidDataException">Its name leads out of the archive.</exception>
    public bool Takes(string name, string ending)
    {
        var folders = name.Split('/');
        if (name.AsSpan().ContainsAny('\\', '\0') || folders.Any(folder => folder is "" or "." or ".."))
        {
            throw new InvalidDataException($"an entry is named '{OneLine.Start(name)}', which is no path inside of an archive");
        }

        if (folders.Any(ImageTree.IsHidden))
        {
            return false;
        }

        if (ImageKind.OfName(name) is null || ending != Path.GetExtension(name))
        {
            notes.OtherKind(name);
            return false;
        }

        return true;
    }

    /// <summary>Takes the names of the classes that an archive says, if it does.</summary>
    /// <exception cref="InvalidDataException">Another archive says others.</exception>
    public void Name(string[]? classes)
    {
        if (_files.Count > 0 && !(classes ?? []).SequenceEqual(ClassNames ?? []))
        {
            throw new InvalidDataException("its classes have other names than those of the files before it");
        }

        ClassNames = classes;
    }

    /// <summary>A note for people.</summary>
    public void Say(string line) => notes.Say(line);

    /// <summary>Adds an image.</summary>
    /// <param name="name">Its path below the place.</param>
    /// <param name="label">Its class, or <see cref="ImageDataset.NoLabel"/>.</param>
    /// <param name="read">Reads its content; from any thread.</param>
    /// <exception cref="InvalidDataException">There is one of that name.</exception>
    public void Add(string name, int label, Func<byte[]> read)
    {
        if (!_contents.TryAdd(name, read))
        {
            throw new InvalidDataException($"it has '{OneLine.Start(name)}' twice");
        }

        _files.Add(new LabelledFile(name, label));
    }

    /// <summary>Keeps an archive open as long as its images are read.</summary>
    public T Keep<T>(T archive) where T : IDisposable
    {
        _open.Add(archive);
        return archive;
    }

    public void Dispose()
    {
        _open.Reverse();
        _open.ForEach(archive => archive.Dispose());
    }
}
