namespace DPT.Engine.Dpt;

/// <summary>
/// A Parquet file as the Hugging Face hub has data sets: a column of images, each a structure with the bytes of a file, and one of integers
/// with their classes. An image is named by its row.
/// </summary>
internal static class ParquetImages
{
    private static readonly string[] _imageColumns = ["image.bytes", "img.bytes"];
    private static readonly string[] _labelColumns = ["label", "fine_label"];

    /// <summary>Adds the images of a file, in the order of its rows.</summary>
    /// <exception cref="InvalidDataException">It is damaged, forged, or has no such columns.</exception>
    public static void AddTo(ArchiveImages images, ArchivePlace place)
    {
        var file = images.Keep(new ParquetFile(place.Path));
        var image = Column(file, _imageColumns, column => column.HasBytes, "images, one string of bytes a row");
        var label = Column(file, _labelColumns, column => column.HasIntegers, "classes, one integer a row");
        var names = HubFeatures.ClassNames(file, label);
        images.Name(names);
        images.NamesSayKinds = false;
        var row = 0;
        foreach (var group in file.Groups)
        {
            var labels = group.Integers(label);
            for (var i = 0; i < labels.Length; i++, row++)
            {
                var at = i;
                images.Add($"{place.Prefix}row-{row:000000}", Label(labels[i], names), () => Read(images.Pieces.Of(group, () => group.Bytes(image))[at]));
            }
        }
    }

    private static byte[] Read(ReadOnlyMemory<byte>? content) => content switch
    {
        null => throw new InvalidDataException("its row has no bytes of an image; images that lie elsewhere are not read"),
        { Length: 0 or > (int)ImageFile.LargestFile } => throw new InvalidDataException($"it has {content.Value.Length} bytes, an image file has 1 to {ImageFile.LargestFile}"),
        _ => content.Value.ToArray(),
    };

    private static int Label(long? label, string[]? names)
    {
        var number = NumberedClasses.Label(label ?? ImageDataset.NoLabel);
        return number < (names?.Length ?? int.MaxValue)
            ? number
            : throw new InvalidDataException($"it has the label {number}, and names {names!.Length} classes");
    }

    private static string Column(ParquetFile file, string[] known, Predicate<ParquetColumn> fits, string what)
    {
        var name = Array.Find(known, file.Columns.ContainsKey) ?? throw new InvalidDataException(
            $"it has the columns {OneLine.Start(string.Join(", ", file.Columns.Keys))}; {what}, are looked for in {string.Join(" and ", known)}");
        return fits(file.Columns[name]) ? name : throw new InvalidDataException($"its column '{name}' does not have {what}");
    }
}
