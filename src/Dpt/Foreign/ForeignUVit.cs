using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>A U-ViT with the official names (spec 4.1).</summary>
internal sealed class ForeignUVit : ForeignGenerator
{
    private readonly UVitConfig _config;
    private readonly UVit _network;

    public ForeignUVit(Device device, ForeignNetworkOptions options, Dictionary<string, WeightTensor> tensors) : base(device)
    {
        Usage.Require(!options.Features, "a U-ViT has no features; they are of a ViT");
        _config = Infer(new TensorShapes(tensors), options.Heads);
        if (options.ImageSize is { } side)
        {
            tensors = PositionGrid.Resized(tensors, _config.ExtraTokens, _config.PatchSize, side);
            _config = _config with { ImageSize = side };
        }

        _network = new UVit(Store, _config);
        Import(tensors);
    }

    public override string Description =>
        $"U-ViT: images {_config.Channels}x{_config.ImageSize}x{_config.ImageSize}, patch {_config.PatchSize}, width {_config.Width}, "
        + $"depth {_config.Depth}, heads {_config.Heads}, MLP ratio {_config.MlpRatio}, {_config.NumClasses} rows of labels, {(_config.Convolution ? "a" : "no")} final convolution"
        + (_config.QkvBias ? ", biases of queries, keys and values" : "") + (_config.LongSkip ? "" : ", no long skips")
        + (_config.MlpTimeEmbed ? ", an MLP on the time" : "");

    internal override string Task => "unconditional-image-generation";

    private protected override int Labels => _config.NumClasses;

    private protected override IGenerator Network => Labels > 0 ? _network : new Unlabelled(_network);

    private protected override ImageForm Form => new(_config.Channels, _config.ImageSize, _config.NumClasses);

    internal override ForeignDescription Describe() => new(
        new ForeignSizes(_config.Width, _config.Depth, _config.PatchSize, _config.Heads, _config.MlpRatio, _config.Convolution, _config.QkvBias, _config.LongSkip, _config.MlpTimeEmbed),
        _config.Channels,
        _config.NumClasses,
        _config.ImageSize);

    private protected override (IGenerator Network, Prediction Prediction) On(VariancePreservingSchedule schedule, string name)
    {
        Usage.Require(schedule.DataDeviation == 1, $"schedule '{name}' is of no U-ViT that others trained; use vp, cosine or discrete");
        return (Network, Prediction.Noise);
    }

    private static UVitConfig Infer(TensorShapes shapes, int? heads)
    {
        shapes.RequireNone(("context_embed.", "conditioning on text"));
        var embedding = shapes.Of("patch_embed.proj.weight", 4);
        var (width, channels, patch) = (embedding[0], embedding[1], embedding[2]);
        var classes = shapes.Has("label_emb.weight") ? shapes.Of("label_emb.weight", 2)[0] : 0;
        var blocks = shapes.Count("in_blocks");
        return new UVitConfig(
            shapes.ImageSide(classes > 0 ? 2 : 1, patch),
            patch,
            channels,
            width,
            2 * blocks,
            Heads(width, heads),
            classes,
            Convolution: shapes.Has("final_layer.weight"))
        {
            MlpRatio = shapes.MlpRatio("mid_block"),
            QkvBias = shapes.Has("mid_block.attn.qkv.bias"),
            MlpTimeEmbed = shapes.Has("time_embed.0.weight"),
            LongSkip = blocks == 0 || shapes.Has("out_blocks.0.skip_linear.weight"),
        };
    }

    /// <summary>A network without a table of labels, among generators that are given some.</summary>
    private sealed class Unlabelled(UVit network) : IGenerator
    {
        public int NullClass => 0;

        public Tensor Forward(Tape tape, Tensor images, Slice<float> times, Slice<int> labels) => network.Forward(tape, images, times);
    }
}
