using DPT.Engine.Kernels;
using ILGPU;

namespace Samples;

/// <summary>y = ln(1 + e^x), element by element (Dugas et al. 2001).</summary>
public readonly record struct SoftplusCall(Slice<float> X, Slice<float> Y) : IKernelCall
{
    public string Shape => $"count={Y.Length}";

    public string SampleShape => "";

    public double Flops => 30.0 * Y.Length;

    public double Bytes => 8.0 * Y.Length;

    public void Validate() => Require.Operand("softplus", nameof(X), X, Y.Length);
}

/// <summary>The operator: its variants, the formula that they share, the cases that prove them, and the truth.</summary>
public static class Softplus
{
    public static Operator<SoftplusCall> Operator { get; } = new("softplus", Cases, new HostV1Simd(), new V1Elements());

    /// <summary>Written once, for vectors of the host and for a thread of a GPU: max(0, x) + ln(1 + e^-|x|).</summary>
    private static V Value<V>(V x) where V : struct, IReal<V> =>
        V.Max(V.Zero, x) + RealMath.Log(V.Broadcast(1) + RealMath.Exp(V.Zero - V.Abs(x)));

    private static IEnumerable<KernelCase> Cases() => CaseSizes.Counts.Select(count => new KernelCase<SoftplusCall>(
        $"count={count}",
        [Operand.In("x", count), Operand.Out("y", count)],
        memory => new SoftplusCall(memory["x"], memory["y"]),
        values => Truth(values["x"], values["y"])));

    private static void Truth(double[] x, double[] y)
    {
        for (var i = 0; i < y.Length; i++)
        {
            y[i] = Math.Max(0, x[i]) + Math.Log(1 + Math.Exp(-Math.Abs(x[i])));
        }
    }

    private sealed unsafe class HostV1Simd : HostVariant<SoftplusCall>
    {
        public override string Name => "host-v1-simd";

        public override string Idea => "one pass in fixed chunks";

        protected override void Run<V>(HostDevice device, in SoftplusCall call) => HostElementwise.Run<V, Step<V>>(
            device, call.Y.Length, new Step<V> { X = (float*)call.X.Address, Y = (float*)call.Y.Address });

        private struct Step<V> : IElementStep<V> where V : struct, ISimd<V>
        {
            public float* X, Y;

            public readonly void Apply<L>(long at, int count) where L : struct, ILanes<V> =>
                L.Store(Y + at, Value(L.Load(X + at, count)), count);
        }
    }

    private sealed class V1Elements : GpuVariant<SoftplusCall>
    {
        private static readonly GpuKernel Elements = new(Kernel, GridStride.Threads);

        public override string Name => "v1-elements";

        public override string Idea => "a thread per element";

        public override IReadOnlyList<GpuKernel> Kernels { get; } = [Elements];

        protected override void Run(GpuDevice device, in SoftplusCall call) =>
            device.Prepare(Elements).With(call.X).With(call.Y).On(GridStride.Over(call.Y.Length));

        private static void Kernel(ArrayView<float> x, ArrayView<float> y)
        {
            for (var i = GridStride.First; i < y.Length; i += GridStride.Step)
            {
                y[i] = Value(GpuReal.Broadcast(x[i])).Value;
            }
        }
    }
}
