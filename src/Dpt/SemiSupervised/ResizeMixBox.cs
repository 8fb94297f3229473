using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>
/// Where ResizeMix puts an image into another (Qin et al., 2020; its constants are those of RegMixMatch): a box around a pixel, cut off at
/// the borders, that is filled with the middle of the other image, made smaller.
/// </summary>
/// <param name="Left">First column.</param>
/// <param name="Top">First line.</param>
/// <param name="Right">Column behind the last: Left if there is none.</param>
/// <param name="Bottom">Line behind the last: Top if there is none.</param>
internal readonly record struct ResizeMixBox(int Left, int Top, int Right, int Bottom)
{
    /// <summary>Sides of a box that is not cut off, over that of the image.</summary>
    private const double Smallest = 0.1, Largest = 0.8;

    /// <summary>Side of what is resized, over that of the image.</summary>
    private const double Middle = 0.9;

    /// <summary>
    /// The box of a step. Its side is 0.1 to 0.8 of the image's and grows with the root of a uniform number (a beta distribution of alpha 1),
    /// so that areas are about uniform; small images may have none.
    /// </summary>
    /// <param name="seed">Seed of the stage.</param>
    /// <param name="step">The step, counted from 0.</param>
    /// <param name="side">Side of the images.</param>
    public static ResizeMixBox Draw(ulong seed, int step, int side)
    {
        var random = new PhiloxStream(seed, RunStreams.MixBox, step);
        var share = Smallest + (Math.Sqrt(random.NextUniform()) * (Largest - Smallest));
        var half = (int)(side * share) / 2;
        var (x, y) = (random.NextInt(side), random.NextInt(side));
        return new ResizeMixBox(Math.Max(0, x - half), Math.Max(0, y - half), Math.Min(side, x + half), Math.Min(side, y + half));
    }

    /// <summary>Its area over that of an image.</summary>
    /// <param name="side">Side of the images.</param>
    public double ShareOf(int side) => (double)((Right - Left) * (Bottom - Top)) / (side * side);

    /// <summary>
    /// The line and the column of the other image in each of an image, -1 outside of the box: the nearest, as PyTorch's <c>interpolate</c> has it.
    /// </summary>
    /// <param name="lines">[side].</param>
    /// <param name="columns">[side].</param>
    public void Resize(Span<int> lines, Span<int> columns)
    {
        Resize(Top, Bottom, lines);
        Resize(Left, Right, columns);
    }

    private static void Resize(int from, int to, Span<int> places)
    {
        const int Outside = -1;
        var middle = (int)(places.Length * Middle);
        var scale = (float)middle / (to - from);
        places.Fill(Outside);
        for (var i = from; i < to; i++)
        {
            places[i] = ((places.Length - middle) / 2) + Math.Min((int)((i - from) * scale), middle - 1);
        }
    }
}
