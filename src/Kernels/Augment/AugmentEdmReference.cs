namespace DPT.Engine.Kernels;

/// <summary>
/// EDM's pipe step by step, in double precision on whole images: mirrored, padded by reflection, zeros put between the pixels and
/// convolved, sampled, convolved and every other number taken. Only where a sample lies is in single precision, which belongs to the operator.
/// </summary>
internal static class AugmentEdmReference
{
    private static readonly double[] Filter =
    [
        0.015404109327027373, 0.0034907120842174702, -0.11799011114819057, -0.048311742585633, 0.4910559419267466, 0.787641141030194,
        0.3379294217276218, -0.07263752278646252, -0.021060292512300564, 0.04472490177066578, 0.0017677118642428036, -0.007800708325034148,
    ];

    /// <summary>Makes the batch.</summary>
    public static void Augment(int batch, int channels, int size, double[] images, double[] maps, double[] labels, double[] output)
    {
        for (var b = 0; b < batch; b++)
        {
            var map = Array.ConvertAll(maps[(6 * b)..((6 * b) + 6)], v => (float)v);
            var view = new EdmView(size, 0, 0, map[0], map[1], map[2], map[3], map[4], map[5]);
            for (var c = 0; c < channels; c++)
            {
                var first = ((b * channels) + c) * size * size;
                var image = Image(size, size, (x, y) => images[
                    first + ((labels[(9 * b) + 1] > 0.5 ? size - 1 - y : y) * size) + (labels[9 * b] > 0.5 ? size - 1 - x : x)]);
                var result = map is [1, 0, 0, 0, 1, 0] ? image : Transform(image, size, view);
                for (var i = 0; i < size * size; i++)
                {
                    output[first + i] = result[i / size, i % size];
                }
            }
        }
    }

    private static double[,] Transform(double[,] image, int size, EdmView view)
    {
        var margin = size - 1;
        var side = size + (2 * margin);
        var padded = Image(side, side, (x, y) => image[Reflect(y - margin, size), Reflect(x - margin, size)]);
        var raised = AlongBoth(padded, Raise);
        var border = 2 * (size + 6);
        var sampled = Image(border, border, (x, y) => Sample(raised, view.X(x, y) + (2.0 * margin), view.Y(x, y) + (2.0 * margin)));
        return AlongBoth(sampled, Lower);
    }

    /// <summary>Every row, then every column of what comes of them.</summary>
    private static double[,] AlongBoth(double[,] image, Func<double[], double[]> change) =>
        Transposed(Rows(Transposed(Rows(image, change)), change));

    private static double[,] Rows(double[,] image, Func<double[], double[]> change)
    {
        var (height, width) = (image.GetLength(0), image.GetLength(1));
        var lines = Enumerable.Range(0, height).Select(y => change([.. Enumerable.Range(0, width).Select(x => image[y, x])])).ToArray();
        return Image(lines[0].Length, height, (x, y) => lines[y][x]);
    }

    private static double[,] Transposed(double[,] image) => Image(image.GetLength(0), image.GetLength(1), (x, y) => image[x, y]);

    /// <summary>Twice as many numbers: the sum over the pixels whose places among zeros the filter covers.</summary>
    private static double[] Raise(double[] line)
    {
        var raised = new double[2 * line.Length];
        for (var x = 0; x < raised.Length; x++)
        {
            for (var i = 0; i < line.Length; i++)
            {
                raised[x] += Math.Abs((2 * (5 + x - (2 * i))) - 11) <= 11 ? Filter[5 + x - (2 * i)] * line[i] : 0;
            }
        }

        return raised;
    }

    /// <summary>Every other sum of twelve, three less on either side.</summary>
    private static double[] Lower(double[] line)
    {
        var lowered = new double[(line.Length / 2) - 6];
        for (var x = 0; x < lowered.Length; x++)
        {
            for (var n = 0; n < Filter.Length; n++)
            {
                lowered[x] += Filter[n] * line[(2 * x) + 1 + n];
            }
        }

        return lowered;
    }

    private static double Sample(double[,] raised, double x, double y)
    {
        var (left, top) = ((int)Math.Floor(x), (int)Math.Floor(y));
        double At(int column, int row) =>
            row < 0 || column < 0 || row >= raised.GetLength(0) || column >= raised.GetLength(1) ? 0 : raised[row, column];
        var (right, down) = (x - left, y - top);
        return ((1 - right) * (1 - down) * At(left, top)) + (right * (1 - down) * At(left + 1, top))
            + ((1 - right) * down * At(left, top + 1)) + (right * down * At(left + 1, top + 1));
    }

    private static int Reflect(int at, int size) => at < 0 ? -at : at >= size ? (2 * size) - 2 - at : at;

    private static double[,] Image(int width, int height, Func<int, int, double> pixel)
    {
        var image = new double[height, width];
        for (var i = 0; i < image.Length; i++)
        {
            image[i / width, i % width] = pixel(i % width, i / width);
        }

        return image;
    }
}
