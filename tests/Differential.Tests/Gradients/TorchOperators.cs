using DPT.Engine.Autograd;
using DPT.Engine.Kernels;
using DPT.Engine.TestSupport;
using TorchSharp;
using F = TorchSharp.torch.nn.functional;
using TorchTensor = TorchSharp.torch.Tensor;

namespace Differential.Tests;

/// <summary>What PyTorch makes of every example of <see cref="OperatorTable"/>: a line each.</summary>
internal static class TorchOperators
{
    public static IReadOnlyDictionary<string, Func<TorchParameters, TorchTensor>> All { get; } =
        new Dictionary<string, Func<TorchParameters, TorchTensor>>
        {
            ["Linear"] = p => p["r"] + F.linear(p["x"], p["w"], p["b"]),
            ["Linear without bias"] = p => F.linear(p["x"], p["w"]),
            ["Linear of three dimensions without residual"] = p => F.linear(p["x"], p["w"], p["b"]),
            ["Mlp"] = p => p["r"] + Mlp(p, Activation.Gelu),
            ["Mlp of SiLU, its residual is its input"] = p => p["x"] + Mlp(p, Activation.Silu),
            ["SkipLinear"] = p => F.linear(torch.cat([p["x"], p["skip"]], -1), p["w"], p["b"]),
            ["LayerNorm"] = p => F.layer_norm(p["x"], [p["x"].shape[^1]], p["g"], p["b"], 1e-5),
            ["LayerNorm with a small epsilon"] = p => F.layer_norm(p["x"], [p["x"].shape[^1]], p["g"], p["b"], 1e-6),
            ["LayerNormFirstToken"] = p => F.layer_norm(p["x"].select(1, 0), [p["x"].shape[^1]], p["g"], p["b"], 1e-5),
            ["BatchNorm"] = p => BatchNorm(p, 1e-3, p.Constant(new float[4], 4), p.Constant(new float[4], 4), training: true),
            ["BatchNorm of images, with a leaky ReLU"] = p => F.leaky_relu(
                BatchNorm(p, 1e-5, p.Constant(new float[9], 9), p.Constant(new float[9], 9), training: true), 0.1),
            ["BatchNormFixed"] = p => F.leaky_relu(
                BatchNorm(p, 1e-3, p.Constant([0.5f, -1, 2], 3), p.Constant([1, 4, 0.25f], 3), training: false), 0.1),
            ["GroupNorm"] = p => GroupNorm(p, 3, 1e-5),
            ["GroupNorm with SiLU"] = p => F.silu(GroupNorm(p, 2, 1e-6)),
            ["GroupNorm of images"] = p => GroupNorm(p, 2, 1e-6),
            ["UpSample"] = p => p["x"].repeat_interleave(2, 1).repeat_interleave(2, 2),
            ["DownSample"] = p => F.avg_pool2d(p["x"].permute(0, 3, 1, 2), 2).permute(0, 2, 3, 1),
            ["TimeEmbedding of cosines first"] = p => p["x"] * TorchModules.Time(p.Constant([999, 0.5f, -3], 3), 6).squeeze(1),
            ["TimeEmbedding of sines first"] = p => p["x"] * TorchSongUNet.Time(p.Constant([1.1f, -1.5f], 2) * 0.5, 8),
            ["Attention"] = p => TorchModules.Attention(p["qkv"], heads: 2),
            ["Attention of one token"] = p => TorchModules.Attention(p["qkv"], heads: 1),
            ["Attention of 66 tokens"] = p => TorchModules.Attention(p["qkv"], heads: 2),
            ["PatchEmbed with label and time"] = p => Embed(
                p, p["table"].index_select(0, torch.tensor(new long[] { 3, 1 })).unsqueeze(1),
                TorchModules.Time(p.Constant([12.5f, 700], 2), (int)p["w"].shape[0])),
            ["PatchEmbed with class token"] = p => Embed(p, p["class"].expand(p["image"].shape[0], 1, p["w"].shape[0])),
            ["PatchEmbed with patches of nine"] = p => Embed(p),
            ["Unpatchify"] = p => TorchModules.Unpatchify(p["tokens"], 1, 2),
            ["Unpatchify with convolution"] = p =>
                TorchModules.Convolve3x3(TorchModules.Unpatchify(p["tokens"], 1, 2), p["w"], p["b"]),
            ["Unpatchify of colours"] = p =>
                TorchModules.Convolve3x3(TorchModules.Unpatchify(p["tokens"], 2, 3), p["w"], p["b"]),
            ["Convolve"] = p => p["r"] + Convolve(p, 4, p["b"]),
            ["Convolve without bias, its residual is its input"] = p => p["x"] + Convolve(p, 3),
            ["Convolve twice of one input"] = p => 2 * Convolve(p, 2),
            ["Convolve of one pixel"] = p => Convolve(p, 1, p["b"]),
            ["Conv2d"] = p => p["r"] + Conv2d(p, new(Padding: 1)) + p["b"],
            ["Conv2d with a stride, zeros on the right and below"] = p => Conv2d(p, new(Stride: 2) { Bottom = 1, Right = 1 }) + p["b"],
            ["Conv2d of two groups and a line"] = p => Conv2d(p, new(Groups: 2) { Left = 2, Right = 2 }),
            ["Conv2d of pixels, its residual is its input"] = p => p["x"] + Conv2d(p, new()),
            ["FromPatches"] = p => Border(p["x"], 3, 1),
            ["FromPatches of four pixels"] = p => Border(p["x"], 4, 2),
            ["ToPatches"] = p => Inside(p["x"], 2, 3, 1),
            ["ToPatches of nine pixels"] = p => Inside(p["x"], 1, 6, 3),
            ["Activate"] = p => TorchActivation.Apply(Activation.Gelu, p["x"]),
            ["Dropout"] = p => p["x"] * TorchDropout.Kept(
                new DrawAddress(5, 4), RandomStreams.Dropout + (2 * RandomStreams.Layers), 0.3f, p["x"].shape) / (1 - 0.3f),
            ["CrossEntropy"] = p => p.Constant([1, 0, 2, 0.5f, 1], 5)
                * F.cross_entropy(p["x"], torch.tensor(new long[] { 0, 3, 1, 2, 2 }), reduction: torch.nn.Reduction.None),
            ["CrossEntropy without weights"] = p =>
                F.cross_entropy(p["x"], torch.tensor(new long[] { 0, 9, 7, 2 }), reduction: torch.nn.Reduction.None),
            ["SoftCrossEntropy"] = p => F.cross_entropy(
                p["x"], p.Constant([0.5f, 0.25f, 0.25f, 0, 1, 0], 2, 3), reduction: torch.nn.Reduction.None),
            ["SquaredError"] = p => p.Constant([1, 2.5f], 2) * Square(p),
            ["SquaredError of three dimensions, one sample masked"] = p => p.Constant([1, 0, 2], 3) * Square(p),
            ["Loss of one's own: half of the squares"] = p => 0.5 * p["x"] * p["x"],
            ["Minimize"] = p => p["x"],
            ["Add"] = p => p["a"] + p["b"],
            ["Mul"] = p => p["a"] * p["b"],
            ["Div"] = p => p["a"] / p["b"],
            ["Scale"] = p => (p["x"] * -1.5) + 0.25,
            ["Exp"] = p => p["x"].exp(),
            ["Log"] = p => p["x"].log(),
            ["Sqrt"] = p => p["x"].sqrt(),
            ["Sum of the last axis"] = p => p["x"].sum(-1, keepdim: true),
            ["Sum of an inner axis"] = p => p["x"].sum(1, keepdim: true),
            ["Mean"] = p => p["x"].mean([0], keepdim: true),
            ["Max of the last axis"] = p => p["x"].amax([1], keepdim: true),
            ["Max of the first axis"] = p => p["x"].amax([0], keepdim: true),
            ["Reshape"] = p => p["x"].reshape(6, 4),
            ["Transpose of the last axes"] = p => p["x"].transpose(-1, -2),
            ["Transpose of outer axes"] = p => p["x"].transpose(0, 2),
            ["Expand"] = p => p["x"].expand([.. p["x"].shape.Select((size, axis) => axis == 1 ? 4 : size)]),
            ["Slice"] = p => p["x"].narrow(1, 1, 3),
            ["Pad"] = p => F.pad(p["x"], [1, 4 - p["x"].shape[^1]]),
            ["Concat of the last axis"] = p => torch.cat([p["a"], p["b"]], -1),
            ["Concat of the first axis"] = p => torch.cat([p["a"], p["b"]], 0),
            ["Gather"] = p => p["table"].index_select(0, torch.tensor(new long[] { 2, 0, 3, 2, 1 })),
            ["Scatter"] = p => torch.zeros([4, .. p["x"].shape[1..]], p["x"].dtype)
                .index_add(0, torch.tensor(new long[] { 2, 0, 3, 2, 2 }), p["x"], 1),
        };

