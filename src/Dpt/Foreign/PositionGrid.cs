namespace DPT.Engine.Dpt;

/// <summary>
/// Positions of the patches of images of another size, as MSN takes them (spec 2.1): those of the grid between its points by bicubic
/// interpolation, with the kernel of PyTorch (a = -0.75, corners not aligned); beyond its edge as at its edge.
/// </summary>
internal static class PositionGrid
{
    private const string Name = "pos_embed";
    private const double Kernel = -0.75;
    private const int Taps = 4;
    private const long MostNumbers = 1 << 28;

    /// <summary>Tensors of which the positions are those of other images.</summary>
    /// <param name="tensors">The tensors. Their positions are [1, extra + g g, D].</param>
    /// <param name="extra">Tokens in front of the patches, which keep their positions.</param>
    /// <param name="patch">Side of a patch.</param>
    /// <param name="side">Side of the images.</param>
    /// <param name="offset">What some codes add to the new side of the grid when they take its ratio to the old one, where they differ; 0 as MSN does.</param>
    /// <exception cref="DptException">Usage: the patches do not cover the images, or are too many.</exception>
    public static Dictionary<string, WeightTensor> Resized(Dictionary<string, WeightTensor> tensors, int extra, int patch, int side, double offset = 0)
    {
        Usage.Require(side > 0 && side % patch == 0, $"images of {side} pixels cannot be cut into patches of {patch}; take a multiple");
        var (positions, grid) = (tensors[Name], side / patch);
        var width = positions.Shape[2];
        Usage.Require((long)grid * grid <= MostNumbers / width, $"images of {side} pixels have {grid} x {grid} patches, which are too many");
        var from = (int)Math.Sqrt(positions.Shape[1] - extra);
        var values = positions.Values.AsSpan(extra * width);
        var resized = new WeightTensor(
            [1, extra + (grid * grid), width], [.. positions.Values.AsSpan(0, extra * width), .. Resized(values, from, grid, width, offset)]);
        return new Dictionary<string, WeightTensor>(tensors, StringComparer.Ordinal) { [Name] = resized };
    }

    /// <summary>A square grid of vectors, [from, from, width], as [to, to, width].</summary>
    private static float[] Resized(ReadOnlySpan<float> values, int from, int to, int width, double offset)
    {
        var resized = new float[to * to * width];
        var sums = new double[width];
        foreach (var (cell, points) in Points(from, to, offset).Index())
        {
            Array.Clear(sums);
            foreach (var (point, weight) in points)
            {
                Add(values.Slice(point * width, width), weight, sums);
            }

            for (var i = 0; i < width; i++)
            {
                resized[(cell * width) + i] = (float)sums[i];
            }
        }

        return resized;
    }

    /// <summary>The same as a matrix: what each point of the new grid has of each of the old one, [to to, from from].</summary>
    /// <param name="from">Side of the grid that there is.</param>
    /// <param name="to">Side of the new grid.</param>
    public static float[] Matrix(int from, int to)
    {
        var matrix = new double[to * to * from * from];
        foreach (var (cell, points) in Points(from, to, offset: 0).Index())
        {
            foreach (var (point, weight) in points)
            {
                // Beyond the edge several taps are one point.
                matrix[(cell * from * from) + point] += weight;
            }
        }

        return Array.ConvertAll(matrix, weight => (float)weight);
    }

    /// <summary>Of each point of the new grid, row by row, the points of the old one that it is made of, with their weights.</summary>
    private static IEnumerable<IEnumerable<(int Point, double Weight)>> Points(int from, int to, double offset)
    {
        var taps = Enumerable.Range(0, to).Select(at => TapsOf(at, from, to == from ? to : to + offset)).ToArray();
        return Enumerable.Range(0, to * to).Select(cell => taps[cell / to].SelectMany(
            row => taps[cell % to].Select(column => ((row.Point * from) + column.Point, row.Weight * column.Weight))));
    }

    private static void Add(ReadOnlySpan<float> vector, double weight, double[] sums)
    {
        for (var i = 0; i < sums.Length; i++)
        {
            sums[i] += weight * vector[i];
        }
    }

    /// <summary>The points that one of the new grid is between, and their weights.</summary>
    private static (int Point, double Weight)[] TapsOf(int at, int from, double to)
    {
        var place = ((at + 0.5) * from / to) - 0.5;
        var first = (int)Math.Floor(place) - 1;
        return [.. Enumerable.Range(first, Taps).Select(point => (Math.Clamp(point, 0, from - 1), Weight(Math.Abs(place - point))))];
    }

    /// <summary>The cubic convolution kernel of Keys (1981).</summary>
    private static double Weight(double distance) => distance switch
    {
        <= 1 => ((((Kernel + 2) * distance) - (Kernel + 3)) * distance * distance) + 1,
        < 2 => Kernel * (((((distance - 5) * distance) + 8) * distance) - 4),
        _ => 0,
    };
}
