namespace DPT.Engine.Kernels;

/// <summary>
/// Convolution and its gradients in double precision: the definition, tap by tap. What is no pixel is a zero that is multiplied.
/// </summary>
internal static class ConvolutionReference
{
    /// <summary>x * w, without what follows the sum.</summary>
    public static double Forward(in ConvolutionShape s, double[] x, double[] w, int image, int line, int column, int o)
    {
        var sum = 0.0;
        var channels = s.Channels / s.Groups;
        var firstChannel = o / (s.Outs / s.Groups) * channels;
        for (var ky = 0; ky < s.Vertical.Kernel; ky++)
        {
            for (var kx = 0; kx < s.Horizontal.Kernel; kx++)
            {
                var y = (line * s.Vertical.Stride) + ky - s.Vertical.Before;
                var z = (column * s.Horizontal.Stride) + kx - s.Horizontal.Before;
                for (var c = 0; c < channels; c++)
                {
                    sum += Pixel(in s, x, image, y, z, firstChannel + c) * w[Filter(in s, o, ky, kx, c)];
                }
            }
        }

        return sum;
    }

    /// <summary>[dx +] the gradient of the images.</summary>
    public static void InputGradient(in ConvolutionShape s, double[] dy, double[] w, double[] dx, bool accumulate)
    {
        var (outs, channels) = (s.Outs / s.Groups, s.Channels / s.Groups);
        for (var i = 0; i < dx.Length; i++)
        {
            var (pixel, c) = Math.DivRem(i, s.Channels);
            var (row, column) = Math.DivRem(pixel, s.Horizontal.Size);
            var (image, line) = Math.DivRem(row, s.Vertical.Size);
            var (group, channel) = Math.DivRem(c, channels);
            var sum = 0.0;
            for (var ky = 0; ky < s.Vertical.Kernel; ky++)
            {
                for (var kx = 0; kx < s.Horizontal.Kernel; kx++)
                {
                    // The position whose tap lies on this pixel, if one's does.
                    var (y, restY) = Math.DivRem(line + s.Vertical.Before - ky, s.Vertical.Stride);
                    var (z, restZ) = Math.DivRem(column + s.Horizontal.Before - kx, s.Horizontal.Stride);
                    var isSeen = restY == 0 && restZ == 0 && y >= 0 && z >= 0 && y < s.Vertical.Count && z < s.Horizontal.Count;
                    for (var o = group * outs; o < (group + 1) * outs; o++)
                    {
                        var gradient = isSeen ? dy[(((((image * s.Vertical.Count) + y) * s.Horizontal.Count) + z) * s.Outs) + o] : 0;
                        sum += gradient * w[Filter(in s, o, ky, kx, channel)];
                    }
                }
            }

            dx[i] = sum + (accumulate ? dx[i] : 0);
        }
    }

    /// <summary>dw += the gradient of the filter.</summary>
    public static void WeightGradient(in ConvolutionShape s, double[] x, double[] dy, double[] dw)
    {
        var (outs, channels) = (s.Outs / s.Groups, s.Channels / s.Groups);
        for (var i = 0; i < dy.Length; i++)
        {
            var (pixel, o) = Math.DivRem(i, s.Outs);
            var (row, column) = Math.DivRem(pixel, s.Horizontal.Count);
            var (image, line) = Math.DivRem(row, s.Vertical.Count);
            for (var tap = 0; tap < s.Vertical.Kernel * s.Horizontal.Kernel; tap++)
            {
                var (ky, kx) = Math.DivRem(tap, s.Horizontal.Kernel);
                var y = (line * s.Vertical.Stride) + ky - s.Vertical.Before;
                var z = (column * s.Horizontal.Stride) + kx - s.Horizontal.Before;
                for (var c = 0; c < channels; c++)
                {
                    dw[Filter(in s, o, ky, kx, c)] += dy[i] * Pixel(in s, x, image, y, z, (o / outs * channels) + c);
                }
            }
        }
    }

    private static double Pixel(in ConvolutionShape s, double[] x, int image, int y, int z, int c)
    {
        var isInside = y >= 0 && z >= 0 && y < s.Vertical.Size && z < s.Horizontal.Size;
        return isInside ? x[(((((image * s.Vertical.Size) + y) * s.Horizontal.Size) + z) * s.Channels) + c] : 0;
    }

    private static int Filter(in ConvolutionShape s, int o, int ky, int kx, int c) =>
        (((((o * s.Vertical.Kernel) + ky) * s.Horizontal.Kernel) + kx) * (s.Channels / s.Groups)) + c;
}
