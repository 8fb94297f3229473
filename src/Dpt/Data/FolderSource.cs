namespace DPT.Engine.Dpt;

/// <summary>
/// Images in folders, as <see cref="Rules"/> says. Classes are the names of folders, or those of a table, in ordinal order, images the
/// files in ordinal order of their paths.
/// </summary>
internal static class FolderSource
{
    private static readonly string[] _trainNames = ["train", "training"];
    private static readonly string[] _testNames = ["test", "testing"];
    private static readonly string[] _validationNames = ["val", "valid", "validation"];
    private static readonly string[] _unlabelledNames = ["unlabelled", "unlabeled"];

    /// <summary>What is read, for people.</summary>
    public static IReadOnlyList<string> Rules { get; } =
    [
        "DIR/train/<class>/... and DIR/test/<class>/... (or val); or without such folders DIR/<class>/... Where there are no test images, "
        + "every sixth image of a class, in the order of their names, is for testing. Images lie in the class folder or in folders below it.",
        "DIR/unlabelled/... beside DIR/train/<class>/...: training images whose class nobody knows. With --labels FILE that table says the "
        + "classes, and all images below DIR but DIR/test are for training. In both cases labelled images are too few to give any away: "
        + "without DIR/test no accuracy is measured, unless data.development sets some of them aside.",
        $"Read are {ImageKind.Names} images, of moving ones the first frame. The content decides, not the name. Files of other kinds "
        + "are left out, counted and said.",
        "EXIF orientation is followed; transparent parts lie on black; colour profiles are not followed. The set is grey if all its "
        + "images are stored as grey.",
        "Images of one size that are square are taken as they are; for others give --image-size: they are resized until the shorter side fits, to the byte as PIL does it, and the middle is cut out.",
        "Run folders are passed over, names that begin with a dot, and __pycache__, __MACOSX, @eaDir, lost+found, $RECYCLE.BIN and System Volume "
        + "Information.",
        "Links are followed. Every real folder and file counts once: what really lies in a class stays there, a link back is left "
        + "out and said, and what links put into two classes, or into training and test, is refused.",
        "Images that cannot be read are all named at once, and nothing is done; with --skip-broken they are left out, named, and "
        + "listed in skipped-images.csv of the run folder.",
    ];

    public static DatasetPair Load(string directory, DataOptions options, int seed)
    {
        DataFile.RequireDirectory(directory);
        try
        {
            var notes = new ReadingNotes();
            var (train, test) = List(directory, options.Labels is { } path ? LabelTable.Load(path) : null, notes);
            return ImageReading.Read(directory, train, test, options, seed, notes);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DptException(FailureKind.Environment, $"cannot read '{directory}': {error.Message}", error);
        }
    }

    private static (ImagePart Train, ImagePart Test) List(string directory, LabelTable? table, ReadingNotes notes)
    {
        var train = FindPart(directory, _trainNames);
        var test = FindPart(directory, _testNames) ?? FindPart(directory, _validationNames);
        var unlabelled = FindPart(directory, _unlabelledNames);
        if (table is not null)
        {
            return ListByTable(directory, test, table, notes);
        }

        if (train is null)
        {
            return (test ?? unlabelled) is not { } other
                ? ListAndSplit(directory, notes)
                : throw new DptException(FailureKind.Environment, $"'{directory}' has a folder {Path.GetFileName(other)} but no train");
        }

        NoteOthers(directory, [train, test, unlabelled], notes);
        return test is null && unlabelled is null ? ListAndSplit(train, notes) : ListParts(directory, train, test, unlabelled, notes);
    }

    private static (ImagePart Train, ImagePart Test) ListParts(
        string directory, string train, string? test, string? unlabelled, ReadingNotes notes)
    {
        var trainFolders = ClassFolders(train, classes: null, notes);
        string[] classes = [.. trainFolders.Select(folder => folder.Name)];
        var testFolders = test is null ? [] : ClassFolders(test, classes, notes);
        ClassFolder[] rest = unlabelled is null ? [] : [new(unlabelled, Path.GetFileName(unlabelled), ImageDataset.NoLabel)];
        ImageTree.Fill([.. trainFolders, .. rest, .. testFolders], notes);
        var trainFiles = FilesOf(train, trainFolders);
        return (
            unlabelled is null
                ? new ImagePart(new ImageRoot(train), classes, trainFiles)
                : new ImagePart(new ImageRoot(directory), classes, [.. Below(Path.GetFileName(train), trainFiles), .. FilesOf(unlabelled, rest)]),
            test is null ? new ImagePart(new ImageRoot(directory), classes, []) : new ImagePart(new ImageRoot(test), classes, FilesOf(test, testFolders)));
    }

