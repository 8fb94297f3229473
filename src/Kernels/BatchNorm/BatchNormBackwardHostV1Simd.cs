namespace DPT.Engine.Kernels;

/// <summary>
/// Two passes, vectors across channels (<see cref="ChannelBackwardHost"/>). Limits: none. Bytes: 20 Rows Channels (24 when
/// accumulating). FLOPs: 20 Rows Channels.
/// </summary>
internal sealed class BatchNormBackwardHostV1Simd : HostVariant<BatchNormBackwardCall>
{
    public override string Name => "host-v1-simd";

    public override string Idea => "two passes, vectors across channels; sums in fixed chunks of rows, added in order";

    protected override void Run<V>(HostDevice device, in BatchNormBackwardCall call) =>
        ChannelBackwardHost.Run<V, LeakyReluAfter>(device, call.Parts);
}
