using DPT.Engine.Autograd;

namespace DPT.Engine.Dpt;

/// <summary>What is at the smallest images of either half: a block, attention, a block.</summary>
internal sealed class KlMiddle(ParameterScope scope, int channels)
{
    private readonly KlResidualBlock _block1 = new(scope["block_1"], channels, channels);
    private readonly KlPixelAttention _attention = new(scope["attn_1"], channels);
    private readonly KlResidualBlock _block2 = new(scope["block_2"], channels, channels);

    /// <param name="tape">The tape.</param>
    /// <param name="x">[B, H, W, channels].</param>
    /// <returns>Like x. Where nothing is recorded, only the result is kept.</returns>
    public Tensor Forward(Tape tape, Tensor x) => tape.Recording ? Run(tape, x) : tape.WithoutGradient(() => Run(tape, x));

    private Tensor Run(Tape tape, Tensor x) => _block2.Forward(tape, _attention.Forward(tape, _block1.Forward(tape, x)));
}
