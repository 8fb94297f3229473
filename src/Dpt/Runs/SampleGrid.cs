using DPT.Engine.Autograd;

namespace DPT.Engine.Dpt;

/// <summary>Many small images on one PNG.</summary>
public static class SampleGrid
{
    private const int Gap = 1;

    /// <summary>Writes images row by row, magnified, on a dark ground.</summary>
    /// <param name="path">The PNG file.</param>
    /// <param name="images">[N,C,S,S], 0..255.</param>
    /// <param name="channels">1 or 3.</param>
    /// <param name="imageSize">Side of an image in pixels.</param>
    /// <param name="columns">Images per row, at least 1.</param>
    /// <param name="scale">Pixels of the PNG per pixel of an image, at least 1.</param>
    public static void Save(string path, ReadOnlySpan<byte> images, int channels, int imageSize, int columns, int scale = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(columns, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(scale, 1);
        var length = channels * imageSize * imageSize;
        var count = images.Length / length;
        var cell = (imageSize * scale) + Gap;
        var (width, height) = ((columns * cell) + Gap, (((count + columns - 1) / columns) * cell) + Gap);
        var sheet = new byte[channels * width * height];
        for (var i = 0; i < count; i++)
        {
            var corner = ((((i / columns) * cell) + Gap) * width) + ((i % columns) * cell) + Gap;
            for (var c = 0; c < channels; c++)
            {
                var plane = images.Slice((i * length) + (c * imageSize * imageSize), imageSize * imageSize);
                Place(plane, imageSize, scale, sheet.AsSpan((c * width * height) + corner), width);
            }
        }

        AtomicFile.Write(path, stream => ImageFile.EncodePng(stream, sheet, channels, width, height));
    }

    private static void Place(ReadOnlySpan<byte> plane, int size, int scale, Span<byte> sheet, int stride)
    {
        for (var y = 0; y < size * scale; y++)
        {
            for (var x = 0; x < size * scale; x++)
            {
                sheet[(y * stride) + x] = plane[((y / scale) * size) + (x / scale)];
            }
        }
    }
}
