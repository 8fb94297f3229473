using SkiaSharp;

namespace DPT.Engine.Dpt;

/// <summary>What an image file says about itself.</summary>
internal readonly record struct ImageHeader(int Width, int Height, int Channels);

/// <summary>PNG and JPEG files as planes of bytes. Transparent parts are black; orientation marks are not followed.</summary>
internal static class ImageFile
{
    private const int LargestSide = 16384;

    public static ImageHeader ReadHeader(string path)
    {
        using var codec = Open(path);
        return new ImageHeader(codec.Info.Width, codec.Info.Height, codec.Info.ColorType == SKColorType.Gray8 ? 1 : 3);
    }

    /// <summary>Decodes an image, crops its centre to a square and resizes that to <paramref name="size"/>.</summary>
    /// <param name="path">The file.</param>
    /// <param name="channels">1 or 3; a grey image becomes three equal planes, a colour image must be given 3.</param>
    /// <param name="size">Side of the result in pixels.</param>
    /// <param name="target">Result, [channels,size,size].</param>
    public static void Decode(string path, int channels, int size, Span<byte> target)
    {
        using var codec = Open(path);
        var (width, height) = (codec.Info.Width, codec.Info.Height);
        using var bitmap = new SKBitmap(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Premul));
        var result = codec.GetPixels(bitmap.Info, bitmap.GetPixels());
        if (result != SKCodecResult.Success)
        {
            throw DataFile.Corrupt(path, $"decoding ends with {result}");
        }

        var side = Math.Min(width, height);
        var filter = side == size ? null : new ImageResizer.Filter(side, size);
        var plane = new byte[side * side];
        for (var c = 0; c < channels; c++)
        {
            CopyCentre(bitmap.GetPixelSpan(), width, height, c, plane);
            var output = target.Slice(c * size * size, size * size);
            if (filter is null)
            {
                plane.CopyTo(output);
            }
            else
            {
                filter.Apply(plane, output);
            }
        }
    }

    /// <summary>Writes planes as a PNG file's bytes.</summary>
    /// <param name="stream">Where to write.</param>
    /// <param name="pixels">[channels,height,width].</param>
    /// <param name="channels">1 or 3.</param>
    /// <param name="width">Width in pixels.</param>
    /// <param name="height">Height in pixels.</param>
    public static void EncodePng(Stream stream, ReadOnlySpan<byte> pixels, int channels, int width, int height)
    {
        var format = channels == 1 ? SKColorType.Gray8 : SKColorType.Rgba8888;
        using var bitmap = new SKBitmap(new SKImageInfo(width, height, format, SKAlphaType.Opaque));
        var rows = bitmap.GetPixelSpan();
        var plane = width * height;
        for (var y = 0; y < height; y++)
        {
            var row = rows.Slice(y * bitmap.RowBytes, width * bitmap.BytesPerPixel);
            for (var x = 0; x < width; x++)
            {
                var i = (y * width) + x;
                if (channels == 1)
                {
                    row[x] = pixels[i];
                }
                else
                {
                    (row[4 * x], row[(4 * x) + 1], row[(4 * x) + 2], row[(4 * x) + 3]) =
                        (pixels[i], pixels[plane + i], pixels[(2 * plane) + i], 255);
                }
            }
        }

        using var png = bitmap.Encode(SKEncodedImageFormat.Png, 100);
        png.SaveTo(stream);
    }

    private static void CopyCentre(ReadOnlySpan<byte> rgba, int width, int height, int channel, Span<byte> plane)
    {
        var side = Math.Min(width, height);
        var (left, top) = ((width - side) / 2, (height - side) / 2);
        for (var y = 0; y < side; y++)
        {
            for (var x = 0; x < side; x++)
            {
                plane[(y * side) + x] = rgba[(4 * (((top + y) * width) + left + x)) + channel];
            }
        }
    }

    private static SKCodec Open(string path)
    {
        var codec = SKCodec.Create(path, out var result);
        if (codec is null)
        {
            throw result == SKCodecResult.InternalError && !File.Exists(path)
                ? new DptException(FailureKind.Environment, $"the image '{path}' does not exist")
                : DataFile.Corrupt(path, $"it is no PNG or JPEG image that can be read ({result})");
        }

        if (codec.Info.Width > LargestSide || codec.Info.Height > LargestSide)
        {
            using (codec)
            {
                throw DataFile.Corrupt(path, $"it declares {codec.Info.Width}x{codec.Info.Height} pixels, the limit is {LargestSide} a side");
            }
        }

        return codec;
    }
}
