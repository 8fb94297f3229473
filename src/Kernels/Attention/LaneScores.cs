using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>What happens to a row of scores of which each vector holds one element of several heads.</summary>
internal static unsafe class LaneScores
{
    /// <summary>
    /// Replaces products q k by e^(scale q k - largest) / sum, and returns the logarithm of the sum of e^(scale q k).
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static V Softmax<V>(float* row, int tokens, V scale) where V : struct, ISimd<V>
    {
        var end = row + (tokens * V.Count);
        var largest = V.Load(row);
        for (var at = row + V.Count; at < end; at += V.Count)
        {
            largest = V.Max(largest, V.Load(at));
        }

        largest *= scale;
        var sum = V.Zero;
        for (var at = row; at < end; at += V.Count)
        {
            var e = RealMath.Exp(V.Fma(V.Load(at), scale, V.Zero - largest));
            V.Store(at, e);
            sum += e;
        }

        var factor = V.Broadcast(1) / sum;
        for (var at = row; at < end; at += V.Count)
        {
            V.Store(at, factor * V.Load(at));
        }

        return largest + RealMath.Log(sum);
    }

    /// <summary>
    /// Replaces products q k by probabilities P = e^(scale q k - lse), and dP by scale P (dP - mean), where mean is
    /// sum(P dP) / sum(P): the gradients of the products. The sum of P is 1 up to the roundings of large logits, which
    /// would otherwise stay in the difference.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static void Gradients<V>(float* scores, float* gradients, int tokens, V scale, V logSumExp)
        where V : struct, ISimd<V>
    {
        var count = (nint)tokens * V.Count;
        V sum = V.Zero, weighted = V.Zero;
        for (nint at = 0; at < count; at += V.Count)
        {
            var p = RealMath.Exp(V.Fma(V.Load(scores + at), scale, V.Zero - logSumExp));
            V.Store(scores + at, p);
            sum += p;
            weighted = V.Fma(p, V.Load(gradients + at), weighted);
        }

        var mean = weighted / sum;
        for (nint at = 0; at < count; at += V.Count)
        {
            V.Store(gradients + at, scale * V.Load(scores + at) * (V.Load(gradients + at) - mean));
        }
    }
}
