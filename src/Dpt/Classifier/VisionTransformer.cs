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
public sealed class VisionTransformer
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
    /// <param name="channels">Channels of the images.</param>
    /// <param name="imageSize">Side of the images; a multiple of the patch.</param>
    /// <param name="classes">Number of classes.</param>
    /// <exception cref="DptException">The patch does not divide the image.</exception>
    public VisionTransformer(ParameterStore store, ClassifierOptions options, int channels, int imageSize, int classes)
    {
        if (options.PatchSize < 1 || imageSize % options.PatchSize != 0)
        {
            throw new DptException(
                FailureKind.Usage,
                $"classifier.patchSize {options.PatchSize} does not divide the image size {imageSize}; "
                + "choose a divisor, or resize with --image-size");
        }

        Classes = classes;
        Width = options.Width;
        var root = new ParameterScope(store);
        var (patch, width) = (options.PatchSize, options.Width);
        var tokens = 1 + ((imageSize / patch) * (imageSize / patch));
        var classToken = root.Add("cls_token", new TensorShape(1, 1, width), Initializer.Normal(PositionDeviation), decays: false);
        var position = root.Add("pos_embed", new TensorShape(1, tokens, width), Initializer.Normal(PositionDeviation), decays: false);
        var projection = root["patch_embed"]["proj"];
        _embedding = new PatchEmbedOp.Parts(
            projection.Add(
                "weight", new TensorShape(width, channels, patch, patch), Initializer.FanIn(channels * patch * patch)),
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
        _head = new Linear(root["fc"], width, classes, Initializer.FanIn(width), Initializer.Zero);
    }

    /// <summary>Number of classes.</summary>
    public int Classes { get; }

    /// <summary>Width of the features.</summary>
    public int Width { get; }

    /// <summary>The class token after the final norm: the features, [B, D].</summary>
    public Tensor Features(Tape tape, Tensor images)
    {
        var x = tape.PatchEmbed(images, _embedding);
        foreach (var block in _blocks)
        {
            x = block.Forward(tape, x);
        }

        return _norm.ForwardFirstToken(tape, x);
    }

    /// <summary>Class scores from features, [B, classes].</summary>
    public Tensor Head(Tape tape, Tensor features) => _head.Forward(tape, features);

    /// <summary>Class scores, [B, classes].</summary>
    public Tensor Forward(Tape tape, Tensor images) => Head(tape, Features(tape, images));
}
