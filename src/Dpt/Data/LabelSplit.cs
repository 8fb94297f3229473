using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using DPT.Engine.Autograd;

namespace DPT.Engine.Dpt;

/// <summary>Which training images the method may see the labels of.</summary>
public sealed class LabelSplit
{
    /// <summary>Labels per class where nothing says how many and all training images have one.</summary>
    public const int UsualPerClass = 2;

    private LabelSplit(ImageDataset train, int[] indices)
    {
        Indices = indices;
        Labels = Array.ConvertAll(indices, i => train.Labels[i]);
        Hash = ComputeHash(Indices, Labels);
    }

    /// <summary>Positions of the labelled images in the training set; ascending classes when drawn, file order when loaded.</summary>
    public int[] Indices { get; }

    /// <summary>Class of each labelled image, as <see cref="Indices"/>.</summary>
    public int[] Labels { get; }

    /// <summary>Number of labelled images.</summary>
    public int Count => Indices.Length;

    /// <summary>What a label file looks like, for people.</summary>
    public static IReadOnlyList<string> FileFormat { get; } =
    [
        "A text file in UTF-8 that names the labelled training images, one a line, in one of two forms.",
        "List: the image's file name, with its class folder (cat/7.png) or, where that is clear, without (7.png); or its "
        + "position in the training set, from 0.",
        "Table: CSV (RFC 4180) with the first line index,label or index,label,file, as labels.csv of every run folder "
        + "has it: position from 0, class from 0 in the order of `dpt data info`, file name. All of them must fit the data.",
        "Every class needs at least one image; no image may stand there twice. Labels always come from the data, or from "
        + "--labels. "
        + "With data.trainLimit, names and positions are those of the images that are kept.",
    ];

    /// <summary>SHA-256 over indices and labels in their order, in hexadecimal.</summary>
    public string Hash { get; }

    /// <summary>The split that the options name: a file, or drawn by seed.</summary>
    /// <param name="train">The training images.</param>
    /// <param name="options">Label file or labels per class.</param>
    /// <param name="seed">Seed of the run, at least 0.</param>
    /// <exception cref="DptException">More labels asked than there are, or a label file that does not fit the data.</exception>
    public static LabelSplit Create(ImageDataset train, DataOptions options, int seed) =>
        options.LabelFile is { } path
            ? Load(path, train)
            : Draw(train, options.LabelsPerClass ?? (train.HasUnlabelled ? 0 : UsualPerClass), seed);

    /// <summary>
    /// Draws the same number of images of each class, exactly as the published experiments do (spec 1.3): one legacy
    /// NumPy generator, per class in order the head of a permutation of the class's images.
    /// </summary>
    /// <param name="train">The training images.</param>
    /// <param name="perClass">Labels per class; 0 for all that there are.</param>
    /// <param name="seed">Seed, at least 0.</param>
    /// <exception cref="DptException">A class has fewer images than asked for, or the seed is negative.</exception>
    public static LabelSplit Draw(ImageDataset train, int perClass, int seed)
    {
        if (perClass < 0 || seed < 0)
        {
            throw new DptException(
                FailureKind.Usage, $"labels per class is {perClass} and the seed {seed}; both must be at least 0");
        }

        if (perClass == 0)
        {
            return new LabelSplit(train, [.. Enumerable.Range(0, train.Count).Where(i => train.Labels[i] != ImageDataset.NoLabel)]);
        }

        var random = new MersenneTwister((uint)seed);
        var members = Enumerable.Range(0, train.Count).ToLookup(i => train.Labels[i]);
        var chosen = new List<int>(perClass * train.Classes);
        for (var c = 0; c < train.Classes; c++)
        {
            var images = members[c].ToArray();
            if (images.Length < perClass)
            {
                throw new DptException(
                    FailureKind.Usage,
                    $"{perClass} labels per class asked for, but class {c} ('{train.ClassNames[c]}') has {images.Length} {(train.HasUnlabelled ? "labelled " : "")}training images");
            }

            chosen.AddRange(random.Permutation(images.Length).Take(perClass).Select(rank => images[rank]));
        }

        return new LabelSplit(train, [.. chosen]);
    }

