using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// A thread per element.
/// Threads: 256 in a block, neighbours on neighbouring elements (coalesced), grid strides. Limits: none. Bytes: 6 Count.
/// </summary>
internal sealed class WidenV1Elements : GpuVariant<WidenCall>
{
    private static readonly GpuKernel Widen = new(Kernel, GridStride.Threads);

    public override string Name => "v1-elements";

    public override string Idea => "a thread per element";

    public override IReadOnlyList<GpuKernel> Kernels { get; } = [Widen];

    protected override void Run(GpuDevice device, in WidenCall call) =>
        device.Prepare(Widen).With(call.X).With(call.Y).With(call.Count).On(GridStride.Over(call.Count));

    private static void Kernel(ArrayView<BFloat16> x, ArrayView<float> y, long count)
    {
        for (var i = GridStride.First; i < count; i += GridStride.Step)
        {
            y[i] = x[i].ToSingle();
        }
    }
}
