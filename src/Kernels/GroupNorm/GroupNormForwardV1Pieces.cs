namespace DPT.Engine.Kernels;

/// <summary>
/// One reading for the statistics (<see cref="ChannelStatisticsGpu"/>), one for the result (<see cref="ChannelForwardGpu"/>).
/// Threads: 256 in a block, 32 channels by 8 pixels (coalesced). Limits: none. Bytes: 12 Batch Pixels Channels.
/// FLOPs: 10 Batch Pixels Channels, 22 with SiLU.
/// </summary>
internal sealed class GroupNormForwardV1Pieces : GpuVariant<GroupNormForwardCall>
{
    public override string Name => "v1-pieces";

    public override string Idea => "statistics of channels in pieces of pixels, a warp joins those of a group, then one pass";

    public override IReadOnlyList<GpuKernel> Kernels { get; } =
        [.. ChannelStatisticsGpu.Kernels, ChannelForwardGpu.Kernel<LeakyReluAfter>(), ChannelForwardGpu.Kernel<SiluAfter>()];

    protected override void Run(GpuDevice device, in GroupNormForwardCall call)
    {
        var parts = call.Parts;
        ChannelStatisticsGpu.Run(device, parts.Shape, call.X, call.Mean, call.Variance);
        if (call.Activation == Activation.Silu)
        {
            ChannelForwardGpu.Run<SiluAfter>(device, in parts);
        }
        else
        {
            ChannelForwardGpu.Run<LeakyReluAfter>(device, in parts);
        }
    }
}
