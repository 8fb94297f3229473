using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>
/// What happens to a row of scores of which each vector holds one element of several heads. Exponents are differences of
/// rounded logits, so that of the largest is 0 whatever its size: a fused multiply-add would leave its rounding error, which
/// overflows an exponential from a logit of 10^9 on.
/// </summary>
internal static unsafe class LaneScores
{
    /// <summary>
    /// Replaces products q k by e^(scale q k - largest) / sum, and returns the logarithm of the sum of e^(scale q k).
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static V Softmax<V>(float* row, int tokens, V scale) where V : struct, ISimd<V>
    {
        var end = row + (tokens * V.Count);
        var max = RowMax(row, tokens, scale);
        var sum = V.Zero;
        for (var at = row; at < end; at += V.Count)
        {
            var e = RealMath.Exp((V.Load(at) * scale) - max);
            V.Store(at, e);
            sum += e;
        }

        var factor = V.Broadcast(1) / sum;
        for (var at = row; at < end; at += V.Count)
        {
            V.Store(at, factor * V.Load(at));
        }

        return max + RealMath.Log(sum);
    }

    /// <summary>
    /// Replaces products q k by probabilities P, and dP by scale P (dP - mean), where mean is sum(P dP): the gradients of the
    /// products.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static void Gradients<V>(float* scores, float* gradients, int tokens, V scale) where V : struct, ISimd<V>
    {
        var count = (nint)tokens * V.Count;
        var max = RowMax(scores, tokens, scale);
        V sum = V.Zero, weighted = V.Zero;
        for (nint at = 0; at < count; at += V.Count)
        {
            var e = RealMath.Exp((V.Load(scores + at) * scale) - max);
            V.Store(scores + at, e);
            sum += e;
            weighted = V.Fma(e, V.Load(gradients + at), weighted);
        }

        var factor = V.Broadcast(1) / sum;
        var mean = weighted * factor;
        for (nint at = 0; at < count; at += V.Count)
        {
            var p = factor * V.Load(scores + at);
            V.Store(scores + at, p);
            V.Store(gradients + at, scale * p * (V.Load(gradients + at) - mean));
        }
    }

    /// <summary>The largest logit.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V RowMax<V>(float* row, int tokens, V scale) where V : struct, ISimd<V>
    {
        var max = V.Load(row);
        for (var token = 1; token < tokens; token++)
        {
            max = V.Max(max, V.Load(row + (token * V.Count)));
        }

        return scale * max;
    }
}
