namespace DPT.Engine.Kernels;

/// <summary>
/// The geometric augmentation of EDM: images of floats are mirrored, then turned, scaled, stretched and shifted by an affine map each,
/// without aliasing: reflected surroundings, twice the resolution by sym6, bilinear sampling with zeros outside, and back by sym6. An image
/// is given back by its map's identity, to the bit. <see cref="EdmAugmentation"/> draws maps and labels.
/// </summary>
/// <remarks>
/// Source: Karras et al., "Training generative adversarial networks with limited data", 2020, appendix B, with the settings of "Elucidating
/// the design space of diffusion-based generative models", 2022; method specification, section 4.9. There, the surroundings are as wide as
/// the furthest corner of any image of the batch asks for, here always as wide as reflection allows (size - 1), so that an image does not
/// depend on those beside it.
/// </remarks>
public readonly record struct AugmentEdmCall : IKernelCall
{
    private const string Op = "augment.edm";

    /// <summary>Images in the batch.</summary>
    public required int Batch { get; init; }

    /// <summary>Channels of an image; each for itself.</summary>
    public required int Channels { get; init; }

    /// <summary>Side S of the square image, at most 256.</summary>
    public required int ImageSize { get; init; }

    /// <summary>Images, [Batch,C,S,S].</summary>
    public required Slice<float> Images { get; init; }

    /// <summary>
    /// The map of each image from output to input, [Batch,6]: input x = m0 x + m1 y + m2, input y = m3 x + m4 y + m5, in pixels from the middle of
    /// the image, x to the right and y downwards.
    /// </summary>
    public required Slice<float> Maps { get; init; }

    /// <summary>What the network is told of each image's augmentation, [Batch,9]; of these the first two are 1 if it is mirrored, and upside down.</summary>
    public required Slice<float> Labels { get; init; }

    /// <summary>Result, [Batch,C,S,S]; not the memory of the images.</summary>
    public required Slice<float> Output { get; init; }

    /// <inheritdoc/>
    public string Shape => $"B={Batch} {SampleShape}";

    /// <inheritdoc/>
    public string SampleShape => $"C={Channels} S={ImageSize}";

    /// <summary>Of maps that move something: raising an area three times as wide, four neighbours, and lowering.</summary>
    public double Flops => 2.0 * Batch * Channels * ImageSize * ImageSize * ((18 * 2 * Sym6.Raising) + (4 * 4) + (3 * Sym6.Taps));

    /// <inheritdoc/>
    public double Bytes => 8.0 * Batch * Channels * ImageSize * ImageSize;

    /// <summary>Samples of the output along an axis, before it is lowered: those of its pixels, and five on either side.</summary>
    internal int Samples => (2 * ImageSize) + Sym6.Taps - 2;

    /// <inheritdoc/>
    public void Validate()
    {
        var pixels = (long)Channels * ImageSize * ImageSize;
        Require.Size(Op, "batch", Batch);
        Require.Size(Op, "channels", Channels);
        Require.Size(Op, "image size", ImageSize, 1, 256);
        Require.Operand(Op, nameof(Images), Images, Batch * pixels);
        Require.Operand(Op, nameof(Maps), Maps, (long)Batch * EdmView.MapLength);
        Require.Operand(Op, nameof(Labels), Labels, (long)Batch * EdmView.LabelLength);
        Require.Operand(Op, nameof(Output), Output, Batch * pixels);
    }
}
