using DPT.Engine.Autograd;

namespace DPT.Engine.Dpt;

/// <summary>Blocks on images of one size, and the way to the next size, if there is one.</summary>
internal sealed class KlLevel
{
    private readonly KlResidualBlock[] _blocks;
    private readonly Func<Tape, Tensor, Tensor>? _resample;

    /// <param name="scope">Where its parameters are.</param>
    /// <param name="ins">Channels that it is given.</param>
    /// <param name="outs">Channels that it gives.</param>
    /// <param name="blocks">Its blocks.</param>
    /// <param name="resample">From [B, H, W, outs] to images of the next size, or null.</param>
    public KlLevel(ParameterScope scope, int ins, int outs, int blocks, Func<Tape, Tensor, Tensor>? resample)
    {
        _blocks = [.. Enumerable.Range(0, blocks).Select(i => new KlResidualBlock(scope["block"][$"{i}"], i == 0 ? ins : outs, outs))];
        _resample = resample;
    }

    /// <param name="tape">The tape.</param>
    /// <param name="x">[B, H, W, ins].</param>
    /// <returns>[B, H', W', outs]. Where nothing is recorded, only the result is kept.</returns>
    public Tensor Forward(Tape tape, Tensor x) => tape.Recording ? Run(tape, x) : tape.WithoutGradient(() => Run(tape, x));

    private Tensor Run(Tape tape, Tensor x)
    {
        // A block's memory goes back before the next takes some: at the largest images that is most of what the network needs.
        foreach (var block in _blocks)
        {
            var ins = x;
            x = tape.Recording ? block.Forward(tape, ins) : tape.WithoutGradient(() => block.Forward(tape, ins));
        }

        return _resample is null ? x : _resample(tape, x);
    }
}
