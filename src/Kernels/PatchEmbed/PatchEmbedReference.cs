namespace DPT.Engine.Kernels;

/// <summary>Patch embedding in double precision: the definition, one output at a time.</summary>
internal static class PatchEmbedReference
{
    /// <summary>Tokens of images; an operand that is null is left out, and so is its token.</summary>
    public static void Forward(
        PatchGrid grid, int width, double[] image, double[] weight, double[] bias, double[] position,
        double[]? labels, double[]? table, double[]? times, double[]? classToken, double[] tokens)
    {
        var pixels = Pixels(grid);
        for (var b = 0; b < grid.Batch; b++)
        {
            for (var d = 0; d < width; d++)
            {
                var token = 0;
                void Write(double value)
                {
                    tokens[(((b * grid.Tokens) + token) * width) + d] = value + position[(token * width) + d];
                    token++;
                }

                if (labels is not null)
                {
                    Write(table![((int)labels[b] * width) + d]);
                }

                if (times is not null)
                {
                    Write(Sinusoid(times[b], d, width));
                }

                if (classToken is not null)
                {
                    Write(classToken[d]);
                }

                for (var n = 0; n < grid.Patches; n++)
                {
                    var sum = bias[d];
                    for (var k = 0; k < grid.PatchElements; k++)
                    {
                        sum += weight[(d * grid.PatchElements) + k] * image[(b * grid.ImageElements) + pixels[(n * grid.PatchElements) + k]];
                    }

                    Write(sum);
                }
            }
        }
    }

    /// <summary>Adds the gradients of all parameters.</summary>
    public static void Backward(
        PatchGrid grid, int width, double[] image, double[] dtokens, double[]? labels, bool hasTime,
        double[] dweight, double[] dbias, double[] dposition, double[]? dtable, double[]? dclass)
    {
        var pixels = Pixels(grid);
        for (var b = 0; b < grid.Batch; b++)
        {
            for (var d = 0; d < width; d++)
            {
                double Gradient(int token) => dtokens[(((b * grid.Tokens) + token) * width) + d];
                for (var token = 0; token < grid.Tokens; token++)
                {
                    dposition[(token * width) + d] += Gradient(token);
                }

                if (labels is not null)
                {
                    dtable![((int)labels[b] * width) + d] += Gradient(0);
                }

                if (dclass is not null)
                {
                    dclass[d] += Gradient((labels is null ? 0 : 1) + (hasTime ? 1 : 0));
                }

                for (var n = 0; n < grid.Patches; n++)
                {
                    var g = Gradient(grid.ExtraTokens + n);
                    dbias[d] += g;
                    for (var k = 0; k < grid.PatchElements; k++)
                    {
                        dweight[(d * grid.PatchElements) + k] += g * image[(b * grid.ImageElements) + pixels[(n * grid.PatchElements) + k]];
                    }
                }
            }
        }
    }

    private static double Sinusoid(double time, int d, int width)
    {
        var half = width / 2;
        var angle = time * Math.Pow(10000, -(d % half) / (double)half);
        return d < half ? Math.Cos(angle) : d < 2 * half ? Math.Sin(angle) : 0;
    }

    /// <summary>Where element k = (channel, row, column) of patch n lies in its image, at n * PatchElements + k.</summary>
    private static int[] Pixels(PatchGrid grid)
    {
        var (p, s) = (grid.PatchSize, grid.ImageSize);
        var pixels = new int[grid.Patches * grid.PatchElements];
        for (var i = 0; i < pixels.Length; i++)
        {
            var (n, k) = Math.DivRem(i, grid.PatchElements);
            var (channel, inPatch) = Math.DivRem(k, p * p);
            var row = (n / grid.Side * p) + (inPatch / p);
            var column = (n % grid.Side * p) + (inPatch % p);
            pixels[i] = (((channel * s) + row) * s) + column;
        }

        return pixels;
    }
}