    /// <summary>Loads a split from a file in one of the formats of <see cref="FileFormat"/>.</summary>
    /// <exception cref="DptException">A line names no image of the training set, one named before or one without a label, a label
    /// differs from the data's, or a class is left without any label.</exception>
    public static LabelSplit Load(string path, ImageDataset train)
    {
        var split = new LabelSplit(train, [.. DataFile.ReadText(path, text => ReadIndices(text, train))]);
        var missing = Array.IndexOf(ClassBalance.Count(split.Labels, train.Classes), 0);
        return missing < 0
            ? split
            : throw DataFile.Corrupt(path, $"it names no image of class {missing} ('{train.ClassNames[missing]}')");
    }

    private static List<int> ReadIndices(string text, ImageDataset train)
    {
        var byName = train.FileNames is null ? null : new FileNameIndex(train.FileNames);
        var (indices, seen) = (new List<int>(), new HashSet<int>());
        foreach (var (line, shown, index) in IsTable(text) ? FromTable(text, train) : FromList(text, train, byName))
        {
            if (index is not { } found)
            {
                throw new InvalidDataException($"line {line}, '{shown}', fits none or several of the {train.Count} images of '{train.Name}'");
            }

            if (train.Labels[found] == ImageDataset.NoLabel)
            {
                throw new InvalidDataException($"line {line} names image '{shown}', whose class the data does not say");
            }

            if (!seen.Add(found))
            {
                throw new InvalidDataException($"line {line} names image '{shown}' a second time");
            }

            indices.Add(found);
        }

        return indices;
    }

    /// <summary>Writes the split as CSV: <c>index,label</c> and, where images are files, <c>file</c>.</summary>
    public void Save(string path, ImageDataset train)
    {
        var text = new StringBuilder(train.FileNames is null ? "index,label\n" : "index,label,file\n");
        for (var i = 0; i < Count; i++)
        {
            text.Append(CultureInfo.InvariantCulture, $"{Indices[i]},{Labels[i]}");
            if (train.FileNames is { } names)
            {
                text.Append(',').Append(CsvText.Field(names[Indices[i]]));
            }

            text.Append('\n');
        }

        AtomicFile.WriteText(path, text.ToString());
    }

    private static bool IsTable(string text) => Lines(text)[0] is "index,label" or "index,label,file";

    private static IEnumerable<(int Line, string Shown, int? Index)> FromTable(string text, ImageDataset train) =>
        CsvText.Records(text).Skip(1).Select(record => (record.Line, record.Shown, FromFields(record.Fields, train)));

    private static int? FromFields(string[] fields, ImageDataset train) =>
        fields is { Length: 2 or 3 }
        && ParseIndex(fields[0], train.Count) is { } index
        && ParseIndex(fields[1], train.Classes) == train.Labels[index]
        && (fields.Length < 3 || fields[2] == train.FileNames?[index])
            ? index
            : null;

    private static IEnumerable<(int Line, string Shown, int? Index)> FromList(
        string text, ImageDataset train, FileNameIndex? byName) =>
        Lines(text).Select((line, i) => (i + 1, OneLine.Start(line), byName?.Find(line) ?? ParseIndex(line, train.Count)));

    /// <summary>The lines, with line ends of any kind; blank lines at the end do not count.</summary>
    private static string[] Lines(string text) => text.Replace("\r\n", "\n").Replace('\r', '\n').TrimEnd('\n').Split('\n');

    private static int? ParseIndex(string text, int count) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var index) && index < count ? index : null;

    private static string ComputeHash(int[] indices, int[] labels)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(MemoryMarshal.AsBytes(indices.AsSpan()));
        hash.AppendData(MemoryMarshal.AsBytes(labels.AsSpan()));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
