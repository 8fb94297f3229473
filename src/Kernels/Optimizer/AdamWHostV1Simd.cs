using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace DPT.Engine.Kernels;

/// <summary>
/// One pass over all parameters: decay, both moments, the update, the moving average and the clearing of the gradient. Limits: none. Bytes: 32 Count, 40 with the
/// average. FLOPs: 16 to 19 Count.
/// </summary>
internal sealed unsafe class AdamWHostV1Simd : HostVariant<AdamWCall>
{
    public override string Name => "host-v1-simd";

    public override string Idea => "everything an update does in one pass over all parameters, in fixed chunks";

    protected override void Run<V>(HostDevice device, in AdamWCall call)
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
            Moment1 = (float*)call.Moment1.Address,
            Moment2 = (float*)call.Moment2.Address,
            Average = (float*)call.Average.Address,
            Mask = (float*)call.DecayMask.Address,
            Update = new AdamWUpdate<V>(AdamWFactors.Of(in call, scale)),
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
        public AdamWUpdate<V> Update;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Apply<L>(long at, int count) where L : struct, ILanes<V>
        {
            var gradient = Update.Gradient(L.Load(Gradients + at, count));
            L.Store(Gradients + at, V.Zero, count);
            var moment1 = Update.Moment1(L.Load(Moment1 + at, count), gradient);
            L.Store(Moment1 + at, moment1, count);
            var moment2 = Update.Moment2(L.Load(Moment2 + at, count), gradient);
            L.Store(Moment2 + at, moment2, count);

            var mask = Mask == null ? V.Broadcast(1) : L.Load(Mask + at, count);
            var parameter = Update.Parameter(L.Load(Parameters + at, count), mask, moment1, moment2);
            L.Store(Parameters + at, parameter, count);
            if (Average != null)
            {
                L.Store(Average + at, Update.Average(L.Load(Average + at, count), parameter), count);
            }
        }
    }
}
