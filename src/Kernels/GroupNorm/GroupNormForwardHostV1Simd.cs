namespace DPT.Engine.Kernels;

/// <summary>
/// Statistics of each channel of chunks of pixels, joined to those of groups (<see cref="ChannelStatisticsHost"/>), then one pass
/// (<see cref="ChannelForwardHost"/>); vectors across channels. Limits: none. Bytes: 12 Batch Pixels Channels.
/// FLOPs: 10 Batch Pixels Channels, 22 with SiLU.
/// </summary>
internal sealed class GroupNormForwardHostV1Simd : HostVariant<GroupNormForwardCall>
{
    public override string Name => "host-v1-simd";

    public override string Idea => "statistics of channels, joined to those of groups, then one pass; vectors across channels";

    protected override void Run<V>(HostDevice device, in GroupNormForwardCall call)
    {
        var parts = call.Parts;
        ChannelStatisticsHost.Run<V>(device, parts.Shape, call.X, call.Mean, call.Variance);
        if (call.Activation == Activation.Silu)
        {
            ChannelForwardHost.Run<V, SiluAfter>(device, in parts);
        }
        else
        {
            ChannelForwardHost.Run<V, LeakyReluAfter>(device, in parts);
        }
    }
}
