using System.Numerics.Tensors;

namespace DPT.Engine.Dpt;

/// <summary>
/// The class that the nearest of some labelled images have, with nothing learned: each of the k nearest by cosine votes with
/// <c>exp(cosine / 0.07)</c> (Wu et al. 2018, section 3.4; Caron et al. 2021).
/// </summary>
internal static class NeighbourVote
{
    private const double Temperature = 0.07;

    /// <summary>The class of each query, of equal votes the lowest.</summary>
    /// <param name="queries">[M, D], each of length 1.</param>
    /// <param name="known">[N, D], each of length 1.</param>
    /// <param name="labels">[N], 0 to classes - 1.</param>
    /// <param name="classes">Number of classes.</param>
    /// <param name="nearest">k, at least 1; of fewer images all vote.</param>
    public static int[] Predict(FeatureRows queries, FeatureRows known, int[] labels, int classes, int nearest)
    {
        var predicted = new int[queries.Count];
        _ = Parallel.For(0, predicted.Length, query =>
        {
            var cosines = new double[known.Count];
            for (var i = 0; i < cosines.Length; i++)
            {
                cosines[i] = TensorPrimitives.Dot(queries[query], known[i]);
            }

            var votes = new double[classes];
            foreach (var i in Enumerable.Range(0, cosines.Length).OrderByDescending(i => cosines[i]).Take(nearest))
            {
                votes[labels[i]] += Math.Exp(cosines[i] / Temperature);
            }

            predicted[query] = TensorPrimitives.IndexOfMax<double>(votes);
        });
        return predicted;
    }
}
