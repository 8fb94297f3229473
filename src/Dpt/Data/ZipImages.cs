using System.Text.Json;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>
/// A zip archive as EDM's tools make it: images, and <c>dataset.json</c> with the label of each by its name. Images are taken in ordinal
/// order of their names; those that it does not name have no label.
/// </summary>
internal static class ZipImages
{
    private const string ListName = "dataset.json";
    private const string LabelsKey = "labels";
    private const long LongestList = 1 << 28;

    /// <summary>Images are packed already, and lists of labels are texts.</summary>
    private const int MostUnpacking = 200;

    /// <summary>Adds the images of an archive.</summary>
    /// <exception cref="InvalidDataException">It is damaged, forged, or its list does not fit.</exception>
    public static void AddTo(ArchiveImages images, ArchivePlace place)
    {
        var archive = images.Keep(new ZipContent(images.Keep(RegularFile.OpenRead(place.Path)), MostUnpacking));
        var labels = archive.LengthOf(ListName) is null
            ? throw new InvalidDataException($"it has no {ListName}, which says what its images show")
            : Labels(archive.Read(ListName, LongestList));
        foreach (var name in archive.Names.Where(name => name != ListName && !name.EndsWith('/') && images.Takes(name, Path.GetExtension(name))).Order(StringComparer.Ordinal))
        {
            images.Add(place.Prefix + name, labels.Remove(name, out var label) ? label : ImageDataset.NoLabel, () => Read(archive, name));
        }

        if (labels.Count > 0)
        {
            throw new InvalidDataException($"{ListName} names '{OneLine.Start(labels.Keys.Order(StringComparer.Ordinal).First())}', which is no image of the archive");
        }
    }

    /// <summary>An archive has one place at which it reads.</summary>
    private static byte[] Read(ZipContent archive, string name)
    {
        lock (archive)
        {
            return archive.Read(name, ImageFile.LargestFile);
        }
    }

    /// <summary>An integer, or that of the place of the 1 among zeros; null for anything else.</summary>
    private static long? Label(JsonElement label)
    {
        if (label.ValueKind != JsonValueKind.Array)
        {
            return label.TryGetInt64(out var number) ? number : null;
        }

        double[] vector = [.. label.EnumerateArray().Select(item => item.GetDouble())];
        return vector.Count(item => item == 1) == 1 && vector.Count(item => item == 0) == vector.Length - 1 ? Array.IndexOf(vector, 1) : null;
    }

    private static Dictionary<string, int> Labels(byte[] list)
    {
        try
        {
            using var json = JsonDocument.Parse(list, new JsonDocumentOptions { MaxDepth = 8, AllowDuplicateProperties = false });
            var labels = new Dictionary<string, int>(StringComparer.Ordinal);
            var items = json.RootElement.GetProperty(LabelsKey);
            foreach (var item in items.ValueKind == JsonValueKind.Null ? default : items.EnumerateArray())
            {
                if (item.GetArrayLength() != 2 || item[0].GetString() is not { } name || Label(item[1]) is not { } label)
                {
                    throw new InvalidDataException($"{ListName} has {OneLine.Start(item.GetRawText())}, where a name and an integer are asked for, or a vector of a 1 and zeros");
                }

                if (!labels.TryAdd(name, NumberedClasses.Label(label)))
                {
                    throw new InvalidDataException($"{ListName} names '{OneLine.Start(name)}' twice");
                }
            }

            return labels;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw new InvalidDataException($"{ListName} is no object with '{LabelsKey}', a list of names with their classes: {OneLine.Of(error.Message)}", error);
        }
    }
}
