namespace DPT.Engine.Kernels;

/// <summary>One pass in fixed chunks (<see cref="HostBf16"/>). Limits: none. Bytes: 6 Count. FLOPs: Count.</summary>
internal sealed class RoundHostV1Chunks : HostVariant<RoundCall>
{
    public override string Name => "host-v1-chunks";

    public override string Idea => "one pass in fixed chunks, integer arithmetic on the bits";

    protected override void Run<V>(HostDevice device, in RoundCall call) =>
        HostBf16.Round(device, call.X.Range(0, call.Count), call.Y);
}
