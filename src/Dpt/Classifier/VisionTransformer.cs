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
    private readonly TransformerTrunk _trunk;
    private readonly Linear _head;

    /// <summary>Registers the parameters in <paramref name="store"/>.</summary>
    /// <param name="store">The model's store, not yet initialised.</param>
    /// <param name="options">Sizes.</param>
    /// <param name="form">The images; the patch divides their side.</param>
    /// <exception cref="DptException">Usage: the sizes do not fit.</exception>
    public VisionTransformer(ParameterStore store, ClassifierOptions options, ImageForm form)
        : this(store, options, form, default)
    {
    }

    /// <summary>The same with what networks of other tools have besides.</summary>
    internal VisionTransformer(ParameterStore store, ClassifierOptions options, ImageForm form, TransformerExtras extras)
    {
        Require(options, form);
        Classes = form.Classes;
        FeatureWidth = options.Width;
        var root = new ParameterScope(store);
        _trunk = new TransformerTrunk(root, options, form, decaysTokens: false, extras);
        _head = new Linear(root["fc"], options.Width, form.Classes, Initializer.FanIn(options.Width), Initializer.Zero);
    }

    /// <inheritdoc/>
    public int Classes { get; }

    /// <inheritdoc/>
    public int FeatureWidth { get; }

    /// <summary>The class token after the final norm, [B, FeatureWidth].</summary>
    public Tensor Features(Tape tape, Tensor images) => _trunk.ClassToken(tape, Tokens(tape, images));

    /// <summary>The class token before the final norm, [B, FeatureWidth]: what a frozen network gives to a classifier on top of it (spec 2.3).</summary>
    public Tensor ClassToken(Tape tape, Tensor images) => TransformerTrunk.FirstToken(tape, Tokens(tape, images));

    /// <inheritdoc/>
    public Tensor Forward(Tape tape, Tensor images) => _head.Forward(tape, Features(tape, images));

    private Tensor Tokens(Tape tape, Tensor images) => _trunk.Attend(tape, _trunk.Embed(tape, images));

    internal static void Require(ClassifierOptions options, ImageForm form)
    {
        NetworkSizes.RequireTokens("classifier", options.PatchSize, options.Width, form.Side);
        NetworkSizes.RequireHeads("classifier", options.Width, options.Heads);
    }

    /// <summary>Without gradients the embedding and each block leave their result alone.</summary>
    internal static NetworkFootprint Footprint(ClassifierOptions options, ImageForm form)
    {
        var (tokens, block) = (TransformerTrunk.TokensOf(options, form), NetworkFootprint.TransformerBlock(options.MlpRatio));
        var row = (long)tokens * options.Width;
        var recorded = row * ((options.Depth * block) + NetworkFootprint.TransformerEnds);
        return new NetworkFootprint(
            tokens, options.Width, recorded, row * block, row * (1 + options.Depth + block));
    }
}
