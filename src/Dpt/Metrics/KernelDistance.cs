using System.Numerics.Tensors;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>
/// The kernel distance of two sets of features, KID in Inception's (Binkowski et al. 2018): the squared maximum mean discrepancy with the
/// kernel (x.y / width + 1)^3, of random subsets. Unlike the Frechet distance it is unbiased however few the images are: it can be
/// below 0 where the sets are of one distribution.
/// </summary>
/// <param name="Mean">Mean over the subsets.</param>
/// <param name="Deviation">Their standard deviation; 0 where one subset is all there is.</param>
public readonly record struct KernelDistance(double Mean, double Deviation)
{
    private const int Subsets = 100;
    private const int LargestSubset = 1000;
    private const ulong Seed = 0;
    private const uint RealStream = 0;
    private const uint DrawnStream = 1;

    /// <summary>The distance of two sets; the same sets give the same subsets.</summary>
    /// <param name="real">[N, width], N at least 2.</param>
    /// <param name="drawn">[M, width], M at least 2.</param>
    /// <param name="width">Length of a vector.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are fewer than two vectors.</exception>
    public static KernelDistance Between(float[] real, float[] drawn, int width)
    {
        var (n, m) = (real.Length / width, drawn.Length / width);
        var size = Math.Min(LargestSubset, Math.Min(n, m));
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 2);
        var distances = new double[size == n && size == m ? 1 : Subsets];
        Parallel.For(0, distances.Length, subset => distances[subset] = Discrepancy(
            Choose(real, n, size, width, RealStream, subset), Choose(drawn, m, size, width, DrawnStream, subset), width));
        var mean = distances.Average();
        return new KernelDistance(mean, Math.Sqrt(distances.Average(distance => Math.Pow(distance - mean, 2))));
    }

    /// <summary>The unbiased estimate: no vector is compared with itself.</summary>
    private static double Discrepancy(float[] x, float[] y, int width)
    {
        var size = x.Length / width;
        var (within, across) = (0.0, 0.0);
        for (var i = 0; i < size; i++)
        {
            var xi = x.AsSpan(i * width, width);
            var yi = y.AsSpan(i * width, width);
            for (var j = 0; j < size; j++)
            {
                var yj = y.AsSpan(j * width, width);
                across += Kernel(xi, yj);
                if (j > i)
                {
                    within += Kernel(xi, x.AsSpan(j * width, width)) + Kernel(yi, yj);
                }
            }
        }

        return (2 * within / (size * (size - 1.0))) - (2 * across / ((double)size * size));
    }

    private static double Kernel(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        var value = ((double)TensorPrimitives.Dot(a, b) / a.Length) + 1;
        return value * value * value;
    }

    /// <summary>So many of the vectors, none twice.</summary>
    private static float[] Choose(float[] vectors, int count, int size, int width, uint stream, int subset)
    {
        var random = new PhiloxStream(Seed, stream, subset);
        int[] order = [.. Enumerable.Range(0, count)];
        var chosen = new float[size * width];
        for (var i = 0; i < size; i++)
        {
            var other = i + random.NextInt(count - i);
            (order[i], order[other]) = (order[other], order[i]);
            vectors.AsSpan(order[i] * width, width).CopyTo(chosen.AsSpan(i * width));
        }

        return chosen;
    }
}
