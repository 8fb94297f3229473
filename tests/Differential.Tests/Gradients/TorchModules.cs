using DPT.Engine.Dpt;
using DPT.Engine.Kernels;
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

    /// <summary>
    /// A 3x3 convolution with a border of zeros, as a product with the unfolded image. Not conv2d: on a processor with AVX-512 the
    /// gradient of its input reads memory that nobody has written (libtorch 2.10, oneDNN 3.7.1; seen with allocations filled
    /// with NaN), so it is right or NaN by chance.
    /// </summary>
    public static TorchTensor Convolve3x3(TorchTensor image, TorchTensor weight, TorchTensor bias)
    {
        var columns = F.unfold(image, 3, padding: 1);
        var result = weight.flatten(1).matmul(columns) + bias.reshape(1, -1, 1);
        return result.reshape(image.shape[0], weight.shape[0], image.shape[2], image.shape[3]);
    }

    /// <summary>The same of pixels as tokens, [B, S S, C], with a filter in our order, [C', 9 C] of line, column, channel.</summary>
    public static TorchTensor ConvolvePixels(TorchTensor pixels, long side, TorchTensor weight, TorchTensor bias)
    {
        var channels = pixels.shape[2];
        var image = pixels.transpose(1, 2).reshape(pixels.shape[0], channels, side, side);
        var filter = weight.reshape(weight.shape[0], 3, 3, channels).permute(0, 3, 1, 2);
        return Convolve3x3(image, filter, bias).flatten(2).transpose(1, 2);
    }

    /// <summary>
    /// Images [B,H,W,C] by a filter in our order, [C',kh,kw,C/g], as unfolded windows times filter: told at <see cref="Convolve3x3"/>.
    /// </summary>
    public static TorchTensor Convolve(TorchTensor x, TorchTensor weight, ConvolutionShape sizes)
    {
        var (v, h, groups) = (sizes.Vertical, sizes.Horizontal, sizes.Groups);
        var image = F.pad(x.permute(0, 3, 1, 2), [h.Before, h.After, v.Before, v.After]);
        var columns = F.unfold(image, (v.Kernel, h.Kernel), stride: (v.Stride, h.Stride));
        var windows = columns.reshape(x.shape[0], groups, -1, columns.shape[2]);
        var filter = weight.permute(0, 3, 1, 2).reshape(groups, sizes.Outs / groups, -1);
        return filter.matmul(windows).reshape(x.shape[0], sizes.Outs, v.Count, h.Count).permute(0, 2, 3, 1);
    }

    /// <summary>
    /// softmax(q k^T / sqrt(d)) v: written out in double, where PyTorch has no fused kernel, and its fused kernel in
    /// single precision, as a user would call it.
    /// </summary>
    public static TorchTensor Attention(TorchTensor qkv, int heads)
    {
        var (batch, tokens, width) = (qkv.shape[0], qkv.shape[1], qkv.shape[2] / 3);
        var parts = qkv.reshape(batch, tokens, 3, heads, width / heads).permute(2, 0, 3, 1, 4);
        if (qkv.dtype == torch.ScalarType.Float32)
        {
            return F.scaled_dot_product_attention(parts[0], parts[1], parts[2])
                .transpose(1, 2).reshape(batch, tokens, width);
        }

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

    /// <summary>
    /// [B,C,S,S] to tokens [B,n,D]: a convolution whose stride is its size, as a product with the unfolded image, for the reason
    /// told at <see cref="Convolve3x3"/>.
    /// </summary>
    public static TorchTensor Patches(TorchTensor image, TorchTensor weight, TorchTensor bias) =>
        F.unfold(image, weight.shape[3], stride: weight.shape[3]).transpose(1, 2).matmul(weight.flatten(1).t()) + bias;

    /// <summary>The sinusoidal time token, [B,1,D].</summary>
    public static TorchTensor Time(TorchTensor times, int width)
    {
        var half = width / 2;
        var angles = times.reshape(-1, 1) * torch.exp(-Math.Log(10000) * torch.arange(half, times.dtype) / half);
        return torch.cat([angles.cos(), angles.sin()], -1).unsqueeze(1);
    }

    /// <summary>What U-ViT's mlp_time_embed makes of a time token.</summary>
    private static TorchTensor TimeMlp(TorchParameters p, TorchTensor time) =>
        Linear(p, "time_embed.2", F.silu(Linear(p, "time_embed.0", time)));

    /// <summary>einops' 'B (h w) (p1 p2 C) -> B C (h p1) (w p2)', without the first tokens.</summary>
    public static TorchTensor Unpatchify(TorchTensor tokens, int extra, int channels)
    {
        tokens = tokens.narrow(1, extra, tokens.shape[1] - extra);
        var side = (long)Math.Sqrt(tokens.shape[1]);
        var patch = (long)Math.Sqrt(tokens.shape[2] / channels);
        return tokens.reshape(-1, side, side, patch, patch, channels).permute(0, 5, 1, 3, 2, 4)
            .reshape(-1, channels, side * patch, side * patch);
    }

    /// <summary>Loss of each row.</summary>
    public static TorchTensor CrossEntropy(TorchTensor logits, long[] labels) =>
        F.cross_entropy(logits, torch.tensor(labels), reduction: torch.nn.Reduction.None);

    /// <summary>U-ViT: tokens [label, time, patches], long skips, decoder, convolution.</summary>
    public static TorchTensor UVit(
        TorchParameters p, UVitConfig config, TorchTensor images, TorchTensor times, long[] labels)
    {
        const double Epsilon = 1e-5;
        var tokens = new List<TorchTensor>
        {
            config.MlpTimeEmbed ? TimeMlp(p, Time(times, config.Width)) : Time(times, config.Width),
            Patches(images, p["patch_embed.proj.weight"], p["patch_embed.proj.bias"]),
        };
        if (config.NumClasses > 0)
        {
            tokens.Insert(0, p["label_emb.weight"].index_select(0, torch.tensor(labels)).unsqueeze(1));
        }

        var x = torch.cat(tokens, 1) + p["pos_embed"];
        var skips = new Stack<TorchTensor>();
        for (var i = 0; i < config.Depth / 2; i++)
        {
            x = Block(p, $"in_blocks.{i}", x, config.Heads, Epsilon);
            skips.Push(x);
        }

        x = Block(p, "mid_block", x, config.Heads, Epsilon);
        for (var i = 0; i < config.Depth / 2; i++)
        {
            x = config.LongSkip ? Linear(p, $"out_blocks.{i}.skip_linear", torch.cat([x, skips.Pop()], -1)) : x;
            x = Block(p, $"out_blocks.{i}", x, config.Heads, Epsilon);
        }

        x = Linear(p, "decoder_pred", LayerNorm(p, "norm", x, Epsilon));
        var image = Unpatchify(x, tokens.Count - 1, config.Channels);
        return config.Convolution
            ? Convolve3x3(image, p["final_layer.weight"], p["final_layer.bias"])
            : image;
    }

    /// <summary>The ViT: class token first, its final state normalised and classified.</summary>
    public static TorchTensor VisionTransformer(TorchParameters p, ClassifierOptions options, TorchTensor images)
    {
        const double Epsilon = 1e-6;
        var patches = Patches(images, p["patch_embed.proj.weight"], p["patch_embed.proj.bias"]);
        var x = torch.cat([p["cls_token"].expand(images.shape[0], 1, options.Width), patches], 1) + p["pos_embed"];
        for (var i = 0; i < options.Depth; i++)
        {
            x = Block(p, $"blocks.{i}", x, options.Heads, Epsilon);
        }

        return Linear(p, "fc", LayerNorm(p, "norm", x, Epsilon).select(1, 0));
    }

    /// <summary>The residual network: stages of blocks, four pixels merged between them, the mean of the last pixels classified.</summary>
    public static TorchTensor ResidualNetwork(TorchParameters p, TorchTensor images, int stages, int depth)
    {
        const double Epsilon = 1e-6;
        var x = Patches(images, p["patch_embed.proj.weight"], p["patch_embed.proj.bias"]) + p["pos_embed"];
        for (var i = 0; i < stages; i++)
        {
            if (i > 0)
            {
                x = Linear(p, $"stages.{i}.merge.fc", Merged(LayerNorm(p, $"stages.{i}.merge.norm", x, Epsilon)));
            }

            for (var j = 0; j < depth; j++)
            {
                var block = $"stages.{i}.blocks.{j}";
                x += Half($"{block}.norm2", $"{block}.conv2", Half($"{block}.norm1", $"{block}.conv1", x));
            }
        }

        return Linear(p, "fc", LayerNorm(p, "norm", x, Epsilon).mean([1]));

        TorchTensor Half(string norm, string convolution, TorchTensor y) => ConvolvePixels(
            F.gelu(LayerNorm(p, norm, y, Epsilon)), SideOf(y), p[convolution + ".weight"], p[convolution + ".bias"]);
    }

    /// <summary>FreeMatch's wide residual network, its first block's norm in groups 2 and 3 evaluated and thrown away.</summary>
    /// <param name="p">Parameters, filters with their channels last, and running statistics, which move in training.</param>
    /// <param name="blocks">Blocks in a group.</param>
    /// <param name="images">[B,C,S,S].</param>
    /// <param name="isTraining">Whether the statistics are those of the batch.</param>
    public static TorchTensor WideResNet(TorchParameters p, int blocks, TorchTensor images, bool isTraining)
    {
        var x = Filter("conv1", images, stride: 1);
        for (var group = 1; group <= 3; group++)
        {
            for (var layer = 0; layer < blocks; layer++)
            {
                x = Block($"block{group}.layer.{layer}", x, group, stride: layer == 0 && group > 1 ? 2 : 1);
            }
        }

        return Linear(p, "fc", Activated("bn1", x).mean([2, 3]));

        TorchTensor Block(string name, TorchTensor y, int group, int stride)
        {
            var equal = !p.Has(name + ".convShortcut.weight");
            var activated = Activated(name + ".bn1", y);
            y = !equal && group == 1 ? activated : y;
            var inner = Filter(name + ".conv1", equal ? activated : y, stride);
            var residual = equal ? y : Filter(name + ".convShortcut", y, stride);
            return residual + Filter(name + ".conv2", Activated(name + ".bn2", inner), stride: 1);
        }

        TorchTensor Activated(string name, TorchTensor y) => F.leaky_relu(
            F.batch_norm(
                y, p.Buffer(name + ".running_mean"), p.Buffer(name + ".running_var"), p[name + ".weight"], p[name + ".bias"],
                isTraining, momentum: 0.001, eps: 0.001),
            0.1);

        TorchTensor Filter(string name, TorchTensor y, int stride)
        {
            var weight = p[name + ".weight"];
            var (kernel, side) = ((int)weight.shape[1], (int)y.shape[2]);
            var axis = new WindowAxis(side, kernel, stride, kernel / 2, kernel / 2);
            var sizes = new ConvolutionShape((int)y.shape[0], (int)y.shape[1], (int)weight.shape[0], axis, axis, 1);
            return Convolve(y.permute(0, 2, 3, 1), weight, sizes).permute(0, 3, 1, 2) + p[name + ".bias"].reshape(1, -1, 1, 1);
        }
    }

    private static long SideOf(TorchTensor pixels) => (long)Math.Sqrt(pixels.shape[1]);

    /// <summary>Two lines by two columns of pixels as one token.</summary>
    private static TorchTensor Merged(TorchTensor pixels)
    {
        var (half, width) = (SideOf(pixels) / 2, pixels.shape[2]);
        return pixels.reshape(-1, half, 2, half, 2, width).permute(0, 1, 3, 2, 4, 5).reshape(-1, half * half, 4 * width);
    }
}
