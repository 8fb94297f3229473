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

    /// <summary>Adds the pad to the last vector and returns the largest element.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Largest<V>(float* row, int vectors, V pad) where V : struct, ISimd<V>
    {
        var last = row + ((vectors - 1) * V.Count);
        var most = V.Load(last) + pad;
        V.Store(last, most);
        for (; row < last; row += V.Count)
        {
            most = V.Max(most, V.Load(row));
        }

        return V.MaxLane(most);
    }

    /// <summary>Replaces products q k by e^(scale q k - largest) and returns the sum.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Exponentials<V>(float* row, int vectors, float scale, float largest) where V : struct, ISimd<V>
    {
        var factor = V.Broadcast(scale);
        var shift = V.Broadcast(-largest);
        var sum = V.Zero;
        for (var end = row + (vectors * V.Count); row < end; row += V.Count)
        {
            var e = RealMath.Exp(V.Fma(V.Load(row), factor, shift));
            V.Store(row, e);
            sum += e;
        }

        return V.Sum(sum);
    }

    /// <summary>
    /// Replaces products q k by probabilities P = e^(scale q k - lse), and dP by P (dP - mean), where mean is
    /// sum(dO O): the gradients of the logits.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Gradients<V>(
        float* scores, float* gradients, int vectors, V pad, float scale, float logSumExp, float mean)
        where V : struct, ISimd<V>
    {
        var factor = V.Broadcast(scale);
        var shift = V.Broadcast(-logSumExp);
        var centre = V.Broadcast(mean);
        var last = (vectors - 1) * V.Count;
        V.Store(scores + last, V.Load(scores + last) + pad);
        for (var at = 0; at <= last; at += V.Count)
        {
            var p = RealMath.Exp(V.Fma(V.Load(scores + at), factor, shift));
            V.Store(scores + at, p);
            V.Store(gradients + at, p * (V.Load(gradients + at) - centre));
        }
    }
}
