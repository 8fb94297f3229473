using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>
/// The steps of a softmax along one row: vectors across the classes, with the lanes beyond the last class kept out.
/// A row lives in the first-level cache, so it is cheaper to walk it three times than to transpose rows.
/// </summary>
internal static unsafe class SoftmaxRow
{
    /// <summary>Rows of one chunk of parallel work.</summary>
    public static int RowsPerChunk(int classes) => Math.Max(1, HostElementwise.Chunk / 4 / classes);

    /// <summary>The largest score of a row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Maximum<V>(float* logits, int classes) where V : struct, ISimd<V>
    {
        var step = new MaximumStep<V> { Logits = logits, Maximum = V.Broadcast(float.NegativeInfinity) };
        HostElementwise.Range<V, MaximumStep<V>>(ref step, 0, classes);
        return V.MaxLane(step.Maximum);
    }

    /// <summary>Sum of e^(z - maximum); the powers themselves are kept if there is a place for them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float SumOfPowers<V>(float* logits, int classes, float maximum, float* powers)
        where V : struct, ISimd<V>
    {
        var step = new PowerStep<V> { Logits = logits, Powers = powers, Maximum = V.Broadcast(maximum) };
        HostElementwise.Range<V, PowerStep<V>>(ref step, 0, classes);
        return V.Sum(step.Sum);
    }

    /// <summary>Multiplies a row by a factor.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Scale<V>(float* row, int classes, float factor) where V : struct, ISimd<V>
    {
        var step = new ScaleStep<V> { Row = row, Factor = V.Broadcast(factor) };
        HostElementwise.Range<V, ScaleStep<V>>(ref step, 0, classes);
    }

    private struct MaximumStep<V> : IElementStep<V> where V : struct, ISimd<V>
    {
        public float* Logits;
        public V Maximum;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Apply<L>(long at, int count) where L : struct, ILanes<V> =>
            Maximum = V.Max(Maximum, L.Pad(L.Load(Logits + at, count), Maximum, count));
    }

    private struct PowerStep<V> : IElementStep<V> where V : struct, ISimd<V>
    {
        public float* Logits;
        public float* Powers;
        public V Maximum;
        public V Sum;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Apply<L>(long at, int count) where L : struct, ILanes<V>
        {
            var power = RealMath.Exp(L.Load(Logits + at, count) - Maximum);
            Sum += L.Pad(power, V.Zero, count);
            if (Powers != null)
            {
                L.Store(Powers + at, power, count);
            }
        }
    }

    private struct ScaleStep<V> : IElementStep<V> where V : struct, ISimd<V>
    {
        public float* Row;
        public V Factor;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Apply<L>(long at, int count) where L : struct, ILanes<V> =>
            L.Store(Row + at, L.Load(Row + at, count) * Factor, count);
    }
}
