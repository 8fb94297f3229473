using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>
/// One pass over the array with the functions of <see cref="RealMath"/>; one loop per function, none chosen inside.
/// Limits: none. Bytes: 8 Count, 12 Count for a gradient. FLOPs: 12 Count.
/// </summary>
internal sealed unsafe class ActivationHostV1Simd : HostVariant<ActivationCall>
{
    public override string Name => "host-v1-simd";

    public override string Idea => "polynomials on vectors, one pass in fixed chunks";

    protected override void Run<V>(HostDevice device, in ActivationCall call)
    {
        switch (call.Function)
        {
            case Activation.Gelu:
                Run<V, GeluFunction>(device, in call);
                break;
            case Activation.Silu:
                Run<V, SiluFunction>(device, in call);
                break;
            default:
                Run<V, IdentityFunction>(device, in call);
                break;
        }
    }

    private static void Run<V, F>(HostDevice device, in ActivationCall call)
        where V : struct, ISimd<V>
        where F : struct, IActivationFunction
    {
        if (call.Gradient.IsEmpty)
        {
            HostElementwise.Run<V, Forward<V, F>>(device, call.Count, new Forward<V, F>
            {
                X = (float*)call.X.Address,
                Y = (float*)call.Y.Address,
            });
            return;
        }

        HostElementwise.Run<V, Backward<V, F>>(device, call.Count, new Backward<V, F>
        {
            X = (float*)call.X.Address,
            Gradient = (float*)call.Gradient.Address,
            Y = (float*)call.Y.Address,
        });
    }

    private struct Forward<V, F> : IElementStep<V>
        where V : struct, ISimd<V>
        where F : struct, IActivationFunction
    {
        public float* X;
        public float* Y;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Apply<L>(long at, int count) where L : struct, ILanes<V> =>
            L.Store(Y + at, F.Value(L.Load(X + at, count)), count);
    }

    private struct Backward<V, F> : IElementStep<V>
        where V : struct, ISimd<V>
        where F : struct, IActivationFunction
    {
        public float* X;
        public float* Gradient;
        public float* Y;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Apply<L>(long at, int count) where L : struct, ILanes<V> =>
            L.Store(Y + at, L.Load(Gradient + at, count) * F.Slope(L.Load(X + at, count)), count);
    }
}
