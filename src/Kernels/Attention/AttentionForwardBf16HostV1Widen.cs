namespace DPT.Engine.Kernels;

/// <summary>
/// Queries, keys and values are widened to floats, the host's attention of floats runs, and its result is rounded: the operator's
/// meaning on a machine without tensor cores, for tests and small runs. Limits: none. Bytes: 6 per element of qkv and of the
/// result, beside those of the attention.
/// </summary>
internal sealed class AttentionForwardBf16HostV1Widen : HostVariant<AttentionForwardBf16Call>
{
    private static readonly KernelSelection Defaults = new();

    public override string Name => "host-v1-widen";

    public override string Idea => "qkv widened, the attention of floats, the result rounded";

    protected override void Run<V>(HostDevice device, in AttentionForwardBf16Call call)
    {
        var dims = call.Dims;
        using var qkv = new Scratch<float>(device.Memory, 3 * dims.Elements);
        using var output = new Scratch<float>(device.Memory, dims.Elements);
        HostBf16.Widen(device, call.Qkv.Range(0, 3 * dims.Elements), qkv.Slice);
        var widened = new AttentionForwardCall { Dims = dims, Qkv = qkv.Slice, Output = output.Slice, LogSumExp = call.LogSumExp };
        Defaults.Resolve(AttentionOperators.Forward, in widened, device).Launch(device, in widened);
        HostBf16.Round(device, output.Slice, call.Output, dims.Batch * dims.Tokens, dims.Width, dims.Width);
    }
}
