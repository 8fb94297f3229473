using DPT.Engine.Autograd;

namespace DPT.Engine.Dpt;

/// <summary>
/// The standard pre-norm ViT (spec 2.1) with a linear head: class token, learned positions, LayerNorm epsilon 1e-6, exact
/// GELU, qkv bias. Parameter names are those of the reference; the head is <c>fc</c>.
/// </summary>
/// <remarks>
/// The reference starts all weights at 0.02 and trains for hundreds of epochs. Small networks on short budgets learn
/// several times faster from PyTorch's default linear layers and large positions, so that is how this one starts.
/// </remarks>
public sealed class VisionTransformer : IClassifier
{
    private const float NormEpsilon = 1e-6f;
    private const float PositionDeviation = 0.3f;

    private readonly PatchEmbedOp.Parts _embedding;
    private readonly TransformerBlock[] _blocks;
    private readonly LayerNorm _norm;
    private readonly Linear _head;

    /// <summary>Registers the parameters in <paramref name="store"/>.</summary>
    /// <param name="store">The model's store, not yet initialised.</param>
    /// <param name="options">Sizes.</param>
    /// <param name="form">The images; the patch divides their side.</param>
    /// <exception cref="DptException">Usage: the sizes do not fit.</exception>
    public VisionTransformer(ParameterStore store, ClassifierOptions options, ImageForm form)
    {
        Require(options, form);
        Classes = form.Classes;
        FeatureWidth = options.Width;
        var root = new ParameterScope(store);
        var (patch, width) = (options.PatchSize, options.Width);
        var tokens = TokensOf(options, form);
        var classToken = root.Add("cls_token", new TensorShape(1, 1, width), Initializer.Normal(PositionDeviation), decays: false);
        var position = root.Add("pos_embed", new TensorShape(1, tokens, width), Initializer.Normal(PositionDeviation), decays: false);
        var projection = root["patch_embed"]["proj"];
        _embedding = new PatchEmbedOp.Parts(
            projection.Add(
                "weight", new TensorShape(width, form.Channels, patch, patch), Initializer.FanIn(form.Channels * patch * patch)),
            projection.Add("bias", new TensorShape(width), Initializer.Zero, decays: false),
            position,
            ClassToken: classToken);
        var block = new TransformerBlockConfig(
            width, options.Heads, options.MlpRatio, QkvBias: true, NormEpsilon, WeightDeviation: 0);
        _blocks = new TransformerBlock[options.Depth];
        for (var i = 0; i < _blocks.Length; i++)
        {
            _blocks[i] = new TransformerBlock(root["blocks"][$"{i}"], block);
        }

        _norm = new LayerNorm(root["norm"], width, NormEpsilon);
        _head = new Linear(root["fc"], width, form.Classes, Initializer.FanIn(width), Initializer.Zero);
    }

    /// <inheritdoc/>
    public int Classes { get; }

    /// <inheritdoc/>
    public int FeatureWidth { get; }

    /// <summary>The class token after the final norm, [B, FeatureWidth].</summary>
    public Tensor Features(Tape tape, Tensor images) => _norm.ForwardFirstToken(tape, Tokens(tape, images));

    /// <summary>The class token before the final norm, [B, FeatureWidth]: what a frozen network gives to a classifier on top of it (spec 2.3).</summary>
    public Tensor ClassToken(Tape tape, Tensor images) =>
        tape.Reshape(tape.Slice(Tokens(tape, images), axis: 1, start: 0, length: 1), new TensorShape(images.Shape[0], FeatureWidth));

    /// <inheritdoc/>
    public Tensor Forward(Tape tape, Tensor images) => _head.Forward(tape, Features(tape, images));

    private Tensor Tokens(Tape tape, Tensor images)
    {
        var x = tape.PatchEmbed(images, _embedding);
        foreach (var block in _blocks)
        {
            x = block.Forward(tape, x);
        }

        return x;
    }

    internal static void Require(ClassifierOptions options, ImageForm form)
    {
        NetworkSizes.RequireTokens("classifier", options.PatchSize, options.Width, form.Side);
        NetworkSizes.RequireHeads("classifier", options.Width, options.Heads);
    }

    /// <summary>Without gradients the embedding and each block leave their result alone.</summary>
    internal static NetworkFootprint Footprint(ClassifierOptions options, ImageForm form)
    {
        var (tokens, block) = (TokensOf(options, form), NetworkFootprint.TransformerBlock(options.MlpRatio));
        var row = (long)tokens * options.Width;
        var recorded = row * ((options.Depth * block) + NetworkFootprint.TransformerEnds);
        return new NetworkFootprint(
            tokens, options.Width, recorded, row * block, row * (1 + options.Depth + block));
    }

    private static int TokensOf(ClassifierOptions options, ImageForm form) =>
        1 + ((form.Side / options.PatchSize) * (form.Side / options.PatchSize));
}
