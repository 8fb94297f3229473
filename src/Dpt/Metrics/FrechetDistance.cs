using System.Numerics.Tensors;

namespace DPT.Engine.Dpt;

/// <summary>
/// The squared Frechet distance of two Gaussians, |mu1 - mu2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2)) (Heusel et al. 2017;
/// spec 7.2). With Inception features it would be the FID.
/// </summary>
public static class FrechetDistance
{
    /// <summary>The distance of two sets of features.</summary>
    /// <exception cref="ArgumentException">The widths differ.</exception>
    /// <exception cref="InvalidOperationException">A set has fewer than two vectors.</exception>
    /// <exception cref="DptException">A feature is not finite.</exception>
    public static double Between(FeatureMoments first, FeatureMoments second)
    {
        if (first.Width != second.Width)
        {
            throw new ArgumentException($"features of width {first.Width} and {second.Width} cannot be compared");
        }

        var (s1, s2) = (first.Covariance(), second.Covariance());
        var means = Math.Pow(TensorPrimitives.Distance(first.Mean, second.Mean), 2);
        var traces = Trace(s1, first.Width) + Trace(s2, first.Width);
        return Math.Max(0, means + traces - (2 * TraceOfRoot(s1, s2, first.Width)));
    }

    /// <summary>
    /// tr (S1 S2)^(1/2): with S1 = V^T D V, the product's eigenvalues are those of the symmetric D^(1/2) V S2 V^T D^(1/2).
    /// Negative ones are rounding errors and count 0.
    /// </summary>
    private static double TraceOfRoot(double[] s1, double[] s2, int width)
    {
        var eigen = new SymmetricEigen(s1, width);
        for (var i = 0; i < width; i++)
        {
            TensorPrimitives.Multiply(eigen.Vector(i), Math.Sqrt(Math.Max(0, eigen.Values[i])), eigen.Vector(i));
        }

        var product = new double[width * width];
        var row = new double[width];
        for (var i = 0; i < width; i++)
        {
            for (var k = 0; k < width; k++)
            {
                row[k] = TensorPrimitives.Dot<double>(eigen.Vector(i), s2.AsSpan(k * width, width));
            }

            for (var j = 0; j <= i; j++)
            {
                product[(i * width) + j] = product[(j * width) + i] = TensorPrimitives.Dot<double>(row, eigen.Vector(j));
            }
        }

        return new SymmetricEigen(product, width).Values.Sum(value => Math.Sqrt(Math.Max(0, value)));
    }

    private static double Trace(double[] matrix, int width) =>
        Enumerable.Range(0, width).Sum(i => matrix[(i * width) + i]);
}