    private static TorchTensor Mlp(TorchParameters p, Activation activation) => F.linear(
        TorchActivation.Apply(activation, F.linear(p["x"], p["w1"], p["b1"])), p["w2"], p["b2"]);

    /// <summary>Of rows, as PyTorch has channels before pixels; the running statistics go with the case.</summary>
    private static TorchTensor BatchNorm(TorchParameters p, double epsilon, TorchTensor mean, TorchTensor variance, bool training) => F.batch_norm(
        p["x"].reshape(-1, p["x"].shape[^1]), mean, variance, p["g"], p["b"], training, eps: epsilon).reshape(p["x"].shape);

    private static TorchTensor GroupNorm(TorchParameters p, int groups, double epsilon) =>
        F.group_norm(p["x"].movedim([-1], [1]), groups, p["g"], p["b"], epsilon).movedim([1], [-1]);

    private static TorchTensor Convolve(TorchParameters p, int side, TorchTensor? bias = null) =>
        TorchModules.ConvolvePixels(p["x"], side, p["w"], bias ?? torch.zeros(p["w"].shape[0], p["w"].dtype));

    /// <summary>As PyTorch has it, with its channel in front; in double precision, where it is not oneDNN's and its gradients hold.</summary>
    private static TorchTensor Conv2d(TorchParameters p, Conv2dOptions options)
    {
        var image = F.pad(p["x"].permute(0, 3, 1, 2), [options.Left, options.Right, options.Top, options.Bottom]);
        var stride = (long)options.Stride;
        var filter = p["w"].permute(0, 3, 1, 2);
        return F.conv2d(image, filter, strides: [stride, stride], groups: options.Groups).permute(0, 2, 3, 1);
    }

