using DPT.Engine.Kernels;
using SkiaSharp;

namespace DPT.Engine.Dpt;

/// <summary>What an image file says about itself.</summary>
/// <param name="Width">Width in pixels, as it is looked at.</param>
/// <param name="Height">Height in pixels, likewise.</param>
/// <param name="Channels">1 if it is stored as grey, else 3.</param>
/// <param name="Kind">What its content is, whatever its name says.</param>
internal readonly record struct ImageHeader(int Width, int Height, int Channels, ImageKind Kind);

/// <summary>
/// Image files as planes of bytes; of moving ones, the first frame. The content decides what a file is. Orientation marks
/// (EXIF) are followed. What is transparent lies on black: a value is colour times opacity, rounded. Colour profiles are not
/// followed.
/// </summary>
internal static class ImageFile
{
    /// <summary>Bytes that an image file may have.</summary>
    public const long LargestFile = 1 << 29;

    private const int LargestSide = 16384;
    private const long MostPixels = 1 << 27;

    /// <summary>Images above this are decoded one at a time: memory stays bounded, however many cores there are.</summary>
    private const long LargePixels = 1 << 24;

    private static readonly Lock _large = new();

    /// <summary>Whether the beginning of a file is that of an image; false too for what cannot be read.</summary>
    public static bool HoldsImage(string path)
    {
        try
        {
            using var file = RegularFile.OpenRead(path);
            Span<byte> head = stackalloc byte[ImageKind.HeadBytes];
            return ImageKind.OfContent(head[..file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false)]) is not null;
        }
        catch (Exception error) when (error is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>The content of a file.</summary>
    /// <exception cref="InvalidDataException">It is no regular file, or too large for an image.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static byte[] Read(string path) => RegularFile.ReadBytes(path, LargestFile);

    /// <summary>What a file says about its image, without decoding it.</summary>
    /// <param name="content">The content of the file.</param>
    /// <exception cref="InvalidDataException">It is no image that can be read, or too large.</exception>
    public static ImageHeader ReadHeader(byte[] content)
    {
        var (codec, kind) = Open(content);
        using (codec)
        {
            var view = new View(codec);
            return new ImageHeader(view.Width, view.Height, codec.Info.ColorType == SKColorType.Gray8 ? 1 : 3, kind);
        }
    }

    /// <summary>Decodes an image, resizes it until its shorter side is <paramref name="size"/>, and cuts out the middle.</summary>
    /// <param name="content">The content of the file.</param>
    /// <param name="channels">1 or 3; a grey image becomes three equal planes, a colour image must be given 3.</param>
    /// <param name="size">Side of the result in pixels.</param>
    /// <param name="target">Result, [channels,size,size].</param>
    /// <param name="crop">How it is resized and cut.</param>
    /// <exception cref="InvalidDataException">It is damaged.</exception>
    /// <exception cref="IOException">There is no memory for it.</exception>
    public static void Decode(byte[] content, int channels, int size, Span<byte> target, ImageCrop crop = ImageCrop.Middle)
    {
        using var codec = Open(content).Codec;
        if ((long)codec.Info.Width * codec.Info.Height <= LargePixels)
        {
            Decode(codec, channels, size, target, crop);
            return;
        }

        lock (_large)
        {
            Decode(codec, channels, size, target, crop);
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

    private static void Decode(SKCodec codec, int channels, int size, Span<byte> target, ImageCrop crop)
    {
        var info = new SKImageInfo(codec.Info.Width, codec.Info.Height, SKColorType.Rgba8888, SKAlphaType.Premul);
        using var bitmap = new SKBitmap();
        if (!bitmap.TryAllocPixels(info))
        {
            throw new IOException($"there is no memory for its {info.Width}x{info.Height} pixels");
        }

        var result = codec.GetPixels(info, bitmap.GetPixels());
        if (result != SKCodecResult.Success)
        {
            throw new InvalidDataException(result == SKCodecResult.IncompleteInput
                ? "its pixels end too early"
                : $"its pixels are damaged ({result})");
        }

        var view = new View(codec);
        var resizer = new SquareResizer(view.Width, view.Height, size, crop);
        var plane = new byte[view.Width * view.Height];
        for (var c = 0; c < channels; c++)
        {
            view.Copy(bitmap.GetPixelSpan()[c..], plane);
            resizer.Apply(plane, target.Slice(c * size * size, size * size));
        }
    }

    private static (SKCodec Codec, ImageKind Kind) Open(byte[] bytes)
    {
        var kind = ImageKind.OfContent(bytes) ?? throw new InvalidDataException($"it holds no {ImageKind.Names} image");
        using var data = SKData.CreateCopy(bytes);
        var codec = SKCodec.Create(data)
            ?? throw new InvalidDataException($"it begins like a {kind.Name} image but cannot be read as one");
        var (width, height) = (codec.Info.Width, codec.Info.Height);
        if (width <= LargestSide && height <= LargestSide && (long)width * height <= MostPixels)
        {
            return (codec, kind);
        }

        codec.Dispose();
        throw new InvalidDataException(
            $"it declares {width}x{height} pixels, the limits are {LargestSide} a side and {MostPixels} in all");
    }

    /// <summary>An image as it is looked at: stored rows and columns may have to be turned or mirrored.</summary>
    private readonly struct View
    {
        private readonly int _first;
        private readonly int _right;
        private readonly int _down;

        public View(SKCodec codec)
        {
            var (columns, rows, mark) = (codec.Info.Width, codec.Info.Height, codec.EncodedOrigin);
            var turned = mark >= SKEncodedOrigin.LeftTop;
            var lastColumnFirst = mark is SKEncodedOrigin.TopRight or SKEncodedOrigin.BottomRight
                or SKEncodedOrigin.RightBottom or SKEncodedOrigin.LeftBottom;
            var lastRowFirst = mark is SKEncodedOrigin.BottomRight or SKEncodedOrigin.BottomLeft
                or SKEncodedOrigin.RightTop or SKEncodedOrigin.RightBottom;
            var (column, row) = (lastColumnFirst ? -1 : 1, lastRowFirst ? -columns : columns);
            _first = (lastColumnFirst ? columns - 1 : 0) + (lastRowFirst ? (rows - 1) * columns : 0);
            (_right, _down) = turned ? (row, column) : (column, row);
            (Width, Height) = turned ? (rows, columns) : (columns, rows);
        }

        public int Width { get; }

        public int Height { get; }

        /// <summary>Copies one channel.</summary>
        /// <param name="pixels">Stored pixels of four bytes, from the channel's first byte on.</param>
        /// <param name="plane">Result, [Height,Width].</param>
        public void Copy(ReadOnlySpan<byte> pixels, Span<byte> plane)
        {
            for (var y = 0; y < Height; y++)
            {
                for (var x = 0; x < Width; x++)
                {
                    plane[(y * Width) + x] = pixels[4 * (_first + (x * _right) + (y * _down))];
                }
            }
        }
    }
}
