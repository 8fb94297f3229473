using DPT.Engine.Autograd;

namespace DPT.Engine.Dpt;

/// <summary>
/// The half of the autoencoder that makes images large again (spec 4.2): levels of blocks, one more in each than the encoder has, from the
/// smallest images to the largest; they are numbered the other way round.
/// </summary>
internal sealed class KlDecoder
{
    private readonly Conv2d _first;
    private readonly KlMiddle _middle;
    private readonly KlLevel[] _levels;
    private readonly GroupNorm _lastNorm;
    private readonly Conv2d _last;

    public KlDecoder(ParameterScope scope, KlAutoencoderConfig config)
    {
        var widths = config.Widths;
        _first = KlResidualBlock.Convolution(scope["conv_in"], config.LatentChannels, widths[^1], kernel: 3);
        _middle = new KlMiddle(scope["mid"], widths[^1]);
        _levels = [.. widths.Select((outs, i) => Level(scope["up"][$"{i}"], widths[Math.Min(i + 1, widths.Count - 1)], outs, isLast: i == 0)).Reverse()];
        _lastNorm = KlResidualBlock.Norm(scope["norm_out"], widths[0]);
        _last = KlResidualBlock.Convolution(scope["conv_out"], widths[0], config.Channels, kernel: 3);

        KlLevel Level(ParameterScope level, int ins, int outs, bool isLast)
        {
            var doubling = isLast ? null : KlResidualBlock.Convolution(level["upsample"]["conv"], outs, outs, kernel: 3);
            return new KlLevel(level, ins, outs, config.Blocks + 1, doubling is null ? null : (tape, x) => doubling.Forward(tape, tape.UpSample(x)));
        }
    }

    /// <param name="tape">The tape.</param>
    /// <param name="x">[B, s, s, latent channels].</param>
    /// <returns>[B, S, S, channels], S of s times the reduction.</returns>
    public Tensor Forward(Tape tape, Tensor x)
    {
        x = _levels.Aggregate(_middle.Forward(tape, _first.Forward(tape, x)), (images, level) => level.Forward(tape, images));
        return _last.Forward(tape, _lastNorm.Forward(tape, x));
    }
}
