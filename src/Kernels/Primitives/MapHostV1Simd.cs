using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>
/// One pass; one loop per function, none chosen inside. A function of one operand is given it twice. Limits: none.
/// Bytes: 8 Count, 12 Count with two operands. FLOPs: Count, 10 Count for exponential, logarithm and root.
/// </summary>
internal sealed unsafe class MapHostV1Simd : HostVariant<MapCall>
{
    public override string Name => "host-v1-simd";

    public override string Idea => "one pass in fixed chunks, a loop per function";

    protected override void Run<V>(HostDevice device, in MapCall call)
    {
        switch (call.Function)
        {
            case MapFunction.Add:
                Run<V, AddFunction>(device, in call);
                break;
            case MapFunction.Multiply:
                Run<V, MultiplyFunction>(device, in call);
                break;
            case MapFunction.Divide:
                Run<V, DivideFunction>(device, in call);
                break;
            case MapFunction.Equal:
                Run<V, EqualFunction>(device, in call);
                break;
            case MapFunction.Affine:
                Run<V, AffineFunction>(device, in call);
                break;
            case MapFunction.Exp:
                Run<V, ExpFunction>(device, in call);
                break;
            case MapFunction.Log:
                Run<V, LogFunction>(device, in call);
                break;
            default:
                Run<V, SqrtFunction>(device, in call);
                break;
        }
    }

    private static void Run<V, F>(HostDevice device, in MapCall call)
        where V : struct, ISimd<V>
        where F : struct, IMapFunction => HostElementwise.Run<V, Step<V, F>>(device, call.Count, new Step<V, F>
    {
        A = (float*)call.A.Address,
        B = (float*)(call.IsBinary ? call.B : call.A).Address,
        Y = (float*)call.Y.Address,
        Factor = V.Broadcast(call.Factor),
        Offset = V.Broadcast(call.Offset),
    });

    private struct Step<V, F> : IElementStep<V>
        where V : struct, ISimd<V>
        where F : struct, IMapFunction
    {
        public float* A;
        public float* B;
        public float* Y;
        public V Factor;
        public V Offset;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Apply<L>(long at, int count) where L : struct, ILanes<V> =>
            L.Store(Y + at, F.Of(L.Load(A + at, count), L.Load(B + at, count), Factor, Offset), count);
    }
}
