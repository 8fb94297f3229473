using DPT.Engine.Autograd;

namespace DPT.Engine.Dpt;

/// <summary>
/// What a ViT is below its head (spec 2.1): patches with positions behind a class token, pre-norm blocks, and the final norm of the class token.
/// </summary>
internal sealed class TransformerTrunk
{
    private const float NormEpsilon = 1e-6f;
    private const float PositionDeviation = 0.3f;

    private readonly PatchEmbedOp.Parts _embedding;
    private readonly Parameter? _registers;
    private readonly TransformerBlock[] _blocks;
    private readonly LayerNorm _norm;

    /// <summary>Registers the parameters.</summary>
    /// <param name="root">Where.</param>
    /// <param name="options">Sizes.</param>
    /// <param name="form">The images; the patch divides their side.</param>
    /// <param name="decaysTokens">Whether weight decay applies to class token and positions: MSN spares one-dimensional tensors alone.</param>
    /// <param name="extras">What networks of other tools have besides.</param>
    public TransformerTrunk(
        ParameterScope root, ClassifierOptions options, ImageForm form, bool decaysTokens, TransformerExtras extras = default)
    {
        var (patch, width) = (options.PatchSize, options.Width);
        var classToken = root.Add("cls_token", new TensorShape(1, 1, width), Initializer.Normal(PositionDeviation), decaysTokens);
        Positions = root.Add(
            "pos_embed", new TensorShape(1, TokensOf(options, form), width), Initializer.Normal(PositionDeviation), decaysTokens);
        _registers = extras.Registers == 0
            ? null
            : root.Add("register_tokens", new TensorShape(1, extras.Registers, width), Initializer.Normal(PositionDeviation), decaysTokens);
        var projection = root["patch_embed"]["proj"];
        _embedding = new PatchEmbedOp.Parts(
            projection.Add(
                "weight", new TensorShape(width, form.Channels, patch, patch), Initializer.FanIn(form.Channels * patch * patch)),
            projection.Add("bias", new TensorShape(width), Initializer.Zero, decays: false),
            Positions,
            ClassToken: classToken);
        var block = new TransformerBlockConfig(
            width, options.Heads, options.MlpRatio, QkvBias: true, NormEpsilon, WeightDeviation: 0)
        {
            LayerScale = extras.LayerScale,
        };
        _blocks = new TransformerBlock[options.Depth];
        for (var i = 0; i < _blocks.Length; i++)
        {
            _blocks[i] = new TransformerBlock(root["blocks"][$"{i}"], block);
        }

        _norm = new LayerNorm(root["norm"], width, NormEpsilon);
    }

    /// <summary>Positions of class token and patches, [1, 1+n, D].</summary>
    public Parameter Positions { get; }

    /// <summary>Class token and patches with their positions, before the first block.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="images">[B, C, S, S].</param>
    /// <param name="positions">[1, 1+n, D] for the n patches of the images; null for those that are learned.</param>
    /// <returns>[B, 1+n, D]; registers, which have no positions, are between class token and patches.</returns>
    public Tensor Embed(Tape tape, Tensor images, Tensor? positions = null)
    {
        var tokens = tape.PatchEmbed(images, positions is null ? _embedding : _embedding with { Position = positions });
        if (_registers is null)
        {
            return tokens;
        }

        var (classToken, patches) = (tape.Slice(tokens, 1, 0, 1), tape.Slice(tokens, 1, 1, tokens.Shape[1] - 1));
        return tape.Concat(1, tape.Concat(1, classToken, tape.Expand(_registers, axis: 0, tokens.Shape[0])), patches);
    }

    /// <summary>All blocks: [B, L, D] to [B, L, D].</summary>
    public Tensor Attend(Tape tape, Tensor tokens)
    {
        foreach (var block in _blocks)
        {
            tokens = block.Forward(tape, tokens);
        }

        return tokens;
    }

    /// <summary>The class token before the final norm, [B, L, D] to [B, D]: what a frozen network gives to a classifier on top of it (spec 2.3).</summary>
    public static Tensor FirstToken(Tape tape, Tensor tokens) =>
        tape.Reshape(tape.Slice(tokens, axis: 1, start: 0, length: 1), new TensorShape(tokens.Shape[0], tokens.Shape.Last));

    /// <summary>The class token behind the final norm: [B, L, D] to [B, D].</summary>
    public Tensor ClassToken(Tape tape, Tensor tokens) => _norm.ForwardFirstToken(tape, tokens);

    /// <summary>Tokens of an image that have positions, the class token among them.</summary>
    public static int TokensOf(ClassifierOptions options, ImageForm form) =>
        1 + ((form.Side / options.PatchSize) * (form.Side / options.PatchSize));
}

/// <summary>What the ViTs of DINOv2 have, and ours do not.</summary>
/// <param name="LayerScale">Whether blocks have layer scale.</param>
/// <param name="Registers">Learned tokens that stand for nothing (Darcet et al. 2024).</param>
internal readonly record struct TransformerExtras(bool LayerScale, int Registers);
