namespace DPT.Engine.Kernels;

/// <summary>A square image of bytes in planes, [Channels, Size, Size], somewhere in memory.</summary>
internal readonly ref struct ByteImage
{
    public ByteImage(Span<byte> pixels, int channels, int size)
    {
        Pixels = pixels[..(channels * size * size)];
        Channels = channels;
        Size = size;
    }

    public Span<byte> Pixels { get; }

    /// <summary>1 (grey) or 3 (red, green, blue).</summary>
    public int Channels { get; }

    public int Size { get; }

    public Span<byte> Plane(int channel) => Pixels.Slice(channel * Size * Size, Size * Size);

    /// <summary>Brightness of a pixel, or the grey value.</summary>
    public int Luminance(int pixel)
    {
        if (Channels == 1)
        {
            return Pixels[pixel];
        }

        var plane = Size * Size;
        return Luminance(Pixels[pixel], Pixels[plane + pixel], Pixels[(2 * plane) + pixel]);
    }

    /// <summary>0.299 R + 0.587 G + 0.114 B in 16.16 fixed point.</summary>
    public static int Luminance(int red, int green, int blue) =>
        ((19595 * red) + (38470 * green) + (7471 * blue) + 0x8000) >> 16;

    /// <summary>from + alpha (to - from) in single precision, cut to an integer; alpha in [0, 1].</summary>
    public static byte Blend(int from, int to, float alpha) =>
        (byte)(int)(from + (alpha * (to - from)));
}
