using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace DPT.Engine.Kernels;

/// <summary>
/// One pass over all parameters: penalty, momentum, the update, the moving average and the clearing of the gradient.
/// Limits: none. Bytes: 24 Count, 32 with the average. FLOPs: 8 to 11 Count.
/// </summary>
internal sealed unsafe class SgdHostV1Simd : HostVariant<SgdCall>
{
    public override string Name => "host-v1-simd";

    public override string Idea => "everything an update does in one pass over all parameters, in fixed chunks";

    protected override void Run<V>(HostDevice device, in SgdCall call)
    {
        var scale = call.GradientScale.IsEmpty ? 1 : *(float*)call.GradientScale.Address;
        if (!float.IsFinite(scale))
        {
            NativeMemory.Clear((void*)call.Gradients.Address, (nuint)(call.Count * sizeof(float)));
            return;
        }

        HostElementwise.Run<V, Step<V>>(device, call.Count, new Step<V>
        {
            Parameters = (float*)call.Parameters.Address,
            Gradients = (float*)call.Gradients.Address,
            Velocity = (float*)call.Velocity.Address,
            Average = (float*)call.Average.Address,
            Mask = (float*)call.DecayMask.Address,
            Nesterov = call.Nesterov,
            Update = new SgdUpdate<V>(SgdFactors.Of(in call, scale)),
        });
    }

    private struct Step<V> : IElementStep<V> where V : struct, ISimd<V>
    {
        public float* Parameters;
        public float* Gradients;
        public float* Velocity;
        public float* Average;
        public float* Mask;
        public bool Nesterov;
        public SgdUpdate<V> Update;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Apply<L>(long at, int count) where L : struct, ILanes<V>
        {
            var old = L.Load(Parameters + at, count);
            var mask = Mask == null ? V.Broadcast(1) : L.Load(Mask + at, count);
            var gradient = Update.Gradient(L.Load(Gradients + at, count), old, mask);
            L.Store(Gradients + at, V.Zero, count);
            var velocity = Update.Velocity(L.Load(Velocity + at, count), gradient);
            L.Store(Velocity + at, velocity, count);

            var parameter = Update.Parameter(old, Nesterov ? Update.LookAhead(velocity, gradient) : velocity);
            L.Store(Parameters + at, parameter, count);
            if (Average != null)
            {
                L.Store(Average + at, Update.Average(L.Load(Average + at, count), parameter), count);
            }
        }
    }
}
