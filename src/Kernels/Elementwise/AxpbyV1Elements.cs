using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// One pass over both arrays. With Beta 0 the old result is never loaded, so it may hold anything.
/// Threads: 256 in a block, neighbours on neighbouring elements (coalesced), grid strides. Limits: none.
/// Bytes: 12 Count, 8 Count with Beta 0. FLOPs: 3 Count.
/// </summary>
internal sealed class AxpbyV1Elements : GpuVariant<AxpbyCall>
{
    private static readonly GpuKernel ScaleAndAdd = new(Kernel, GridStride.Threads);

    public override string Name => "v1-elements";

    public override string Idea => "a thread per element; the old result is not read when its factor is 0";

    public override IReadOnlyList<GpuKernel> Kernels { get; } = [ScaleAndAdd];

    protected override void Run(GpuDevice device, in AxpbyCall call) =>
        device.Prepare(ScaleAndAdd)
            .With(call.X).With(call.Y)
            .With(call.Alpha).With(call.Beta).With(call.Count)
            .On(GridStride.Over(call.Count));

    private static void Kernel(ArrayView<float> x, ArrayView<float> y, float alpha, float beta, long count)
    {
        for (var i = GridStride.First; i < count; i += GridStride.Step)
        {
            y[i] = beta == 0
                ? x[i] * alpha
                : Scalar.Fma(alpha, x[i], y[i] * beta);
        }
    }
}
