using System.Numerics.Tensors;

namespace DPT.Engine.Dpt;

/// <summary>Nearest neighbours among feature vectors, by all distances.</summary>
internal static class NearestRows
{
    /// <summary>The position of the nearest candidate of each query, in Euclidean distance; of equals the first.</summary>
    /// <param name="queries">[M, width].</param>
    /// <param name="candidates">[N, width], N at least 1.</param>
    /// <param name="width">Length of a vector.</param>
    public static int[] Of(float[] queries, float[] candidates, int width)
    {
        var nearest = new int[queries.Length / width];
        Parallel.For(0, nearest.Length, query =>
        {
            var least = float.PositiveInfinity;
            for (var candidate = 0; candidate < candidates.Length / width; candidate++)
            {
                var distance = TensorPrimitives.Distance(
                    queries.AsSpan(query * width, width), candidates.AsSpan(candidate * width, width));
                if (distance < least)
                {
                    (least, nearest[query]) = (distance, candidate);
                }
            }
        });
        return nearest;
    }
}
