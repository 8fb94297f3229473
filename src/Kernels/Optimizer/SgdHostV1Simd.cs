using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>
/// One pass over the slab: penalty, momentum, the update, the moving average and the clearing of the gradient.
/// Limits: none. Bytes: 24 Count, 32 with the average. FLOPs: 8 to 11 Count.
/// </summary>
internal sealed unsafe class SgdHostV1Simd : HostVariant<SgdCall>
{
    public override string Name => "host-v1-simd";

    public override string Idea => "everything an update does in one pass over the slab, in fixed chunks";

    protected override void Run<V>(HostDevice device, in SgdCall call) =>
        HostElementwise.Run<V, Step<V>>(device, call.Count, new Step<V>
        {
            Parameters = (float*)call.Parameters.Address,
            Gradients = (float*)call.Gradients.Address,
            Velocity = (float*)call.Velocity.Address,
            Average = (float*)call.Average.Address,
            Mask = (float*)call.DecayMask.Address,
            Nesterov = call.Nesterov,
            Scale = V.Broadcast(call.GradientScale),
            Decay = V.Broadcast(call.WeightDecay),
            Momentum = V.Broadcast(call.Momentum),
            Rate = V.Broadcast(-call.LearningRate),
            Keep = V.Broadcast(call.AverageDecay),
            Renew = V.Broadcast((float)(1 - (double)call.AverageDecay)),
        });

    private struct Step<V> : IElementStep<V> where V : struct, ISimd<V>
    {
        public float* Parameters;
        public float* Gradients;
        public float* Velocity;
        public float* Average;
        public float* Mask;
        public bool Nesterov;
        public V Scale;
        public V Decay;
        public V Momentum;
        public V Rate;
        public V Keep;
        public V Renew;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Apply<L>(long at, int count) where L : struct, ILanes<V>
        {
            var old = L.Load(Parameters + at, count);
            var penalty = old * (Mask == null ? Decay : Decay * L.Load(Mask + at, count));
            var gradient = V.Fma(L.Load(Gradients + at, count), Scale, penalty);
            L.Store(Gradients + at, V.Zero, count);
            var velocity = V.Fma(L.Load(Velocity + at, count), Momentum, gradient);
            L.Store(Velocity + at, velocity, count);

            var direction = Nesterov ? V.Fma(velocity, Momentum, gradient) : velocity;
            var parameter = V.Fma(direction, Rate, old);
            L.Store(Parameters + at, parameter, count);
            if (Average != null)
            {
                L.Store(Average + at, V.Fma(L.Load(Average + at, count), Keep, parameter * Renew), count);
            }
        }
    }
}
