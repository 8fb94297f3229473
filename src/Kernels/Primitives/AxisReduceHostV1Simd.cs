using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>
/// Inside the axis, lanes are neighbours and each adds up its own elements in order; along the last axis lanes take every V-th
/// element and are combined in order. The cut depends on the shape alone. Limits: none.
/// Bytes: 4 Outer Inner (Length + 1). FLOPs: Outer Length Inner.
/// </summary>
internal sealed unsafe class AxisReduceHostV1Simd : HostVariant<AxisReduceCall>
{
    public override string Name => "host-v1-simd";

    public override string Idea => "lanes side by side inside the axis, or along it if it is the last";

    protected override void Run<V>(HostDevice device, in AxisReduceCall call)
    {
        if (call.Reduction == AxisReduction.Sum)
        {
            Run<V, SumReduction>(device, in call);
        }
        else
        {
            Run<V, MaxReduction>(device, in call);
        }
    }

    private static void Run<V, F>(HostDevice device, in AxisReduceCall call)
        where V : struct, ISimd<V>
        where F : struct, IAxisReduction
    {
        var job = new Job<V, F>
        {
            Cut = new RowCut(call.Outer, (long)call.Length * call.Inner, call.Inner),
            Length = call.Length,
            Inner = call.Inner,
            X = (float*)call.X.Address,
            Y = (float*)call.Y.Address,
        };
        device.Workers.For(job.Cut.Chunks, ref job);
    }

    private struct Job<V, F> : IParallelJob
        where V : struct, ISimd<V>
        where F : struct, IAxisReduction
    {
        public RowCut Cut;
        public int Length;
        public int Inner;
        public float* X;
        public float* Y;

        public readonly void Execute(int index)
        {
            var (rows, columns) = Cut[index];
            for (var row = rows.Start; row < rows.End; row++)
            {
                var x = X + (row * Length * Inner);
                var y = Y + (row * Inner);
                if (Inner == 1)
                {
                    *y = Row(x);
                    continue;
                }

                var step = new Columns<V, F> { X = x, Y = y, Length = Length, Inner = Inner };
                HostElementwise.Range<V, Columns<V, F>>(ref step, columns.Start, columns.End);
            }
        }

        private readonly float Row(float* x)
        {
            var all = V.Broadcast(F.Identity);
            var at = 0L;
            for (; at <= Length - V.Count; at += V.Count)
            {
                all = F.Combine(all, V.Load(x + at));
            }

            var count = (int)(Length - at);
            all = F.Combine(all, FirstLanes<V>.Pad(V.LoadFirst(x + at, count), V.Broadcast(F.Identity), count));
            var lanes = stackalloc float[V.Count];
            V.Store(lanes, all);
            var result = SimdScalar.Load(lanes);
            for (var lane = 1; lane < V.Count; lane++)
            {
                result = F.Combine(result, SimdScalar.Load(lanes + lane));
            }

            return SimdScalar.Sum(result);
        }
    }

    /// <summary>Neighbours inside the axis, a lane each.</summary>
    private struct Columns<V, F> : IElementStep<V>
        where V : struct, ISimd<V>
        where F : struct, IAxisReduction
    {
        public float* X;
        public float* Y;
        public int Length;
        public long Inner;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Apply<L>(long at, int count) where L : struct, ILanes<V>
        {
            var all = V.Broadcast(F.Identity);
            var x = X + at;
            for (var k = 0; k < Length; k++, x += Inner)
            {
                all = F.Combine(all, L.Load(x, count));
            }

            L.Store(Y + at, all, count);
        }
    }
}
