namespace DPT.Engine.Dpt.Tests;

/// <summary>Small data sets with known content.</summary>
internal static class TestImages
{
    public static DataOptions Options(string spec) => new() { Spec = spec, LabelsPerClass = 1 };

    /// <summary>Images of 2x2 pixels; every pixel of image i is i mod 256, its label i mod classes.</summary>
    public static ImageDataset Cyclic(int count, int classes, bool files = false) => new(
        "cyclic",
        [.. Enumerable.Range(0, classes).Select(c => $"class{c}")],
        1,
        2,
        [.. Enumerable.Range(0, 4 * count).Select(i => (byte)(i / 4))],
        [.. Enumerable.Range(0, count).Select(i => i % classes)],
        files ? [.. Enumerable.Range(0, count).Select(i => $"class{i % classes}/image, {i}.png")] : null);

    /// <summary>Grey images of noise; the label of image i is (i + <paramref name="shift"/>) mod classes.</summary>
    public static ImageDataset Noise(int count, int classes, int imageSize, int shift = 0)
    {
        var pixels = new byte[count * imageSize * imageSize];
        new Random(11).NextBytes(pixels);
        return new ImageDataset(
            "noise",
            [.. Enumerable.Range(0, classes).Select(c => $"class{c}")],
            1,
            imageSize,
            pixels,
            [.. Enumerable.Range(0, count).Select(i => (i + shift) % classes)]);
    }

    /// <summary>A PNG file whose pixel (c, y, x) is 40 c + 10 y + x + offset.</summary>
    public static byte[] Png(int channels, int width, int height, int offset = 0)
    {
        using var stream = new MemoryStream();
        ImageFile.EncodePng(stream, Ramp(channels, width, height, offset), channels, width, height);
        return stream.ToArray();
    }

    public static byte[] Ramp(int channels, int width, int height, int offset = 0) =>
        [.. from c in Enumerable.Range(0, channels)
            from y in Enumerable.Range(0, height)
            from x in Enumerable.Range(0, width)
            select (byte)((40 * c) + (10 * y) + x + offset)];

    public static DptException Fails(FailureKind kind, Action code, string says)
    {
        var error = Assert.Throws<DptException>(code)!;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(error.Kind, Is.EqualTo(kind), error.Message);
            Assert.That(error.Message, Does.Contain(says));
            Assert.That(error.Message, Does.Not.Contain("\n"));
        }

        return error;
    }
}
