using System.Numerics.Tensors;

namespace DPT.Engine.Dpt;

/// <summary>
/// How far drawn images lie among the real ones, and how much of the real ones they reach. A ball about each vector goes to its k-th
/// neighbour in its own set. Shares are in 0..1.
/// </summary>
/// <param name="Precision">Share of drawn vectors inside a ball of a real one (Kynkaanniemi et al. 2019): how many look real.</param>
/// <param name="Recall">Share of real vectors inside a ball of a drawn one: how much of the real ones is drawn.</param>
/// <param name="Density">
/// Balls of real vectors that a drawn one lies in, over k, in the mean (Naeem et al. 2020): precision that an outlier does not lift; about
/// 1 for one distribution, and not bounded by it.
/// </param>
/// <param name="Coverage">Share of real vectors whose ball has a drawn one in it: recall likewise.</param>
public readonly record struct ManifoldOverlap(double Precision, double Recall, double Density, double Coverage)
{
    /// <summary>k of precision and recall (spec 7.4), and of density and coverage: as their authors have it.</summary>
    private const int PrecisionNeighbours = 3;
    private const int CoverageNeighbours = 5;

    /// <summary>Vectors of a set that are looked at, spread over it: the work grows with their square.</summary>
    private const int MostVectors = 10_000;

    /// <summary>Measures; null if a set has too few vectors to have so many neighbours.</summary>
    /// <param name="real">[N, width].</param>
    /// <param name="drawn">[M, width].</param>
    /// <param name="width">Length of a vector.</param>
    public static ManifoldOverlap? Of(float[] real, float[] drawn, int width) =>
        Math.Min(real.Length, drawn.Length) / width <= CoverageNeighbours
            ? null
            : Of(Spread(real, width), Spread(drawn, width), width, PrecisionNeighbours, CoverageNeighbours);

    /// <summary>The same with other numbers of neighbours, of all vectors; each set has more vectors than that.</summary>
    internal static ManifoldOverlap Of(float[] real, float[] drawn, int width, int precisionNeighbours, int coverageNeighbours)
    {
        var (n, m) = (real.Length / width, drawn.Length / width);
        var (near, wide) = (Radii(real, width, precisionNeighbours), Radii(real, width, coverageNeighbours));
        var ofDrawn = Radii(drawn, width, precisionNeighbours);
        var (isPrecise, isRecalled, isCovered, balls) = (new bool[m], new bool[n], new bool[n], new int[m]);
        Parallel.For(0, m, j =>
        {
            for (var i = 0; i < n; i++)
            {
                var distance = Distance(real, i, drawn, j, width);
                isPrecise[j] |= distance <= near[i];
                balls[j] += distance <= wide[i] ? 1 : 0;
            }
        });
        Parallel.For(0, n, i =>
        {
            for (var j = 0; j < m; j++)
            {
                var distance = Distance(real, i, drawn, j, width);
                isRecalled[i] |= distance <= ofDrawn[j];
                isCovered[i] |= distance <= wide[i];
            }
        });
        return new ManifoldOverlap(Share(isPrecise), Share(isRecalled), balls.Average() / coverageNeighbours, Share(isCovered));
    }

    /// <summary>The distance of each vector to its k-th neighbour in its own set.</summary>
    private static float[] Radii(float[] vectors, int width, int k)
    {
        var count = vectors.Length / width;
        var radii = new float[count];
        Parallel.For(0, count, i =>
        {
            // The k nearest so far, the nearest first.
            var nearest = new float[k];
            Array.Fill(nearest, float.PositiveInfinity);
            for (var j = 0; j < count; j++)
            {
                var distance = j == i ? float.PositiveInfinity : Distance(vectors, i, vectors, j, width);
                for (var place = 0; place < k && distance < float.PositiveInfinity; place++)
                {
                    if (distance < nearest[place])
                    {
                        (distance, nearest[place]) = (nearest[place], distance);
                    }
                }
            }

            radii[i] = nearest[^1];
        });
        return radii;
    }

    private static float Distance(float[] a, int i, float[] b, int j, int width) =>
        TensorPrimitives.Distance(a.AsSpan(i * width, width), b.AsSpan(j * width, width));

    private static double Share(bool[] are) => (double)are.Count(isSo => isSo) / are.Length;

    private static float[] Spread(float[] vectors, int width)
    {
        var count = vectors.Length / width;
        if (count <= MostVectors)
        {
            return vectors;
        }

        var spread = new float[MostVectors * width];
        for (var i = 0; i < MostVectors; i++)
        {
            vectors.AsSpan((int)((long)i * count / MostVectors) * width, width).CopyTo(spread.AsSpan(i * width));
        }

        return spread;
    }
}