    /// <summary>Patches to pixels, a line of zeros above and a pixel to the left of each picture, and such a border below the last.</summary>
    private static TorchTensor Border(TorchTensor tokens, int side, int patch)
    {
        var (batch, width, across) = (tokens.shape[0], tokens.shape[2] / (patch * patch), side / patch);
        var pixels = tokens.reshape(batch, across, across, patch, patch, width).permute(0, 1, 3, 2, 4, 5).reshape(batch, side, side, width);
        return F.pad(F.pad(pixels, [0, 0, 1, 0, 1, 0]).reshape(-1, width), [0, 0, 0, side + 2]);
    }

    private static TorchTensor Inside(TorchTensor rows, int batch, int side, int patch)
    {
        var (width, across, line) = (rows.shape[1], side / patch, side + 1);
        var pixels = rows.narrow(0, 0, batch * line * line).reshape(batch, line, line, width).narrow(1, 1, side).narrow(2, 1, side);
        return pixels.reshape(batch, across, patch, across, patch, width).permute(0, 1, 3, 2, 4, 5).flatten(3).flatten(1, 2);
    }

    private static TorchTensor Square(TorchParameters p) =>
        (p["x"] - p.Constant([1, 2, 3, -1, 0, 1], p["x"].shape)).square().flatten(1).mean([1]);

    private static TorchTensor Embed(TorchParameters p, params TorchTensor[] extra) =>
        torch.cat([.. extra, TorchModules.Patches(p["image"], p["w"], p["b"])], 1) + p["position"];
}
