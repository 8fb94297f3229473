using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>
/// One pass over the slab: decay, both moments, the update, the moving average and the clearing of the gradient. The
/// corrections of the moments are computed once, in double precision. Limits: none. Bytes: 32 Count, 40 with the
/// average. FLOPs: 16 to 19 Count.
/// </summary>
internal sealed unsafe class AdamWHostV1Simd : HostVariant<AdamWCall>
{
    public override string Name => "host-v1-simd";

    public override string Idea => "everything an update does in one pass over the slab, in fixed chunks";

    protected override void Run<V>(HostDevice device, in AdamWCall call)
    {
        var correction1 = 1 - Math.Pow(call.Beta1, call.Step);
        var correction2 = 1 - Math.Pow(call.Beta2, call.Step);
        HostElementwise.Run<V, Step<V>>(device, call.Count, new Step<V>
        {
            Parameters = (float*)call.Parameters.Address,
            Gradients = (float*)call.Gradients.Address,
            Moment1 = (float*)call.Moment1.Address,
            Moment2 = (float*)call.Moment2.Address,
            Average = (float*)call.Average.Address,
            Mask = (float*)call.DecayMask.Address,
            Scale = V.Broadcast(call.GradientScale),
            Decay = V.Broadcast((float)(-(double)call.LearningRate * call.WeightDecay)),
            Beta1 = V.Broadcast(call.Beta1),
            Beta2 = V.Broadcast(call.Beta2),
            Rest1 = V.Broadcast((float)(1 - (double)call.Beta1)),
            Rest2 = V.Broadcast((float)(1 - (double)call.Beta2)),
            Rate = V.Broadcast((float)(-call.LearningRate / correction1)),
            Root = V.Broadcast((float)(1 / Math.Sqrt(correction2))),
            Epsilon = V.Broadcast(call.Epsilon),
            Keep = V.Broadcast(call.AverageDecay),
            Renew = V.Broadcast((float)(1 - (double)call.AverageDecay)),
        });
    }

    private struct Step<V> : IElementStep<V> where V : struct, ISimd<V>
    {
        public float* Parameters;
        public float* Gradients;
        public float* Moment1;
        public float* Moment2;
        public float* Average;
        public float* Mask;
        public V Scale;
        public V Decay;
        public V Beta1;
        public V Beta2;
        public V Rest1;
        public V Rest2;
        public V Rate;
        public V Root;
        public V Epsilon;
        public V Keep;
        public V Renew;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Apply<L>(long at, int count) where L : struct, ILanes<V>
        {
            var gradient = L.Load(Gradients + at, count) * Scale;
            L.Store(Gradients + at, V.Zero, count);
            var moment1 = V.Fma(L.Load(Moment1 + at, count), Beta1, gradient * Rest1);
            L.Store(Moment1 + at, moment1, count);
            var moment2 = V.Fma(L.Load(Moment2 + at, count), Beta2, gradient * gradient * Rest2);
            L.Store(Moment2 + at, moment2, count);

            var old = L.Load(Parameters + at, count);
            var decayed = V.Fma(old, Mask == null ? Decay : Decay * L.Load(Mask + at, count), old);
            var deviation = V.Fma(V.Sqrt(moment2), Root, Epsilon);
            var parameter = V.Fma(moment1 / deviation, Rate, decayed);
            L.Store(Parameters + at, parameter, count);
            if (Average != null)
            {
                L.Store(Average + at, V.Fma(L.Load(Average + at, count), Keep, parameter * Renew), count);
            }
        }
    }
}
