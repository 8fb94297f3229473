namespace DPT.Engine.Kernels;

/// <summary>Unpatchify and its convolution in double precision, from the definition: images lie in a border of zeros.</summary>
internal static class UnpatchifyReference
{
    /// <summary>Tokens to images; a null weight leaves the convolution out.</summary>
    public static void Forward(PatchGrid grid, double[] tokens, double[]? weight, double[]? bias, double[] image)
    {
        for (var b = 0; b < grid.Batch; b++)
        {
            for (var o = 0; o < grid.Channels; o++)
            {
                for (var y = 0; y < grid.ImageSize; y++)
                {
                    for (var x = 0; x < grid.ImageSize; x++)
                    {
                        var value = weight is null ? tokens[Token(grid, b, o, y, x)] : bias![o];
                        foreach (var (c, iy, ix, w) in Taps(grid, weight, o, y, x))
                        {
                            value += weight![w] * Padded(grid, iy, ix, () => tokens[Token(grid, b, c, iy, ix)]);
                        }

                        image[Pixel(grid, b, o, y, x)] = value;
                    }
                }
            }
        }
    }

    /// <summary>Gradients of tokens (written) and of the convolution (added).</summary>
    public static void Backward(
        PatchGrid grid, double[] tokens, double[]? weight, double[] dimage,
        double[] dtokens, double[] dweight, double[] dbias)
    {
        Array.Clear(dtokens);
        for (var b = 0; b < grid.Batch; b++)
        {
            for (var o = 0; o < grid.Channels; o++)
            {
                for (var y = 0; y < grid.ImageSize; y++)
                {
                    for (var x = 0; x < grid.ImageSize; x++)
                    {
                        var g = dimage[Pixel(grid, b, o, y, x)];
                        if (weight is null)
                        {
                            dtokens[Token(grid, b, o, y, x)] = g;
                            continue;
                        }

                        dbias[o] += g;
                        foreach (var (c, iy, ix, w) in Taps(grid, weight, o, y, x))
                        {
                            dweight[w] += g * Padded(grid, iy, ix, () => tokens[Token(grid, b, c, iy, ix)]);

                            // The same tap seen from the other end: this pixel's token went to the mirrored one.
                            var (oy, ox) = (y - (iy - y), x - (ix - x));
                            dtokens[Token(grid, b, o, y, x)] += weight[Swapped(grid, w)]
                                * Padded(grid, oy, ox, () => dimage[Pixel(grid, b, c, oy, ox)]);
                        }
                    }
                }
            }
        }
    }

    /// <summary>The inputs behind one output pixel, with the index of their weight.</summary>
    private static IEnumerable<(int C, int Y, int X, int Weight)> Taps(
        PatchGrid grid, double[]? weight, int o, int y, int x)
    {
        for (var c = 0; c < grid.Channels && weight is not null; c++)
        {
            for (var tap = 0; tap < 9; tap++)
            {
                var (iy, ix) = (y + (tap / 3) - 1, x + (tap % 3) - 1);
                yield return (c, iy, ix, (((o * grid.Channels) + c) * 9) + tap);
            }
        }
    }

    /// <summary>A pixel, or the zero of the border around the image.</summary>
    private static double Padded(PatchGrid grid, int y, int x, Func<double> pixel) =>
        y >= 0 && y < grid.ImageSize && x >= 0 && x < grid.ImageSize ? pixel() : 0;

    /// <summary>The weight of the same tap with its two channels exchanged.</summary>
    private static int Swapped(PatchGrid grid, int weight)
    {
        var (pair, tap) = Math.DivRem(weight, 9);
        var (o, c) = Math.DivRem(pair, grid.Channels);
        return (((c * grid.Channels) + o) * 9) + tap;
    }

    private static int Pixel(PatchGrid grid, int b, int c, int y, int x) =>
        (((((b * grid.Channels) + c) * grid.ImageSize) + y) * grid.ImageSize) + x;

    private static int Token(PatchGrid grid, int b, int c, int y, int x)
    {
        var p = grid.PatchSize;
        var token = grid.ExtraTokens + (y / p * grid.Side) + (x / p);
        return (((b * grid.Tokens) + token) * grid.PatchElements) + ((((y % p * p) + (x % p)) * grid.Channels) + c);
    }
}