    /// <summary>The table says the classes of training images; those of test images are their folders.</summary>
    private static (ImagePart Train, ImagePart Test) ListByTable(string directory, string? test, LabelTable table, ReadingNotes notes)
    {
        var all = new ClassFolder(directory, Name: "", ImageDataset.NoLabel);
        var testFolders = test is null ? [] : ClassFolders(test, table.Classes, notes);
        ImageTree.Fill([all, .. testFolders], notes, apart: test);
        var files = FilesOf(directory, [all]);
        var labels = table.LabelsOf(Array.ConvertAll(files, file => file.Name));
        return (
            new ImagePart(new ImageRoot(directory), table.Classes, [.. files.Zip(labels, (file, label) => file with { Label = label })]),
            new ImagePart(new ImageRoot(test ?? directory), table.Classes, test is null ? [] : FilesOf(test, testFolders)));
    }

    private static (ImagePart Train, ImagePart Test) ListAndSplit(string directory, ReadingNotes notes)
    {
        var folders = ClassFolders(directory, classes: null, notes);
        ImageTree.Fill(folders, notes);
        var all = new ImagePart(new ImageRoot(directory), [.. folders.Select(folder => folder.Name)], FilesOf(directory, folders));
        var (train, test) = TestShare.Of(directory, all.Labels, "test images have to come in a folder test, beside a folder train");
        return (all.Keep(train), all.Keep(test));
    }

    private static IEnumerable<LabelledFile> Below(string folder, IEnumerable<LabelledFile> files) =>
        files.Select(file => file with { Name = $"{folder}/{file.Name}" });

    private static void NoteOthers(string directory, string?[] parts, ReadingNotes notes)
    {
        var others = Directory.GetDirectories(directory).Select(path => Path.GetFileName(path))
            .Where(name => !ImageTree.IsHidden(name) && !parts.Any(part => Path.GetFileName(part) == name))
            .Order(StringComparer.Ordinal).ToList();
        if (others.Count > 0)
        {
            notes.Say($"folders beside {string.Join(" and ", parts.OfType<string>().Select(Path.GetFileName))} are not read: {string.Join(", ", others)}");
        }
    }

    /// <summary>The folder of a part, however it is written; null if there is none.</summary>
    private static string? FindPart(string directory, string[] names)
    {
        var found = Directory.GetDirectories(directory)
            .Where(path => names.Contains(Path.GetFileName(path), StringComparer.OrdinalIgnoreCase))
            .Order(StringComparer.Ordinal).ToArray();
        return found.Length < 2
            ? found.FirstOrDefault()
            : throw new DptException(FailureKind.Environment, $"'{found[0]}' and '{found[1]}' could both be meant; remove or rename one");
    }

    /// <summary>The class folders of a root, which must be among <paramref name="classes"/> unless that is null.</summary>
    private static List<ClassFolder> ClassFolders(string root, string[]? classes, ReadingNotes notes)
    {
        var realRoot = RealPath.Of(root);
        var names = new List<string>();
        foreach (var entry in new DirectoryInfo(root).EnumerateFileSystemInfos().Where(entry => !ImageTree.IsHidden(entry.Name)))
        {
            if (entry is FileInfo)
            {
                NoteOutside(entry, notes);
            }
            else if (ImageTree.IsMisread(entry))
            {
                throw new DptException(FailureKind.Check, $"'{entry.FullName}': the folder's name is not UTF-8; rename it");
            }
            else if (entry.LinkTarget is not null && RealPath.IsInside(realRoot, RealPath.Of(entry.FullName)))
            {
                notes.LinkLeftOut(entry.FullName);
            }
            else
            {
                names.Add(entry.Name);
            }
        }

        names.Sort(StringComparer.Ordinal);
        classes ??= [.. names];
        if (classes.Length < 2)
        {
            throw new DptException(
                FailureKind.Environment, $"'{root}' has {classes.Length} class folders, at least 2 are needed");
        }

        return names.ConvertAll(name => Array.BinarySearch(classes, name, StringComparer.Ordinal) is >= 0 and var label
            ? new ClassFolder(Path.Combine(root, name), name, label)
            : throw new DptException(
                FailureKind.Check, $"'{Path.Combine(root, name)}': there is no such class among the training images"));
    }

    /// <summary>Beside class folders lie notes and scripts, which is fine; images there would be missed.</summary>
    private static void NoteOutside(FileSystemInfo file, ReadingNotes notes)
    {
        if (file.LinkTarget is not null && !Path.Exists(file.ResolveLinkTarget(returnFinalTarget: true)?.FullName))
        {
            throw new DptException(FailureKind.Check, $"'{file.FullName}' is a link that leads nowhere; a class may be missing");
        }

        if (ImageKind.OfName(file.Name) is not null)
        {
            notes.OutsideOfClasses(file.FullName);
        }
    }

    private static LabelledFile[] FilesOf(string root, IReadOnlyList<ClassFolder> folders)
    {
        LabelledFile[] files = [.. folders.SelectMany(folder => folder.Images.Select(name => new LabelledFile(name, folder.Label)))];
        return files.Length > 0
            ? files
            : throw new DptException(FailureKind.Environment, $"'{root}' has no {ImageKind.Names} images{(folders is [{ Label: ImageDataset.NoLabel }] ? "" : " in its class folders")}");
    }
}
