using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>
/// One pass over both arrays. With Beta 0 the old result is never loaded, so it may hold anything. Limits: none.
/// Bytes: 12 Count, 8 Count with Beta 0. FLOPs: 3 Count.
/// </summary>
internal sealed unsafe class AxpbyHostV1Simd : HostVariant<AxpbyCall>
{
    public override string Name => "host-v1-simd";

    public override string Idea => "one pass in fixed chunks; the old result is not read when its factor is 0";

    protected override void Run<V>(HostDevice device, in AxpbyCall call)
    {
        if (call.Beta == 0)
        {
            HostElementwise.Run<V, Scaled<V>>(device, call.Count, new Scaled<V>
            {
                X = (float*)call.X.Address,
                Y = (float*)call.Y.Address,
                Alpha = V.Broadcast(call.Alpha),
            });
            return;
        }

        HostElementwise.Run<V, Added<V>>(device, call.Count, new Added<V>
        {
            X = (float*)call.X.Address,
            Y = (float*)call.Y.Address,
            Alpha = V.Broadcast(call.Alpha),
            Beta = V.Broadcast(call.Beta),
        });
    }

    private struct Scaled<V> : IElementStep<V> where V : struct, ISimd<V>
    {
        public float* X;
        public float* Y;
        public V Alpha;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Apply<L>(long at, int count) where L : struct, ILanes<V> =>
            L.Store(Y + at, L.Load(X + at, count) * Alpha, count);
    }

    private struct Added<V> : IElementStep<V> where V : struct, ISimd<V>
    {
        public float* X;
        public float* Y;
        public V Alpha;
        public V Beta;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Apply<L>(long at, int count) where L : struct, ILanes<V> =>
            L.Store(Y + at, V.Fma(Alpha, L.Load(X + at, count), L.Load(Y + at, count) * Beta), count);
    }
}
