using DPT.Engine.Dpt;
using F = TorchSharp.torch.nn.functional;
using TorchTensor = TorchSharp.torch.Tensor;

namespace Differential.Tests;

/// <summary>Stable Diffusion's autoencoder in PyTorch's words, from parameters under their official names with filters' channels last.</summary>
internal sealed class TorchAutoencoder(TorchParameters p, KlAutoencoderConfig config)
{
    private const int Groups = 32;
    private const double Epsilon = 1e-6;

    /// <summary>Means and logarithms of variances of images, [B, C, S, S].</summary>
    public TorchTensor Encode(TorchTensor x)
    {
        x = Convolve("encoder.conv_in", x);
        for (var level = 0; level < config.Multipliers.Count; level++)
        {
            for (var i = 0; i < config.Blocks; i++)
            {
                x = Block($"encoder.down.{level}.block.{i}", x);
            }

            x = level == config.Multipliers.Count - 1 ? x : Halve($"encoder.down.{level}.downsample.conv", x);
        }

        return Convolve("quant_conv", Ended("encoder", Middle("encoder.mid", x)));
    }

    /// <summary>Images of codes, [B, latent channels, s, s].</summary>
    public TorchTensor Decode(TorchTensor x)
    {
        x = Middle("decoder.mid", Convolve("decoder.conv_in", Convolve("post_quant_conv", x)));
        for (var level = config.Multipliers.Count - 1; level >= 0; level--)
        {
            for (var i = 0; i <= config.Blocks; i++)
            {
                x = Block($"decoder.up.{level}.block.{i}", x);
            }

            x = level == 0 ? x : Convolve($"decoder.up.{level}.upsample.conv", x.repeat_interleave(2, 2).repeat_interleave(2, 3));
        }

        return Ended("decoder", x);
    }

    private TorchTensor Ended(string half, TorchTensor x) => Convolve(half + ".conv_out", F.silu(Norm(half + ".norm_out", x)));

    private TorchTensor Middle(string name, TorchTensor x) =>
        Block(name + ".block_2", Attended(name + ".attn_1", Block(name + ".block_1", x)));

    private TorchTensor Block(string name, TorchTensor x)
    {
        var inner = Convolve(name + ".conv1", F.silu(Norm(name + ".norm1", x)));
        inner = Convolve(name + ".conv2", F.silu(Norm(name + ".norm2", inner)));
        return inner + (p.Has(name + ".nin_shortcut.weight") ? Convolve(name + ".nin_shortcut", x) : x);
    }

    private TorchTensor Attended(string name, TorchTensor x)
    {
        var normed = Norm(name + ".norm", x);
        var (q, k, v) = (Part("q"), Part("k"), Part("v"));
        var weights = F.softmax(q.transpose(1, 2).matmul(k) / Math.Sqrt(x.shape[1]), 2);
        return x + Convolve(name + ".proj_out", v.matmul(weights.transpose(1, 2)).reshape(x.shape));

        TorchTensor Part(string part) => Convolve($"{name}.{part}", normed).flatten(2);
    }

    private TorchTensor Norm(string name, TorchTensor x) => F.group_norm(x, Groups, p[name + ".weight"], p[name + ".bias"], Epsilon);

    /// <summary>Zeros below and to the right, and windows two pixels apart.</summary>
    private TorchTensor Halve(string name, TorchTensor x)
    {
        var windows = F.unfold(F.pad(x, [0, 1, 0, 1]), (3, 3), stride: (2, 2));
        var y = p[name + ".weight"].permute(0, 3, 1, 2).flatten(1).matmul(windows) + p[name + ".bias"].reshape(1, -1, 1);
        return y.reshape(x.shape[0], -1, x.shape[2] / 2, x.shape[3] / 2);
    }

    private TorchTensor Convolve(string name, TorchTensor x)
    {
        var filter = p[name + ".weight"].permute(0, 3, 1, 2);
        return filter.shape[2] == 3
            ? TorchModules.Convolve3x3(x, filter, p[name + ".bias"])
            : filter.flatten(1).matmul(x.flatten(2)).reshape(x.shape[0], filter.shape[0], x.shape[2], x.shape[3]) + p[name + ".bias"].reshape(1, -1, 1, 1);
    }
}
