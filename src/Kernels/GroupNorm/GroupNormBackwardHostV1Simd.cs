namespace DPT.Engine.Kernels;

/// <summary>
/// Two passes, vectors across channels (<see cref="ChannelBackwardHost"/>). Limits: none. Bytes: 20 Batch Pixels Channels (24 when
/// accumulating). FLOPs: 20 Batch Pixels Channels, 50 with SiLU, whose slope both passes compute.
/// </summary>
internal sealed class GroupNormBackwardHostV1Simd : HostVariant<GroupNormBackwardCall>
{
    public override string Name => "host-v1-simd";

    public override string Idea => "two passes, vectors across channels; sums in fixed chunks of pixels, added in order";

    protected override void Run<V>(HostDevice device, in GroupNormBackwardCall call)
    {
        if (call.Activation == Activation.Silu)
        {
            ChannelBackwardHost.Run<V, SiluAfter>(device, call.Parts);
        }
        else
        {
            ChannelBackwardHost.Run<V, LeakyReluAfter>(device, call.Parts);
        }
    }
}
