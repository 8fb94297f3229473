namespace DPT.Engine.Kernels;

/// <summary>
/// One pass (<see cref="ChannelForwardGpu"/>). Threads: 256 in a block, 32 channels by 8 rows (coalesced). Limits: none.
/// Bytes: 8 Rows Channels. FLOPs: 6 Rows Channels.
/// </summary>
internal sealed class BatchNormForwardV1Pieces : GpuVariant<BatchNormForwardCall>
{
    public override string Name => "v1-pieces";

    public override string Idea => "a thread per channel and piece of rows, its parameters in registers, four rows at a time";

    public override IReadOnlyList<GpuKernel> Kernels { get; } = [ChannelForwardGpu.Kernel<LeakyReluAfter>()];

    protected override void Run(GpuDevice device, in BatchNormForwardCall call) =>
        ChannelForwardGpu.Run<LeakyReluAfter>(device, call.Parts);
}
