using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>
/// What happens to a row of scores. A row is whole vectors; the lanes beyond the last token are switched off by a pad
/// that is added to the last vector: minus infinity there, zero elsewhere.
/// </summary>
internal static unsafe class AttentionScores
{
    /// <summary>Writes the pad, one vector.</summary>
    public static void FillPad<V>(int tokens, float* pad) where V : struct, ISimd<V>
    {
        var used = tokens - ((tokens - 1) / V.Count * V.Count);
        for (var lane = 0; lane < V.Count; lane++)
        {
            pad[lane] = lane < used ? 0 : float.NegativeInfinity;
        }
    }

    /// <summary>Replaces scores by exp(score - largest); returns the largest and the sum of the exponentials.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (float Most, float Sum) Exponentials<V>(float* row, int vectors, V pad) where V : struct, ISimd<V>
    {
        var last = row + ((vectors - 1) * V.Count);
        V.Store(last, V.Load(last) + pad);
        var most = V.Load(last);
        for (var at = row; at < last; at += V.Count)
        {
            most = V.Max(most, V.Load(at));
        }

        var largest = V.MaxLane(most);
        var shift = V.Broadcast(largest);
        var sum = V.Zero;
        for (var at = row; at <= last; at += V.Count)
        {
            var e = SimdMath.Exp(V.Load(at) - shift);
            V.Store(at, e);
            sum += e;
        }

        return (largest, V.Sum(sum));
    }

    /// <summary>
    /// Replaces scores by probabilities P = exp(score - lse), and dP by dS = P (dP - mean), mean being sum(dO O).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Gradients<V>(float* scores, float* gradients, int vectors, V pad, float logSumExp, float mean)
        where V : struct, ISimd<V>
    {
        var shift = V.Broadcast(logSumExp);
        var centre = V.Broadcast(mean);
        var last = (vectors - 1) * V.Count;
        V.Store(scores + last, V.Load(scores + last) + pad);
        for (var at = 0; at <= last; at += V.Count)
        {
            var p = SimdMath.Exp(V.Load(scores + at) - shift);
            V.Store(scores + at, p);
            V.Store(gradients + at, p * (V.Load(gradients + at) - centre));
        }
    }
}
