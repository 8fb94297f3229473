using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// One pass; a kernel per function, none chosen inside. A function of one operand is given it twice, and the second is not read.
/// Threads: 256 in a block, neighbours on neighbouring elements (coalesced), grid strides. Limits: none.
/// Bytes: 8 Count, 12 Count with two operands. FLOPs: Count, 10 Count for exponential, logarithm and root.
/// </summary>
internal sealed class MapV1Elements : GpuVariant<MapCall>
{
    /// <summary>In the order of <see cref="MapFunction"/>.</summary>
    private static readonly GpuKernel[] Functions =
    [
        Of<AddFunction>(), Of<MultiplyFunction>(), Of<DivideFunction>(), Of<EqualFunction>(), Of<AffineFunction>(),
        Of<ExpFunction>(), Of<LogFunction>(), Of<SqrtFunction>(),
    ];

    public override string Name => "v1-elements";

    public override string Idea => "a thread per element, a kernel per function";

    public override IReadOnlyList<GpuKernel> Kernels => Functions;

    protected override void Run(GpuDevice device, in MapCall call) =>
        device.Prepare(Functions[(int)call.Function])
            .With(call.A).With(call.IsBinary ? call.B : call.A).With(call.Y)
            .With(call.Factor).With(call.Offset).With(call.Count)
            .On(GridStride.Over(call.Count));

    private static GpuKernel Of<F>() where F : struct, IMapFunction =>
        new(Kernel<F>, GridStride.Threads);

    private static void Kernel<F>(
        ArrayView<float> a, ArrayView<float> b, ArrayView<float> y, float factor, float offset, long count)
        where F : struct, IMapFunction
    {
        for (var i = GridStride.First; i < count; i += GridStride.Step)
        {
            y[i] = F.Of(
                GpuReal.Broadcast(a[i]), GpuReal.Broadcast(b[i]), GpuReal.Broadcast(factor), GpuReal.Broadcast(offset)).Value;
        }
    }
}
