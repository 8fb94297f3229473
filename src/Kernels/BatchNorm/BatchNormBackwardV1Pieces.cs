namespace DPT.Engine.Kernels;

/// <summary>
/// Two readings (<see cref="ChannelBackwardGpu"/>). Threads: 256 in a block, 32 channels by 8 rows (coalesced). Limits: none.
/// Bytes: 20 Rows Channels (24 when accumulating). FLOPs: 20 Rows Channels.
/// </summary>
internal sealed class BatchNormBackwardV1Pieces : GpuVariant<BatchNormBackwardCall>
{
    public override string Name => "v1-pieces";

    public override string Idea => "two readings: sums of pieces of rows, folded in order, then the gradient of each number";

    public override IReadOnlyList<GpuKernel> Kernels { get; } = ChannelBackwardGpu.Kernels<LeakyReluAfter>();

    protected override void Run(GpuDevice device, in BatchNormBackwardCall call) =>
        ChannelBackwardGpu.Run<LeakyReluAfter>(device, call.Parts);
}
