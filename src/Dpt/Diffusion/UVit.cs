using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>
/// U-ViT (Bao et al., CVPR 2023; spec 4.1): a transformer over the tokens [label, time, patches] with long skip
/// connections. Architecture and parameter names are the official ones, so official weights fit.
/// </summary>
public sealed class UVit : IGenerator
{
    private const float NormEpsilon = 1e-5f;

    private readonly UVitConfig _config;
    private readonly UVitEmbedding _embedding;
    private readonly TransformerBlock[] _inBlocks;
    private readonly TransformerBlock _midBlock;
    private readonly (Linear? Skip, TransformerBlock Block)[] _outBlocks;
    private readonly LayerNorm _norm;
    private readonly Linear _decoder;
    private readonly (Parameter Weight, Parameter Bias)? _convolution;

    /// <summary>Registers the parameters in <paramref name="store"/>.</summary>
    public UVit(ParameterStore store, UVitConfig config)
    {
        config.Validate();
        _config = config;
        var root = new ParameterScope(store);
        var block = new TransformerBlockConfig(
            config.Width,
            config.Heads,
            config.MlpRatio,
            config.QkvBias,
            NormEpsilon,
            WeightDeviation: config.FastStart ? 0 : 0.02f);

        _embedding = new UVitEmbedding(root, config, block);
        _inBlocks = new TransformerBlock[config.Depth / 2];
        for (var i = 0; i < _inBlocks.Length; i++)
        {
            _inBlocks[i] = new TransformerBlock(root["in_blocks"][$"{i}"], block);
        }

        _midBlock = new TransformerBlock(root["mid_block"], block);
        _outBlocks = new (Linear?, TransformerBlock)[config.Depth / 2];
        for (var i = 0; i < _outBlocks.Length; i++)
        {
            var scope = root["out_blocks"][$"{i}"];
            var skip = config.LongSkip ? Skip(scope["skip_linear"], config.Width, block) : null;
            _outBlocks[i] = (skip, new TransformerBlock(scope, block));
        }

        _norm = new LayerNorm(root["norm"], config.Width, NormEpsilon);
        _decoder = new Linear(
            root["decoder_pred"],
            config.Width,
            config.Grid(1).PatchElements,
            block.Weight(config.Width),
            Initializer.Zero);
        _convolution = config.Convolution ? Convolution(root["final_layer"], config) : null;
    }

    /// <inheritdoc/>
    public int NullClass => _config.NullClass;

    /// <summary>The prediction for a batch of noised images.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="images">x_t, [B, C, S, S].</param>
    /// <param name="times">Network time of each image, [B].</param>
    /// <param name="labels">Row of the label table, [B]; empty for an unconditional model.</param>
    /// <returns>[B, C, S, S].</returns>
    public Tensor Forward(Tape tape, Tensor images, Slice<float> times, Slice<int> labels = default)
    {
        var x = _embedding.Forward(tape, images, times, labels);
        var skips = new Stack<Tensor>(_inBlocks.Length);
        foreach (var block in _inBlocks)
        {
            x = Run(tape, block, x);
            skips.Push(x);
        }

        x = Run(tape, _midBlock, x);
        foreach (var (skip, block) in _outBlocks)
        {
            x = skip is null ? x : tape.SkipLinear(x, skips.Pop(), skip.Weight, skip.Bias!);
            x = Run(tape, block, x);
        }

        var patches = _decoder.Forward(tape, _norm.Forward(tape, x));
        return tape.Unpatchify(
            patches, _config.Grid(images.Shape[0]), _convolution?.Weight, _convolution?.Bias);
    }

    internal static void Require(DiffusionOptions options, ImageForm form)
    {
        NetworkSizes.RequireTokens("diffusion", options.PatchSize, options.Width, form.Side);
        NetworkSizes.RequireHeads("diffusion", options.Width, options.Heads);
        Usage.Require(!options.MlpTimeEmbed || UVitConfig.TakesTimeMlp(options.Width), $"diffusion.mlpTimeEmbed takes an even width of 4 and more; diffusion.width is {options.Width}");
        Usage.Require(options.Augment == 0, $"diffusion.augment {options.Augment} is not for a u-vit: it is not told what was done to an image, and would draw such images");
        Usage.Require(options.Dropout == 0, $"diffusion.dropout {options.Dropout} is not for a u-vit: it has no dropout");
        Usage.Require(options.Depth % 2 == 0, $"diffusion.depth {options.Depth} is not even");
    }

    internal static NetworkFootprint Footprint(DiffusionOptions options, ImageForm form)
    {
        var tokens = UVitConfig.From(options, form).Grid(1).Tokens;
        var (blocks, block) = (options.Depth + 1L, NetworkFootprint.TransformerBlock(options.MlpRatio));
        var row = (long)tokens * options.Width;
        var recorded = row * ((options.Recompute ? 2 * blocks : blocks * block) + NetworkFootprint.TransformerEnds);

        // Without gradients the embedding, each block and each skip connection leave their result alone.
        var results = 1 + blocks + (options.LongSkip ? options.Depth / 2 : 0);
        return new NetworkFootprint(tokens, options.Width, recorded, row * block, row * (results + block));
    }

    private Tensor Run(Tape tape, TransformerBlock block, Tensor x) =>
        _config.Recompute ? tape.Recompute(() => block.Forward(tape, x)) : block.Forward(tape, x);

    private static Linear Skip(ParameterScope scope, int width, TransformerBlockConfig block) =>
        new(scope, 2 * width, width, block.Weight(2 * width), Initializer.Zero, isHidden: true);

    /// <summary>
    /// With random taps a network of few channels may settle on a convolution that shifts the image, and then cannot
    /// draw its border: the fast start is the identity.
    /// </summary>
    private static (Parameter Weight, Parameter Bias) Convolution(ParameterScope scope, UVitConfig config)
    {
        var (channels, fanIn) = (config.Channels, Initializer.FanIn(9 * config.Channels));
        return (
            scope.Add(
                "weight",
                new TensorShape(channels, channels, 3, 3),
                config.FastStart ? Initializer.IdentityConvolution : fanIn),
            scope.Add("bias", new TensorShape(channels), config.FastStart ? Initializer.Zero : fanIn));
    }
}
