namespace DPT.Engine.Dpt;

/// <summary>A folder with the images of one class.</summary>
/// <param name="Path">Where it is.</param>
/// <param name="Name">Path below which its images are named: the name of the class; empty for none.</param>
/// <param name="Label">Number of the class, or <see cref="ImageDataset.NoLabel"/>.</param>
internal sealed record ClassFolder(string Path, string Name, int Label)
{
    /// <summary>Where it is, with all links followed.</summary>
    public string RealPath { get; } = Dpt.RealPath.Of(Path);

    /// <summary>Paths of its images below the folder of all classes, with <c>/</c>, in ordinal order; broken ones among them.</summary>
    public List<string> Images { get; } = [];
}

/// <summary>
/// Finds the images of class folders. Hidden names are passed over and links are followed, but every real folder and every
/// linked file counts once, for one class: folders first where they really are, then what links lead to. So the order in which
/// the file system lists names plays no part, links in a circle end, and no class gets images of another.
/// </summary>
internal sealed class ImageTree
{
    /// <summary>The file by which a run folder is known: its pictures are no images of a data set that it lies in.</summary>
    internal const string MarkOfRun = "config.resolved.json";

    private static readonly string[] _hiddenNames =
        ["__pycache__", "__MACOSX", "@eaDir", "lost+found", "$RECYCLE.BIN", "System Volume Information"];

    private readonly IReadOnlyList<ClassFolder> _classes;
    private readonly ReadingNotes _notes;
    private readonly string? _apart;
    private readonly Dictionary<string, Claim> _claims = new(StringComparer.Ordinal);
    private readonly Queue<Link> _folderLinks = [];
    private readonly List<Link> _fileLinks = [];

    private ImageTree(IReadOnlyList<ClassFolder> classes, ReadingNotes notes, string? apart)
    {
        _classes = classes;
        _notes = notes;
        _apart = apart;
    }

    /// <summary>Whether files and folders of this name are left alone: those of systems and tools.</summary>
    public static bool IsHidden(string name) => name.StartsWith('.') || _hiddenNames.Contains(name, StringComparer.Ordinal);

    /// <summary>Whether a name that was listed is not the file's own: what is no UTF-8 arrives with replacement characters.</summary>
    public static bool IsMisread(FileSystemInfo entry) => entry.Name.Contains('\uFFFD') && !entry.Exists;

    /// <summary>Finds the images of all class folders of a data set.</summary>
    /// <param name="classes">The folders, of training and test together.</param>
    /// <param name="notes">Hears what is left out.</param>
    /// <param name="apart">A folder inside of one of them that is no part of it: that of the test classes; null for none.</param>
    /// <exception cref="DptException">Check: the same folder or file belongs to two of them.</exception>
    /// <exception cref="IOException">A folder cannot be listed.</exception>
    public static void Fill(IReadOnlyList<ClassFolder> classes, ReadingNotes notes, string? apart = null)
    {
        var tree = new ImageTree(classes, notes, apart is null ? null : RealPath.Of(apart));
        foreach (var folder in classes)
        {
            tree.TryClaim(folder.RealPath, new Claim(folder, folder.Path, Linked: false));
        }

        foreach (var folder in classes)
        {
            tree.Walk(folder, folder.Name, folder.Path, folder.RealPath, linked: false);
        }

        while (tree._folderLinks.TryDequeue(out var link))
        {
            tree.FollowToFolder(link);
        }

        tree._fileLinks.ForEach(tree.FollowToFile);
        foreach (var folder in classes)
        {
            folder.Images.Sort(StringComparer.Ordinal);
        }
    }

    /// <param name="folder">The class.</param>
    /// <param name="name">Path of the folder to walk below that of all classes, with <c>/</c>.</param>
    /// <param name="path">Its path, through links.</param>
    /// <param name="real">Its path, without.</param>
    /// <param name="linked">Whether a link leads here.</param>
    private void Walk(ClassFolder folder, string name, string path, string real, bool linked)
    {
        foreach (var entry in new DirectoryInfo(path).EnumerateFileSystemInfos().OrderBy(e => e.Name, StringComparer.Ordinal))
        {
            var below = name.Length == 0 ? entry.Name : $"{name}/{entry.Name}";
            if (IsHidden(entry.Name) || Path.Combine(real, entry.Name) == _apart || File.Exists(Path.Combine(entry.FullName, MarkOfRun)))
            {
                continue;
            }

            if (entry.LinkTarget is not null)
            {
                var link = new Link(folder, below, entry.FullName);
                if (Directory.Exists(entry.FullName))
                {
                    _folderLinks.Enqueue(link);
                }
                else
                {
                    _fileLinks.Add(link);
                }
            }
            else if (entry is FileInfo)
            {
                Add(folder, below, entry.FullName);
            }
            else if (IsMisread(entry))
            {
                folder.Images.Add(below);
            }
            else if (TryClaim(Path.Combine(real, entry.Name), new Claim(folder, entry.FullName, linked)))
            {
                Walk(folder, below, entry.FullName, Path.Combine(real, entry.Name), linked);
            }
        }
    }

    private void FollowToFolder(Link link)
    {
        var real = RealPath.Of(link.Path);
        if (_classes.Any(folder => RealPath.IsInside(folder.RealPath, real)))
        {
            _notes.LinkLeftOut(link.Path);
        }
        else if (TryClaim(real, new Claim(link.Class, link.Path, Linked: true)))
        {
            Walk(link.Class, link.Name, link.Path, real, linked: true);
        }
    }

    private void FollowToFile(Link link)
    {
        if (RealFile(link.Path) is not { } real)
        {
            // Nobody can say what was meant: it is named with the broken images.
            link.Class.Images.Add(link.Name);
            return;
        }

        // The files of a folder that was walked are there already, except for those passed over.
        var folder = Path.GetDirectoryName(real)!;
        var claimed = _claims.ContainsKey(folder) && !IsHidden(Path.GetFileName(real)) ? folder : real;
        if (TryClaim(claimed, new Claim(link.Class, link.Path, Linked: true)))
        {
            Add(link.Class, link.Name, link.Path);
        }
    }

    private void Add(ClassFolder folder, string name, string path)
    {
        if (ImageKind.OfName(name) is not null || ImageFile.HoldsImage(path))
        {
            folder.Images.Add(name);
        }
        else
        {
            _notes.OtherKind(path);
        }
    }

    /// <summary>Whether something is new. What really lies in one class and is linked from another stays where it lies.</summary>
    private bool TryClaim(string real, Claim claim)
    {
        if (_claims.TryAdd(real, claim))
        {
            return true;
        }

        var first = _claims[real];
        if (first.Class != claim.Class && (first.Linked || !claim.Linked))
        {
            throw new DptException(
                FailureKind.Check,
                $"'{first.Path}' and '{claim.Path}' lead to the same images, which can have one class and be in one part only; remove one");
        }

        if (claim.Linked)
        {
            _notes.LinkLeftOut(claim.Path);
        }

        return false;
    }

    /// <summary>What a link leads to in the end; null if nothing.</summary>
    private static string? RealFile(string link)
    {
        try
        {
            var real = RealPath.Of(link);
            return File.Exists(real) ? real : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>Whose a folder or file is, and how it was reached.</summary>
    private readonly record struct Claim(ClassFolder Class, string Path, bool Linked);

    private readonly record struct Link(ClassFolder Class, string Name, string Path);
}
