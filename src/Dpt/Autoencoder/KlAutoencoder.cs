using DPT.Engine.Autograd;

namespace DPT.Engine.Dpt;

/// <summary>
/// Stable Diffusion's autoencoder, KL-f8 (Rombach et al., CVPR 2022; spec 4.2): images to a normal distribution of small codes and back.
/// Names and shapes are the official ones, with filters' channels last (<see cref="Conv2d"/>).
/// </summary>
/// <remarks>What diffusion models learn are latents, which are codes times a scale: <see cref="LatentMoments"/>.</remarks>
public sealed class KlAutoencoder
{
    private readonly KlEncoder _encoder;
    private readonly Conv2d _toMoments;
    private readonly Conv2d _ofCodes;
    private readonly KlDecoder _decoder;

    /// <summary>Registers the parameters in <paramref name="store"/>.</summary>
    /// <exception cref="DptException">Usage: a size does not fit.</exception>
    public KlAutoencoder(ParameterStore store, KlAutoencoderConfig config)
    {
        config.Validate();
        var root = new ParameterScope(store);
        _encoder = new KlEncoder(root["encoder"], config);
        _toMoments = KlResidualBlock.Convolution(root["quant_conv"], 2 * config.LatentChannels, 2 * config.LatentChannels, kernel: 1);
        _ofCodes = KlResidualBlock.Convolution(root["post_quant_conv"], config.LatentChannels, config.LatentChannels, kernel: 1);
        _decoder = new KlDecoder(root["decoder"], config);
    }

    /// <summary>The distribution of each image's code.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="images">-1..1, [B, C, S, S]; S is a multiple of the reduction.</param>
    /// <returns>[B, 2 latent channels, s, s]: means, then logarithms of variances, which are clamped where they are used.</returns>
    public Tensor Encode(Tape tape, Tensor images) =>
        ChannelsSecond(tape, _toMoments.Forward(tape, _encoder.Forward(tape, ChannelsLast(tape, images))));

    /// <summary>The images of codes.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="codes">[B, latent channels, s, s].</param>
    /// <returns>[B, C, S, S], about -1..1.</returns>
    public Tensor Decode(Tape tape, Tensor codes) =>
        ChannelsSecond(tape, _decoder.Forward(tape, _ofCodes.Forward(tape, ChannelsLast(tape, codes))));

    private static Tensor ChannelsLast(Tape tape, Tensor x) => tape.Transpose(tape.Transpose(x, 1, 2), 2, 3);

    private static Tensor ChannelsSecond(Tape tape, Tensor x) => tape.Transpose(tape.Transpose(x, 2, 3), 1, 2);
}
