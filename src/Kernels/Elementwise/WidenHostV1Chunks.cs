namespace DPT.Engine.Kernels;

/// <summary>One pass in fixed chunks (<see cref="HostBf16"/>). Limits: none. Bytes: 6 Count.</summary>
internal sealed class WidenHostV1Chunks : HostVariant<WidenCall>
{
    public override string Name => "host-v1-chunks";

    public override string Idea => "one pass in fixed chunks, a shift of the bits";

    protected override void Run<V>(HostDevice device, in WidenCall call) =>
        HostBf16.Widen(device, call.X.Range(0, call.Count), call.Y);
}
