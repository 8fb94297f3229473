using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>
/// What happens to a row of scores. A row is whole vectors; the lanes beyond the last token are switched off by a pad
/// that is added to the last vector: minus infinity there, zero elsewhere. As in <see cref="LaneScores"/>, exponents are
/// differences of rounded logits: that of the largest is 0.
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

    /// <summary>
    /// Replaces products q k of a block of rows by e^(scale q k - largest). Step by step for all rows: within one row each
    /// step would wait for the one before.
    /// </summary>
    /// <param name="scores">The first row.</param>
    /// <param name="stride">Elements from one row to the next.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="vectors">Vectors in a row.</param>
    /// <param name="pad">What <see cref="FillPad"/> wrote.</param>
    /// <param name="scale">From products to logits.</param>
    /// <param name="max">Receives the largest logit of each row.</param>
    /// <param name="sums">Receives the sum of each row.</param>
    public static void Exponentials<V>(
        float* scores, nint stride, int rows, int vectors, V pad, float scale, float* max, float* sums)
        where V : struct, ISimd<V>
    {
        for (var row = 0; row < rows; row++)
        {
            max[row] = scale * RowMax(scores + (row * stride), vectors, pad);
        }

        for (var row = 0; row < rows; row++)
        {
            sums[row] = Exponentials<V>(scores + (row * stride), vectors, scale, max[row]);
        }
    }

    /// <summary>Sum of the products of exponentials and dP.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Weighted<V>(float* exponentials, float* gradients, int vectors) where V : struct, ISimd<V>
    {
        var sum = V.Zero;
        for (var at = 0; at < vectors * V.Count; at += V.Count)
        {
            sum = V.Fma(V.Load(exponentials + at), V.Load(gradients + at), sum);
        }

        return V.Sum(sum);
    }

    /// <summary>
    /// Replaces exponentials by probabilities P, and dP by P (dP - mean), where mean is sum(P dP): the gradients of the logits.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Gradients<V>(float* exponentials, float* gradients, int vectors, float sum, float mean)
        where V : struct, ISimd<V>
    {
        var factor = V.Broadcast(1 / sum);
        var centre = V.Broadcast(mean);
        for (var at = 0; at < vectors * V.Count; at += V.Count)
        {
            var p = factor * V.Load(exponentials + at);
            V.Store(exponentials + at, p);
            V.Store(gradients + at, p * (V.Load(gradients + at) - centre));
        }
    }

    /// <summary>Adds the pad to the last vector and returns the largest element.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float RowMax<V>(float* row, int vectors, V pad) where V : struct, ISimd<V>
    {
        var last = row + ((vectors - 1) * V.Count);
        var max = V.Load(last) + pad;
        V.Store(last, max);
        for (; row < last; row += V.Count)
        {
            max = V.Max(max, V.Load(row));
        }

        return V.MaxLane(max);
    }

    /// <summary>Replaces products q k by e^(scale q k - largest) and returns the sum.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Exponentials<V>(float* row, int vectors, float scale, float max) where V : struct, ISimd<V>
    {
        var factor = V.Broadcast(scale);
        var shift = V.Broadcast(max);
        var sum = V.Zero;
        for (var end = row + (vectors * V.Count); row < end; row += V.Count)
        {
            var e = RealMath.Exp((V.Load(row) * factor) - shift);
            V.Store(row, e);
            sum += e;
        }

        return V.Sum(sum);
    }
}
