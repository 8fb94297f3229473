using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>
/// The network that MSN trains: a ViT whose head, <c>fc</c>, projects (spec 2.2). Parameters and buffers have the names of the official
/// state dictionary. It starts as <see cref="VisionTransformer"/> does, which suits small networks; the reference starts all weights at 0.02.
/// </summary>
internal sealed class MsnEncoder : IDisposable
{
    private readonly TransformerTrunk _trunk;
    private readonly ProjectionHead _head;
    private readonly int _side;
    private readonly int _patch;
    private readonly int _smallSide;
    private readonly ViewPositions _smallPositions;

    /// <summary>Registers the parameters in <paramref name="store"/>.</summary>
    /// <param name="store">The model's store, not yet initialised.</param>
    /// <param name="options">Sizes of the ViT.</param>
    /// <param name="form">The images; the patch divides their side.</param>
    /// <param name="smallSide">Side of the small views, which the patch divides too.</param>
    /// <param name="hidden">Width of the hidden layers of the head.</param>
    /// <param name="outs">Numbers of an embedding.</param>
    /// <exception cref="DptException">Usage: the sizes do not fit.</exception>
    public MsnEncoder(ParameterStore store, ClassifierOptions options, ImageForm form, int smallSide, int hidden, int outs)
    {
        NetworkSizes.RequireTokens("pretrain", options.PatchSize, options.Width, form.Side);
        NetworkSizes.RequireTokens("pretrain", options.PatchSize, options.Width, smallSide);
        NetworkSizes.RequireHeads("pretrain", options.Width, options.Heads);
        (_side, _patch, _smallSide) = (form.Side, options.PatchSize, smallSide);
        var root = new ParameterScope(store);
        _trunk = new TransformerTrunk(root, options, form, decaysTokens: true);
        _head = new ProjectionHead(root["fc"], options.Width, hidden, outs);
        _smallPositions = new ViewPositions(store.Device, _side / _patch, smallSide / _patch);
    }

    /// <summary>Embeddings of views of one size. Batch norm sees them alone, and its running statistics follow them.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="views">[B, C, S, S], S the side of the images or that of the small views; at least two.</param>
    /// <param name="kept">Tokens to keep (<see cref="KeptTokens"/>), on the device; empty for all.</param>
    /// <returns>[B, outs].</returns>
    /// <exception cref="ArgumentException">The views have another size.</exception>
    public Tensor Forward(Tape tape, Tensor views, Slice<int> kept = default)
    {
        var tokens = _trunk.Embed(tape, views, PositionsOf(tape, views.Shape[2]));
        if (!kept.IsEmpty)
        {
            tokens = KeptTokens.Of(tape, tokens, kept);
        }

        return _head.Forward(tape, _trunk.ClassToken(tape, _trunk.Attend(tape, tokens)));
    }

    /// <summary>What is left of the network after the training: the class token of images before the final norm, [B, width] (spec 2.3).</summary>
    public Tensor Features(Tape tape, Tensor images) =>
        TransformerTrunk.FirstToken(tape, _trunk.Attend(tape, _trunk.Embed(tape, images)));

    public void Dispose() => _smallPositions.Dispose();

    private Tensor PositionsOf(Tape tape, int side) =>
        side == _smallSide && side != _side ? _smallPositions.Of(tape, _trunk.Positions) : _trunk.Positions;
}
