using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// A thread per element.
/// Threads: 256 in a block, neighbours on neighbouring elements (coalesced), grid strides. Limits: none. Bytes: 6 Count. FLOPs: Count.
/// </summary>
internal sealed class RoundV1Elements : GpuVariant<RoundCall>
{
    private static readonly GpuKernel Round = new(Kernel, GridStride.Threads);

    public override string Name => "v1-elements";

    public override string Idea => "a thread per element";

    public override IReadOnlyList<GpuKernel> Kernels { get; } = [Round];

    protected override void Run(GpuDevice device, in RoundCall call) =>
        device.Prepare(Round).With(call.X).With(call.Y).With(call.Count).On(GridStride.Over(call.Count));

    private static void Kernel(ArrayView<float> x, ArrayView<BFloat16> y, long count)
    {
        for (var i = GridStride.First; i < count; i += GridStride.Step)
        {
            y[i] = Bf16Memory.Round(x[i]);
        }
    }
}
