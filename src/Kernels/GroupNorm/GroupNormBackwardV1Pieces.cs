namespace DPT.Engine.Kernels;

/// <summary>
/// Two readings (<see cref="ChannelBackwardGpu"/>). Threads: 256 in a block, 32 channels by 8 pixels (coalesced). Limits: none.
/// Bytes: 20 Batch Pixels Channels (24 when accumulating). FLOPs: 20 Batch Pixels Channels, 50 with SiLU.
/// </summary>
internal sealed class GroupNormBackwardV1Pieces : GpuVariant<GroupNormBackwardCall>
{
    public override string Name => "v1-pieces";

    public override string Idea => "two readings: sums of channels in pieces of pixels, joined to groups, then the gradient of each number";

    public override IReadOnlyList<GpuKernel> Kernels { get; } =
        [.. ChannelBackwardGpu.Kernels<LeakyReluAfter>().Union(ChannelBackwardGpu.Kernels<SiluAfter>())];

    protected override void Run(GpuDevice device, in GroupNormBackwardCall call)
    {
        if (call.Activation == Activation.Silu)
        {
            ChannelBackwardGpu.Run<SiluAfter>(device, call.Parts);
        }
        else
        {
            ChannelBackwardGpu.Run<LeakyReluAfter>(device, call.Parts);
        }
    }
}
