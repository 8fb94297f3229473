namespace DPT.Engine.Dpt;

/// <summary>Images and labels as arrays of NumPy in one file, under the names that tools give them.</summary>
internal static class NpzSource
{
    private static readonly Part[][] _known =
    [
        [new("images", "labels"), new("test_images", "test_labels")],
        [new("train_images", "train_labels"), new("test_images", "test_labels")],
        [new("x_train", "y_train"), new("x_test", "y_test")],
        [new("arr_0", "arr_1"), new("arr_2", "arr_3")],
    ];

    /// <summary>The names, for people.</summary>
    public static string Names => string.Join("; ", _known.Select(parts => string.Join(", ", parts.Select(part => $"{part.Images} and {part.Labels}"))));

    public static DatasetPair Load(string path)
    {
        var (train, test) = DataFile.ReadSeekable(path, stream => Read(stream));
        return test is null
            ? LabelledPixels.Split(path, train, $"test images have to come as test_images and test_labels")
            : LabelledPixels.Pair(path, train, test);
    }

    private static (LabelledPixels Train, LabelledPixels? Test) Read(Stream stream)
    {
        using var archive = new NpzArchive(stream);
        var names = archive.Names.ToHashSet(StringComparer.Ordinal);
        var parts = Array.Find(_known, parts => names.Contains(parts[0].Images))
            ?? throw new InvalidDataException($"it has the arrays {OneLine.Start(string.Join(", ", names))}; images are looked for in {string.Join(", ", _known.Select(known => known[0].Images))}");
        return (Read(archive, parts[0]), names.Contains(parts[1].Images) ? Read(archive, parts[1]) : null);
    }

    private static LabelledPixels Read(NpzArchive archive, Part part)
    {
        var labels = archive.Longs(part.Labels);
        var images = archive.Bytes(part.Images);
        if (images.Shape is not ([_, _, _] or [_, _, _, 1 or 3]))
        {
            throw new InvalidDataException($"'{part.Images}' is {images}; images are [N, side, side], or with 1 or 3 channels behind");
        }

        var (count, side, channels) = (images.Shape[0], images.Shape[1], images.Shape.Count == 3 ? 1 : images.Shape[3]);
        LabelledPixels.RequireSquare(side, images.Shape[2]);
        if (count == 0 || labels.Shape is not ([_] or [_, 1]) || labels.Shape[0] != count)
        {
            throw new InvalidDataException($"'{part.Images}' is {images} and '{part.Labels}' {labels}; labels are [N] or [N, 1], and N is at least 1");
        }

        return new LabelledPixels(Planes(images.Values, side * side, channels), Array.ConvertAll(labels.Values, NumberedClasses.Label), channels, side);
    }

    /// <summary>Images with a plane for each channel, of such whose channels lie side by side.</summary>
    private static byte[] Planes(byte[] pixels, int area, int channels)
    {
        if (channels == 1)
        {
            return pixels;
        }

        var planes = new byte[pixels.Length];
        Parallel.For(0, pixels.Length / (area * channels), image =>
        {
            var first = image * area * channels;
            for (var i = 0; i < area * channels; i++)
            {
                planes[first + (i % channels * area) + (i / channels)] = pixels[first + i];
            }
        });
        return planes;
    }

    private sealed record Part(string Images, string Labels);
}
