namespace DPT.Engine.Kernels;

/// <summary>
/// Tokens to image, then a 3x3 convolution with padding 1 (the U-ViT tail). The C p p vector of a patch is ordered
/// (row in patch, column in patch, channel), channel fastest; the e extra tokens are skipped. The border is of zeros that
/// are multiplied like pixels, here and in the gradients, so a weight that is NaN shows everywhere.
/// </summary>
public readonly record struct UnpatchifyForwardCall : IKernelCall
{
    private const string Op = "unpatchify.forward";

    /// <summary>Geometry.</summary>
    public required PatchGrid Grid { get; init; }

    /// <summary>Tokens, [B,e+n,p*p*C].</summary>
    public required Slice<float> Tokens { get; init; }

    /// <summary>Convolution, [C,C,3,3] (out, in); empty for no convolution.</summary>
    public Slice<float> Weight { get; init; }

    /// <summary>Bias of the convolution, [C]; empty for no convolution.</summary>
    public Slice<float> Bias { get; init; }

    /// <summary>Result, [B,C,S,S].</summary>
    public required Slice<float> Image { get; init; }

    /// <inheritdoc/>
    public string Shape => $"B={Grid.Batch} {SampleShape}";

    /// <inheritdoc/>
    public string SampleShape => Grid.OfImage + (Weight.IsEmpty ? " plain" : " conv");

    /// <inheritdoc/>
    public double Flops => Weight.IsEmpty ? 0 : 18.0 * Grid.Batch * Grid.ImageElements * Grid.Channels;

    /// <inheritdoc/>
    public double Bytes => 8.0 * Grid.Batch * Grid.ImageElements;

    /// <inheritdoc/>
    public void Validate()
    {
        Grid.Validate(Op);
        Require.Operand(Op, nameof(Tokens), Tokens, (long)Grid.Batch * Grid.Tokens * Grid.PatchElements);
        Require.Operand(Op, nameof(Image), Image, (long)Grid.Batch * Grid.ImageElements);
        Require.OperandIfGiven(Op, nameof(Weight), Weight, 9L * Grid.Channels * Grid.Channels);
        Require.OperandIfGiven(Op, nameof(Bias), Bias, Grid.Channels);
        Require.That(Op, Weight.IsEmpty == Bias.IsEmpty, "weight and bias go together");
    }
}

/// <summary>Gradient of <see cref="UnpatchifyForwardCall"/>.</summary>
public readonly record struct UnpatchifyBackwardCall : IKernelCall
{
    private const string Op = "unpatchify.backward";

    /// <summary>Geometry.</summary>
    public required PatchGrid Grid { get; init; }

    /// <summary>The forward input, [B,e+n,p*p*C]; needed for the gradient of the convolution only.</summary>
    public Slice<float> Tokens { get; init; }

    /// <summary>Convolution, [C,C,3,3]; empty for no convolution.</summary>
    public Slice<float> Weight { get; init; }

    /// <summary>Gradient of the image, [B,C,S,S].</summary>
    public required Slice<float> ImageGradient { get; init; }

    /// <summary>Written: gradient of the tokens, [B,e+n,p*p*C]; zero for the extra tokens.</summary>
    public required Slice<float> TokensGradient { get; init; }

    /// <summary>Added to: gradient of the convolution, [C,C,3,3].</summary>
    public Slice<float> WeightGradient { get; init; }

    /// <summary>Added to: gradient of the bias, [C].</summary>
    public Slice<float> BiasGradient { get; init; }

    /// <inheritdoc/>
    public string Shape => $"B={Grid.Batch} {SampleShape}";

    /// <inheritdoc/>
    public string SampleShape => Grid.OfImage + (Weight.IsEmpty ? " plain" : " conv");

    /// <inheritdoc/>
    public double Flops => Weight.IsEmpty ? 0 : 36.0 * Grid.Batch * Grid.ImageElements * Grid.Channels;

    /// <inheritdoc/>
    public double Bytes => 4.0 * Grid.Batch * Grid.ImageElements * (Weight.IsEmpty ? 2 : 3);

    /// <inheritdoc/>
    public void Validate()
    {
        Grid.Validate(Op);
        var tokens = (long)Grid.Batch * Grid.Tokens * Grid.PatchElements;
        Require.Operand(Op, nameof(ImageGradient), ImageGradient, (long)Grid.Batch * Grid.ImageElements);
        Require.Operand(Op, nameof(TokensGradient), TokensGradient, tokens);
        if (!Weight.IsEmpty)
        {
            Require.Operand(Op, nameof(Tokens), Tokens, tokens);
            Require.Operand(Op, nameof(Weight), Weight, 9L * Grid.Channels * Grid.Channels);
            Require.Operand(Op, nameof(WeightGradient), WeightGradient, 9L * Grid.Channels * Grid.Channels);
            Require.Operand(Op, nameof(BiasGradient), BiasGradient, Grid.Channels);
        }
    }
}
