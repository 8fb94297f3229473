namespace DPT.Engine.Kernels;

/// <summary>A filled square at a random place, both corners included. DeVries and Taylor, arXiv 1708.04552.</summary>
internal static class Cutout
{
    /// <summary>Fills with (125, 123, 114), or with 121 (their mean) in a grey image.</summary>
    /// <param name="image">The image.</param>
    /// <param name="side">Side of the square in pixels; nothing happens if it is not positive.</param>
    /// <param name="x">Centre, in [0, Size).</param>
    /// <param name="y">Centre, in [0, Size).</param>
    public static void Apply(ByteImage image, double side, double x, double y)
    {
        if (side <= 0)
        {
            return;
        }

        var (left, right) = Edges(image.Size, side, x);
        var (top, bottom) = Edges(image.Size, side, y);
        ReadOnlySpan<byte> colour = image.Channels == 3 ? [125, 123, 114] : [121];
        for (var c = 0; c < image.Channels; c++)
        {
            var plane = image.Plane(c);
            for (var row = top; row <= bottom; row++)
            {
                plane.Slice((row * image.Size) + left, right - left + 1).Fill(colour[c]);
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
