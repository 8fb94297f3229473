using DPT.Engine.Kernels;
using TorchSharp;
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
    public static Tensor Part(Tensor qkv, long part) => qkv.select(2, part).transpose(1, 2);
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

/// <summary>
/// The gradient from its definition on what the forward pass saved, in PyTorch's products of floats: its own backward pass would compute
/// the result again, without the rounding to bf16 that D = sum(dO O) sees.
/// </summary>
internal sealed class TorchAttentionBackwardBf16 : TorchVariant<AttentionBackwardBf16Call>
{
    protected override void Compute(in AttentionBackwardBf16Call call)
    {
        long batch = call.Dims.Batch, tokens = call.Tokens, heads = call.Heads, size = call.HeadSize;
        var qkv = Read(call.Qkv, batch, tokens, 3, heads, size);
        var (q, k, v) = (TorchAttentionForward.Part(qkv, 0), TorchAttentionForward.Part(qkv, 1), TorchAttentionForward.Part(qkv, 2));
        var dOutput = Read(call.OutputGradient, batch, tokens, heads, size).transpose(1, 2);
        var output = Read(call.Output, batch, tokens, heads, size).transpose(1, 2);
        var scale = 1 / Math.Sqrt(size);
        var p = ((q.matmul(k.transpose(2, 3)) * scale) - Read(call.LogSumExp, batch, heads, tokens).unsqueeze(-1)).exp();
        var dScores = p * (dOutput.matmul(v.transpose(2, 3)) - (dOutput * output).sum(-1, keepdim: true)) * scale;
        var gradients = torch.stack([dScores.matmul(k), dScores.transpose(2, 3).matmul(q), p.transpose(2, 3).matmul(dOutput)], 2);
        Write(gradients.permute(0, 3, 2, 1, 4), call.QkvGradient);
    }
}
