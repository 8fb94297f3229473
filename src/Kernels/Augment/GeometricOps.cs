namespace DPT.Engine.Kernels;

/// <summary>
/// Operations that move pixels: nearest neighbour, black where there is no source, same size. The maps go from output
/// to input, in 16.16 fixed point through pixel centres, as in the Python Imaging Library. All copy the
/// image to the scratch image first.
/// </summary>
internal static class GeometricOps
{
    /// <summary>Turns counter-clockwise about the centre.</summary>
    public static void Rotate(ByteImage image, ByteImage scratch, double degrees)
    {
        var angle = -degrees * Math.PI / 180;
        double cosine = Math.Round(Math.Cos(angle), 15), sine = Math.Round(Math.Sin(angle), 15);
        var centre = image.Size / 2.0;
        Affine(
            image, scratch,
            cosine, sine, centre - (cosine * centre) - (sine * centre),
            -sine, cosine, centre + (sine * centre) - (cosine * centre));
    }

    /// <summary>Reads row y from <paramref name="amount"/> y pixels further right.</summary>
    public static void ShearX(ByteImage image, ByteImage scratch, double amount) =>
        Affine(image, scratch, 1, amount, 0, 0, 1, 0);

    /// <summary>Reads column x from <paramref name="amount"/> x pixels further down.</summary>
    public static void ShearY(ByteImage image, ByteImage scratch, double amount) =>
        Affine(image, scratch, 1, 0, 0, amount, 1, 0);

    /// <summary>Reads from <paramref name="pixels"/> further right.</summary>
    public static void TranslateX(ByteImage image, ByteImage scratch, double pixels) =>
        Shift(image, scratch, (int)Math.Floor(pixels + 0.5), 0);

    /// <summary>Reads from <paramref name="pixels"/> further down.</summary>
    public static void TranslateY(ByteImage image, ByteImage scratch, double pixels) =>
        Shift(image, scratch, 0, (int)Math.Floor(pixels + 0.5));

    private static void Affine(
        ByteImage image, ByteImage scratch, double a, double b, double c, double d, double e, double f)
    {
        image.Pixels.CopyTo(scratch.Pixels);
        int stepXx = Fix(a), stepXy = Fix(b), stepYx = Fix(d), stepYy = Fix(e);
        int rowX = Fix(c + (a * 0.5) + (b * 0.5)), rowY = Fix(f + (d * 0.5) + (e * 0.5));
        for (var y = 0; y < image.Size; y++, rowX += stepXy, rowY += stepYy)
        {
            int atX = rowX, atY = rowY;
            for (var x = 0; x < image.Size; x++, atX += stepXx, atY += stepYx)
            {
                Move(image, scratch, x, y, atX >> 16, atY >> 16);
            }
        }
    }

    private static void Shift(ByteImage image, ByteImage scratch, int right, int down)
    {
        image.Pixels.CopyTo(scratch.Pixels);
        for (var y = 0; y < image.Size; y++)
        {
            for (var x = 0; x < image.Size; x++)
            {
                Move(image, scratch, x, y, x + right, y + down);
            }
        }
    }

    private static void Move(ByteImage image, ByteImage source, int x, int y, int fromX, int fromY)
    {
        var size = image.Size;
        var inside = (uint)fromX < (uint)size && (uint)fromY < (uint)size;
        for (var c = 0; c < image.Channels; c++)
        {
            var plane = c * size * size;
            image.Pixels[plane + (y * size) + x] = inside ? source.Pixels[plane + (fromY * size) + fromX] : (byte)0;
        }
    }

    private static int Fix(double value) => (int)Math.Floor((value * 65536) + 0.5);
}
