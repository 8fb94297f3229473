namespace DPT.Engine.Kernels;

/// <summary>
/// A square that is filled with (125, 123, 114), or with 121 (their mean) in a grey image; all edges are included.
/// DeVries and Taylor, arXiv 1708.04552.
/// </summary>
/// <param name="Left">First column.</param>
/// <param name="Top">First row.</param>
/// <param name="Right">Last column; nothing is filled if it is less than Left.</param>
/// <param name="Bottom">Last row.</param>
internal readonly record struct Cutout(int Left, int Top, int Right, int Bottom)
{
    /// <summary>The square in an image.</summary>
    /// <param name="size">Size of the image.</param>
    /// <param name="side">Side of the square in pixels; nothing is filled if it is not positive.</param>
    /// <param name="x">Centre, in [0, size).</param>
    /// <param name="y">Centre, in [0, size).</param>
    public static Cutout Of(int size, double side, double x, double y)
    {
        if (side <= 0)
        {
            return new Cutout(0, 0, -1, -1);
        }

        var (left, right) = Edges(size, side, x);
        var (top, bottom) = Edges(size, side, y);
        return new Cutout(left, top, right, bottom);
    }

    /// <summary>What the square is filled with.</summary>
    public static int Colour(int channels, int channel) =>
        channels == 1 ? 121 : channel == 0 ? 125 : channel == 1 ? 123 : 114;

    /// <summary>Whether a pixel is filled.</summary>
    public bool Contains(int x, int y) => x >= Left && x <= Right && y >= Top && y <= Bottom;

    /// <summary>Fills it.</summary>
    public void Apply(ByteImage image)
    {
        for (var c = 0; c < image.Channels && Left <= Right; c++)
        {
            var plane = image.Plane(c);
            for (var row = Top; row <= Bottom; row++)
            {
                plane.Slice((row * image.Size) + Left, Right - Left + 1).Fill((byte)Colour(image.Channels, c));
            }
        }
    }

    /// <summary>First and last pixel: the last is found from the first after its fraction is cut.</summary>
    private static (int First, int Last) Edges(int size, double side, double centre)
    {
        var first = (int)Math.Max(0, centre - (side / 2));
        return (first, Math.Min(size - 1, (int)Math.Min(size, first + side)));
    }
}
