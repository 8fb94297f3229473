using DPT.Engine.Kernels;
using F = TorchSharp.torch.nn.functional;
using Tensor = TorchSharp.torch.Tensor;

namespace Differential.Tests;

/// <summary>PyTorch's fused attention; the log-sum-exp, which it keeps to itself, from the scores.</summary>
internal sealed class TorchAttentionForward : TorchVariant<AttentionForwardCall>
{
    protected override void Compute(in AttentionForwardCall call)
    {
        var qkv = Read(call.Qkv, call.Batch, call.Tokens, 3, call.Heads, call.HeadSize);
        Write(Attend(qkv), call.Output);
        if (!call.LogSumExp.IsEmpty)
        {
            Write(LogSumExp(qkv), call.LogSumExp);
        }
    }

    /// <summary>Of the scores, [B,H,L].</summary>
    public static Tensor LogSumExp(Tensor qkv) =>
        (Part(qkv, 0).matmul(Part(qkv, 1).transpose(2, 3)) / Math.Sqrt(qkv.shape[^1])).logsumexp(-1);

    /// <summary>[B,L,3,H,d] to [B,L,H,d].</summary>
    public static Tensor Attend(Tensor qkv) =>
        F.scaled_dot_product_attention(Part(qkv, 0), Part(qkv, 1), Part(qkv, 2)).transpose(1, 2);

    /// <summary>Queries, keys or values as [B,H,L,d].</summary>
    private static Tensor Part(Tensor qkv, long part) => qkv.select(2, part).transpose(1, 2);
}

internal sealed class TorchAttentionBackward : TorchVariant<AttentionBackwardCall>
{
    protected override void Compute(in AttentionBackwardCall call)
    {
        var qkv = ReadLeaf(call.Qkv, call.Batch, call.Tokens, 3, call.Heads, call.HeadSize);
        TorchAttentionForward.Attend(qkv)
            .backward([Read(call.OutputGradient, call.Batch, call.Tokens, call.Heads, call.HeadSize)]);
        Write(qkv.grad!, call.QkvGradient);
    }
}

/// <summary>qkv as floats, PyTorch's attention of these, and its rounding of what is stored in bf16.</summary>
internal sealed class TorchAttentionForwardBf16 : TorchVariant<AttentionForwardBf16Call>
{
    protected override void Compute(in AttentionForwardBf16Call call)
    {
        var qkv = Read(call.Qkv, call.Dims.Batch, call.Tokens, 3, call.Heads, call.HeadSize);
        Write(TorchAttentionForward.Attend(qkv), call.Output);
        if (!call.LogSumExp.IsEmpty)
        {
            Write(TorchAttentionForward.LogSumExp(qkv), call.LogSumExp);
        }
    }
}
