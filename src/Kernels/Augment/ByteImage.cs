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

    /// <summary>Brightness of a pixel: 0.299 R + 0.587 G + 0.114 B in 16.16 fixed point, or the grey value.</summary>
    public int Luminance(int pixel)
    {
        if (Channels == 1)
        {
            return Pixels[pixel];
        }

        var plane = Size * Size;
        int red = Pixels[pixel], green = Pixels[plane + pixel], blue = Pixels[(2 * plane) + pixel];
        return ((19595 * red) + (38470 * green) + (7471 * blue) + 0x8000) >> 16;
    }

    /// <summary>from + alpha (to - from) in single precision, cut to an integer; alpha in [0, 1].</summary>
    public static byte Blend(int from, int to, float alpha) => (byte)(from + (alpha * (to - from)));
}
