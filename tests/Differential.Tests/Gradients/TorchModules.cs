using TorchSharp;
using F = TorchSharp.torch.nn.functional;
using TorchTensor = TorchSharp.torch.Tensor;

namespace Differential.Tests;

/// <summary>The networks in PyTorch's words, from parameters under their official names.</summary>
internal static class TorchModules
{
    public static TorchTensor Linear(TorchParameters p, string name, TorchTensor x) =>
        F.linear(x, p[name + ".weight"], p.Has(name + ".bias") ? p[name + ".bias"] : null);

    public static TorchTensor LayerNorm(TorchParameters p, string name, TorchTensor x, double epsilon) =>
        F.layer_norm(x, [x.shape[^1]], p[name + ".weight"], p[name + ".bias"], epsilon);

    /// <summary>softmax(q k^T / sqrt(d)) v, written out: PyTorch's fused kernel has no double precision path of its own.</summary>
    public static TorchTensor Attention(TorchTensor qkv, int heads)
    {
        var (batch, tokens, width) = (qkv.shape[0], qkv.shape[1], qkv.shape[2] / 3);
        var parts = qkv.reshape(batch, tokens, 3, heads, width / heads).permute(2, 0, 3, 1, 4);
        var scores = parts[0].matmul(parts[1].transpose(-2, -1)) / Math.Sqrt(width / heads);
        return F.softmax(scores, -1).matmul(parts[2]).transpose(1, 2).reshape(batch, tokens, width);
    }

    /// <summary>The pre-norm block: x += attn(norm1(x)); x += mlp(norm2(x)).</summary>
    public static TorchTensor Block(TorchParameters p, string name, TorchTensor x, int heads, double epsilon)
    {
        var qkv = Linear(p, name + ".attn.qkv", LayerNorm(p, name + ".norm1", x, epsilon));
        x += Linear(p, name + ".attn.proj", Attention(qkv, heads));
        var hidden = F.gelu(Linear(p, name + ".mlp.fc1", LayerNorm(p, name + ".norm2", x, epsilon)));
        return x + Linear(p, name + ".mlp.fc2", hidden);
    }

    /// <summary>Patches to tokens: a strided convolution.</summary>
    public static TorchTensor Patches(TorchTensor image, TorchTensor weight, TorchTensor bias) =>
        F.conv2d(image, weight, bias, strides: [weight.shape[2], weight.shape[3]]).flatten(2).transpose(1, 2);

    /// <summary>The sinusoidal time token, [B,1,D].</summary>
    public static TorchTensor Time(TorchTensor times, int width)
    {
        var half = width / 2;
        var angles = times.reshape(-1, 1) * torch.exp(-Math.Log(10000) * torch.arange(half, times.dtype) / half);
        return torch.cat([angles.cos(), angles.sin()], -1).unsqueeze(1);
    }

    /// <summary>einops' 'B (h w) (p1 p2 C) -> B C (h p1) (w p2)', without the first tokens.</summary>
    public static TorchTensor Unpatchify(TorchTensor tokens, int extra, int channels)
    {
        tokens = tokens.narrow(1, extra, tokens.shape[1] - extra);
        var side = (long)Math.Sqrt(tokens.shape[1]);
        var patch = (long)Math.Sqrt(tokens.shape[2] / channels);
        return tokens.reshape(-1, side, side, patch, patch, channels).permute(0, 5, 1, 3, 2, 4)
            .reshape(-1, channels, side * patch, side * patch);
    }
}
