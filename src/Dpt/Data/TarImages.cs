using System.Formats.Tar;
using System.Globalization;
using System.Text;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>
/// A tar archive as WebDataset has it: <c>KEY.png</c>, or another kind of image, and <c>KEY.cls</c> with the number of its class, in any
/// order. A key is the path up to the first dot of the name. Images without a class have no label. A compressed archive is unpacked into
/// memory.
/// </summary>
internal static class TarImages
{
    private const int LongestLabel = 32;
    private const string LabelEnding = ".cls";

    /// <summary>Adds the images of an archive, in its order.</summary>
    /// <exception cref="InvalidDataException">It is damaged or forged, or a label is none.</exception>
    public static void AddTo(ArchiveImages images, ArchivePlace place)
    {
        var labels = new Dictionary<string, int>(StringComparer.Ordinal);
        var found = new List<TarEntry>();
        using var archive = Open(images, place.Path);
        using var labelled = Open(images, place.Path);
        foreach (var entry in TarContent.Files(archive))
        {
            if (Ending(entry.Name) == LabelEnding)
            {
                AddLabel(labels, entry, labelled);
            }
            else if (images.Takes(entry.Name, Ending(entry.Name)))
            {
                found.Add(entry);
            }
        }

        var keys = new HashSet<string>(labels.Keys);
        foreach (var entry in found)
        {
            var key = Key(entry.Name);
            keys.Remove(key);
            images.Add(
                place.Prefix + entry.Name,
                labels.GetValueOrDefault(key, ImageDataset.NoLabel),
                () =>
                {
                    using var file = Open(images, place.Path);
                    return TarContent.Read(file, entry, ImageFile.LargestFile);
                });
        }

        if (keys.Count > 0)
        {
            images.Say($"labels left out because '{place.Path}' has no image for them: {keys.Count}");
        }
    }

    private static Stream Open(ArchiveImages images, string path)
    {
        if (!GzipContent.Names(path))
        {
            return RegularFile.OpenRead(path);
        }

        var content = images.Pieces.Of(path, () => GzipContent.Unpack(path));
        return new MemoryStream(content.GetBuffer(), 0, (int)content.Length, writable: false);
    }

    private static void AddLabel(Dictionary<string, int> labels, TarEntry entry, Stream archive)
    {
        var text = Encoding.Latin1.GetString(TarContent.Read(archive, entry, LongestLabel)).Trim();
        if (!long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var label))
        {
            throw new InvalidDataException($"'{OneLine.Start(entry.Name)}' has '{OneLine.Start(text)}', where the number of a class is asked for");
        }

        if (!labels.TryAdd(Key(entry.Name), NumberedClasses.Label(label)))
        {
            throw new InvalidDataException($"it has '{OneLine.Start(entry.Name)}' twice");
        }
    }

    private static string Key(string name) => name[..FirstDot(name)];

    private static string Ending(string name) => name[FirstDot(name)..];

    private static int FirstDot(string name) => name.IndexOf('.', name.LastIndexOf('/') + 1) is >= 0 and var dot ? dot : name.Length;
}
