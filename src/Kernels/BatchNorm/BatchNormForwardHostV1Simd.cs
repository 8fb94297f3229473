namespace DPT.Engine.Kernels;

/// <summary>One pass, vectors across channels (<see cref="ChannelForwardHost"/>). Limits: none. Bytes: 8 Rows Channels. FLOPs: 6 Rows Channels.</summary>
internal sealed class BatchNormForwardHostV1Simd : HostVariant<BatchNormForwardCall>
{
    public override string Name => "host-v1-simd";

    public override string Idea => "one pass, vectors across channels whose parameters serve eight rows";

    protected override void Run<V>(HostDevice device, in BatchNormForwardCall call) =>
        ChannelForwardHost.Run<V, LeakyReluAfter>(device, call.Parts);
}
