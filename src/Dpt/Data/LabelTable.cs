namespace DPT.Engine.Dpt;

/// <summary>Who says what an image shows where its folder does not: a table of file names with the class of each.</summary>
public sealed class LabelTable
{
    private const string Header = "file,label";

    private readonly string _path;
    private readonly CsvRecord[] _records;

    private LabelTable(string path, CsvRecord[] records)
    {
        (_path, _records) = (path, records);
        Classes = [.. records.Select(record => record.Fields[1]).Distinct().Order(StringComparer.Ordinal)];
    }

    /// <summary>What the table looks like, for people.</summary>
    public static IReadOnlyList<string> FileFormat { get; } =
    [
        $"CSV (RFC 4180) in UTF-8, its first line {Header}: for each labelled training image its file name below DIR (scans/7.png) or, "
        + "where that is clear, without its folder (7.png), and the name of its class.",
        "The classes are the names that occur, in ordinal order; at least 2. No image may stand there twice, and every name must be one "
        + "image of the set. Folders then say nothing about training images: those that the table does not name have no label.",
    ];

    /// <summary>Names of the classes, in ordinal order; at least 2.</summary>
    internal string[] Classes { get; }

    /// <summary>Reads the table.</summary>
    /// <exception cref="DptException">Environment: it is missing. Check: it is not as <see cref="FileFormat"/> says.</exception>
    internal static LabelTable Load(string path)
    {
        var table = new LabelTable(path, DataFile.ReadText(path, Read));
        return table.Classes.Length >= 2
            ? table
            : throw DataFile.Corrupt(path, $"it names {table.Classes.Length} classes, at least 2 are needed");
    }

    /// <summary>The class of each image, or <see cref="ImageDataset.NoLabel"/> where the table does not name it.</summary>
    /// <param name="names">Paths of the images below the folder of the set, with <c>/</c>.</param>
    /// <exception cref="DptException">Check: a line names none of them, several, or one that was named before.</exception>
    internal int[] LabelsOf(IReadOnlyList<string> names)
    {
        var (index, labels) = (new FileNameIndex(names), new int[names.Count]);
        Array.Fill(labels, ImageDataset.NoLabel);
        foreach (var record in _records)
        {
            var (file, name) = (record.Fields[0], record.Fields[1]);
            if (index.Find(file) is not { } found)
            {
                throw DataFile.Corrupt(_path, $"line {record.Line}, '{record.Shown}', fits none or several of the {names.Count} training images");
            }

            if (labels[found] != ImageDataset.NoLabel)
            {
                throw DataFile.Corrupt(_path, $"line {record.Line} names image '{OneLine.Start(file)}' a second time");
            }

            labels[found] = Array.BinarySearch(Classes, name, StringComparer.Ordinal);
        }

        return labels;
    }

    private static CsvRecord[] Read(string text)
    {
        var records = CsvText.Records(text);
        if (records.Count == 0 || string.Join(',', records[0].Fields) != Header)
        {
            throw new InvalidDataException($"its first line must be '{Header}'");
        }

        foreach (var record in records.Skip(1))
        {
            if (record.Fields is not [{ Length: > 0 }, { Length: > 0 }])
            {
                throw new InvalidDataException($"line {record.Line}, '{record.Shown}', is no file name and class");
            }
        }

        return [.. records.Skip(1)];
    }
}
