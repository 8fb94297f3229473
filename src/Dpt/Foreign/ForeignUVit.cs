using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>A U-ViT with the official names (spec 4.1).</summary>
internal sealed class ForeignUVit : ForeignNetwork
{
    private readonly UVitConfig _config;
    private readonly UVit _network;

    public ForeignUVit(Device device, ForeignNetworkOptions options, Dictionary<string, WeightTensor> tensors) : base(device)
    {
        Usage.Require(!options.Features, "a U-ViT has no features; they are of a ViT");
        _config = Infer(new TensorShapes(tensors), options.Heads);
        _network = new UVit(Store, _config);
        Import(tensors);
    }

    public override string Description =>
        $"U-ViT: images {_config.Channels}x{_config.ImageSize}x{_config.ImageSize}, patch {_config.PatchSize}, width {_config.Width}, "
        + $"depth {_config.Depth}, heads {_config.Heads}, {_config.NumClasses} rows of labels, {(_config.Convolution ? "a" : "no")} final convolution";

    private protected override ImageForm Form => new(_config.Channels, _config.ImageSize, _config.NumClasses);

    private protected override Tensor Run(Tape tape, Uploaded input) => _network.Forward(tape, input.Images, input.Times, input.Labels);

    private protected override void RequireFit(NetworkInput input)
    {
        base.RequireFit(input);
        var count = input.Images.Shape[0];
        Usage.Require(input.Times is { } times && times.Shape.SequenceEqual([count]), $"t is {input.Times?.ToString() ?? "missing"}, a U-ViT takes [{count}] here");
        if (_config.NumClasses == 0)
        {
            Usage.Require(input.Labels is null, "the network has no labels, but y is given");
            return;
        }

        Usage.Require(
            input.Labels is { } labels && labels.Shape.SequenceEqual([count]), $"y is {input.Labels?.ToString() ?? "missing"}, the network takes [{count}] here");
        var wrong = Array.FindIndex(input.Labels!.Values, label => label < 0 || label >= _config.NumClasses);
        Usage.Require(wrong < 0, $"y has the label {input.Labels.Values.ElementAtOrDefault(wrong)}, the network has 0 to {_config.NumClasses - 1}");
    }

    private static UVitConfig Infer(TensorShapes shapes, int heads)
    {
        shapes.RequireNone(
            ("time_embed.", "mlp_time_embed"), ("mid_block.attn.qkv.bias", "qkv_bias"), ("context_embed.", "conditioning on text"));
        var embedding = shapes.Of("patch_embed.proj.weight", 4);
        var (width, channels, patch) = (embedding[0], embedding[1], embedding[2]);
        var classes = shapes.Has("label_emb.weight") ? shapes.Of("label_emb.weight", 2)[0] : 0;
        var blocks = shapes.Count("in_blocks");
        if (blocks > 0 && !shapes.Has("out_blocks.0.skip_linear.weight"))
        {
            throw new InvalidDataException("it has no 'out_blocks.0.skip_linear.weight': a U-ViT without skip is not supported");
        }

        if (shapes.MlpRatio("mid_block") is var ratio and not UVitConfig.MlpRatio)
        {
            throw new InvalidDataException($"its mlp_ratio is {ratio}, which is not supported: it must be {UVitConfig.MlpRatio}");
        }

        return new UVitConfig(
            shapes.ImageSide(classes > 0 ? 2 : 1, patch),
            patch,
            channels,
            width,
            2 * blocks,
            Heads(width, heads),
            classes,
            Convolution: shapes.Has("final_layer.weight"));
    }
}
