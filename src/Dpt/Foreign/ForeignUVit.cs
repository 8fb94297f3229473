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
        + (_config.QkvBias ? ", biases of queries, keys and values" : "") + (_config.LongSkip ? "" : ", no long skips");

    internal override string Task => "unconditional-image-generation";

    /// <summary>Without a table of labels it takes none.</summary>
    private bool HasLabels => _config.NumClasses > 0;

    private protected override ImageForm Form => new(_config.Channels, _config.ImageSize, _config.NumClasses);

    public override NpyArray<float> Sample(SamplingInput input)
    {
        RequireImages(input.Noise, "the noise");
        var count = input.Noise.Shape[0];
        RequireLabels(input.Labels, count);
        Usage.Require(input.Guidance >= 0 && double.IsFinite(input.Guidance), $"the guidance is {input.Guidance}, it must be 0 or more");
        Usage.Require(HasLabels || input.Guidance == 0, "the network has no labels, so nothing can guide it: the guidance must be 0");
        var schedule = VariancePreservingSchedule.Find(input.Schedule);
        Usage.Require(schedule.DataDeviation == 1, $"schedule '{input.Schedule}' is of no U-ViT that others trained; use vp, cosine or discrete");
        using var model = new GeneratorModel(Store.Device, HasLabels ? _network : new Unlabelled(_network), Form, Prediction.Noise);
        model.SetLabels(input.Labels is { } labels ? Array.ConvertAll(labels.Values, label => (int)label) : new int[count]);
        var sampler = new Sampler(
            Store.Device,
            schedule,
            SolverCatalog.Find(input.Solver),
            input.Evaluations,
            new Guidance(input.Guidance));
        using var state = Store.Device.Upload<float>(input.Noise.Values);
        sampler.Solve(model, count, new SamplingNoise(input.Seed, RunStreams.SamplingNoise, FirstSample: 0), state.Slice);
        return Result(Tape.Constant(new TensorShape([.. input.Noise.Shape]), state.Slice), row => $"sample {row}");
    }

    internal override ForeignDescription Describe() => new(
        new ForeignSizes(_config.Width, _config.Depth, _config.PatchSize, _config.Heads, _config.MlpRatio, _config.Convolution, _config.QkvBias, _config.LongSkip),
        _config.Channels,
        _config.NumClasses,
        _config.ImageSize);

    private protected override Tensor Run(Tape tape, Uploaded input) => _network.Forward(tape, input.Images, input.Times, input.Labels);

    private protected override void RequireFit(NetworkInput input)
    {
        base.RequireFit(input);
        var count = input.Images.Shape[0];
        Usage.Require(input.Times is { } times && times.Shape.SequenceEqual([count]), $"t is {input.Times?.ToString() ?? "missing"}, a U-ViT takes [{count}] here");
        RequireLabels(input.Labels, count);
    }

    private void RequireLabels(NpyArray<long>? labels, int count)
    {
        if (!HasLabels)
        {
            Usage.Require(labels is null, "the network has no labels, but some are given");
            return;
        }

        Usage.Require(
            labels is not null && labels.Shape.SequenceEqual([count]), $"labels are {labels?.ToString() ?? "missing"}, the network takes [{count}] here");
        var wrong = Array.FindIndex(labels!.Values, label => label < 0 || label >= _config.NumClasses);
        Usage.Require(wrong < 0, $"a label is {labels.Values.ElementAtOrDefault(wrong)}, the network has 0 to {_config.NumClasses - 1}");
    }

    private static UVitConfig Infer(TensorShapes shapes, int? heads)
    {
        shapes.RequireNone(
            ("time_embed.", "mlp_time_embed"), ("context_embed.", "conditioning on text"));
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
