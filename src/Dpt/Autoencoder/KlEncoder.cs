using DPT.Engine.Autograd;

namespace DPT.Engine.Dpt;

/// <summary>The half of the autoencoder that makes images small (spec 4.2): levels of blocks, each but the last halving the images.</summary>
internal sealed class KlEncoder
{
    /// <summary>A line below and a column to the right of zeros, none above and to the left, as the official code pads.</summary>
    private static readonly Conv2dOptions Halving = new(Stride: 2) { Bottom = 1, Right = 1 };

    private readonly Conv2d _first;
    private readonly KlLevel[] _levels;
    private readonly KlMiddle _middle;
    private readonly GroupNorm _lastNorm;
    private readonly Conv2d _last;

    public KlEncoder(ParameterScope scope, KlAutoencoderConfig config)
    {
        var widths = config.Widths;
        _first = KlResidualBlock.Convolution(scope["conv_in"], config.Channels, config.Width, kernel: 3);
        _levels = [.. widths.Select((outs, i) => Level(scope["down"][$"{i}"], i == 0 ? config.Width : widths[i - 1], outs, isLast: i == widths.Count - 1))];
        _middle = new KlMiddle(scope["mid"], widths[^1]);
        _lastNorm = KlResidualBlock.Norm(scope["norm_out"], widths[^1]);
        _last = KlResidualBlock.Convolution(scope["conv_out"], widths[^1], 2 * config.LatentChannels, kernel: 3);

        KlLevel Level(ParameterScope level, int ins, int outs, bool isLast)
        {
            var halving = isLast ? null : new Conv2d(level["downsample"]["conv"], outs, outs, (3, 3), Halving);
            return new KlLevel(level, ins, outs, config.Blocks, halving is null ? null : (tape, x) => halving.Forward(tape, x));
        }
    }

    /// <param name="tape">The tape.</param>
    /// <param name="x">[B, S, S, channels].</param>
    /// <returns>[B, s, s, 2 latent channels], S of s times the reduction.</returns>
    public Tensor Forward(Tape tape, Tensor x)
    {
        x = _levels.Aggregate(_first.Forward(tape, x), (images, level) => level.Forward(tape, images));
        return _last.Forward(tape, _lastNorm.Forward(tape, _middle.Forward(tape, x)));
    }
}
