namespace DPT.Engine.Kernels;

/// <summary>
/// y = act(x * w + bias) + residual: two-dimensional convolution of images with channels last, by filters of any size, stride,
/// padding with zeros (each side its own) and groups. Sums run over (tap line, tap column, channel) in this order.
/// </summary>
public readonly record struct ConvolutionForwardCall : IKernelCall
{
    private const string Op = "convolution.forward";

    /// <summary>The sizes.</summary>
    public required ConvolutionShape Sizes { get; init; }

    /// <summary>Images, [B,H,W,C].</summary>
    public required Slice<float> X { get; init; }

    /// <summary>Filter, [C',kh,kw,C/g].</summary>
    public required Slice<float> Weight { get; init; }

    /// <summary>Added to every pixel before the activation: [C'], or empty.</summary>
    public Slice<float> Bias { get; init; }

    /// <summary>Applied to the biased sum.</summary>
    public Activation Activation { get; init; }

    /// <summary>The biased sum before the activation, an output laid out like the result, or empty.</summary>
    public Slice<float> PreActivation { get; init; }

    /// <summary>Added after the activation, laid out like the result; may be the same memory. Empty if there is none.</summary>
    public Slice<float> Residual { get; init; }

    /// <summary>Result, [B,H',W',C']; not the memory of the images.</summary>
    public required Slice<float> Y { get; init; }

    /// <inheritdoc/>
    public string Shape => $"B={Sizes.Batch} {SampleShape}";

    /// <inheritdoc/>
    public string SampleShape => Sizes.OfImage
        + (Bias.IsEmpty ? "" : " bias")
        + (Activation == Activation.None ? "" : $" {Activation}")
        + (Residual.IsEmpty ? "" : " residual");

    /// <inheritdoc/>
    public double Flops => Sizes.Flops;

    /// <inheritdoc/>
    public double Bytes => 4.0 * (Sizes.InputElements + Sizes.FilterElements
        + (Sizes.OutputElements * (1.0 + (Residual.IsEmpty ? 0 : 1) + (PreActivation.IsEmpty ? 0 : 1))));

    /// <inheritdoc/>
    public void Validate()
    {
        Sizes.Validate(Op);
        Require.Operand(Op, nameof(X), X, Sizes.InputElements);
        Require.Operand(Op, nameof(Weight), Weight, Sizes.FilterElements);
        Require.Operand(Op, nameof(Y), Y, Sizes.OutputElements);
        Require.OperandIfGiven(Op, nameof(Bias), Bias, Sizes.Outs);
        Require.OperandIfGiven(Op, nameof(PreActivation), PreActivation, Sizes.OutputElements);
        Require.OperandIfGiven(Op, nameof(Residual), Residual, Sizes.OutputElements);
    }

    /// <summary>
    /// A group as a product [B H' W', window] x [window, C'/g]: its sizes, its result, and what becomes of the sums. Its factors are
    /// the operands that they are made of.
    /// </summary>
    internal MatMulCall Product(int group)
    {
        var first = group * Sizes.GroupOuts;
        return new MatMulCall
        {
            M = Sizes.Outputs,
            N = Sizes.GroupOuts,
            K = Sizes.Taps * Sizes.GroupChannels,
            TransposeB = true,
            A = X,
            B = Weight,
            C = Y.From(first),
            StrideC = Sizes.Outs,
            Bias = Bias.IsEmpty ? default : Bias.From(first),
            Activation = Activation,
            PreActivation = PreActivation.IsEmpty ? default : PreActivation.From(first),
            Residual = Residual.IsEmpty ? default : Residual.From(first),
        };
    }
}

/// <summary>
/// dx = [dx +] the gradient of <see cref="ConvolutionForwardCall"/> by its images: the convolution of the result's gradient, with
/// stride - 1 zeros between its pixels, by the filter turned round. Every pixel gathers its own sum, over (tap line, tap column,
/// output channel) from the last tap to the first.
/// </summary>
public readonly record struct ConvolutionInputGradientCall : IKernelCall
{
    private const string Op = "convolution.inputgradient";

    /// <summary>The sizes of the convolution.</summary>
    public required ConvolutionShape Sizes { get; init; }

    /// <summary>Gradient of the result, before bias, activation and residual, [B,H',W',C'].</summary>
    public required Slice<float> OutputGradient { get; init; }

    /// <summary>Filter, [C',kh,kw,C/g].</summary>
    public required Slice<float> Weight { get; init; }

    /// <summary>Gradient of the images, [B,H,W,C].</summary>
    public required Slice<float> InputGradient { get; init; }

    /// <summary>Add to what the gradient holds instead of replacing it.</summary>
    public bool Accumulate { get; init; }

    /// <inheritdoc/>
    public string Shape => $"B={Sizes.Batch} {SampleShape}";

    /// <inheritdoc/>
    public string SampleShape => Sizes.OfImage + (Accumulate ? " accumulate" : "");

    /// <inheritdoc/>
    public double Flops => Sizes.Flops;

    /// <inheritdoc/>
    public double Bytes => 4.0 * ((Sizes.InputElements * (Accumulate ? 2.0 : 1.0)) + Sizes.FilterElements + Sizes.OutputElements);

    /// <inheritdoc/>
    public void Validate()
    {
        Sizes.Validate(Op);
        Require.Operand(Op, nameof(OutputGradient), OutputGradient, Sizes.OutputElements);
        Require.Operand(Op, nameof(Weight), Weight, Sizes.FilterElements);
        Require.Operand(Op, nameof(InputGradient), InputGradient, Sizes.InputElements);
    }

    /// <summary>As <see cref="ConvolutionForwardCall.Product"/>: [B H W, turned window] x [turned window, C/g].</summary>
    internal MatMulCall Product(int group) => new()
    {
        M = Sizes.Inputs,
        N = Sizes.GroupChannels,
        K = Sizes.Taps * Sizes.GroupOuts,
        A = OutputGradient,
        B = Weight,
        C = InputGradient.From(group * Sizes.GroupChannels),
        StrideC = Sizes.Channels,
        Accumulate = Accumulate,
    };
}

/// <summary>
/// dw += the gradient of <see cref="ConvolutionForwardCall"/> by its filter: the windows of all images, each times its
/// pixel's gradient. The sum over pixels is cut by its length alone and its parts are added in order. The gradient of the bias is
/// the column sums of the result's gradient (<see cref="ColumnSumCall"/>).
/// </summary>
public readonly record struct ConvolutionWeightGradientCall : IKernelCall
{
    private const string Op = "convolution.weightgradient";

    /// <summary>The sizes of the convolution.</summary>
    public required ConvolutionShape Sizes { get; init; }

    /// <summary>Images, [B,H,W,C].</summary>
    public required Slice<float> X { get; init; }

    /// <summary>Gradient of the result, before bias, activation and residual, [B,H',W',C'].</summary>
    public required Slice<float> OutputGradient { get; init; }

    /// <summary>Gradient of the filter, [C',kh,kw,C/g]; added to.</summary>
    public required Slice<float> WeightGradient { get; init; }

    /// <inheritdoc/>
    public string Shape => Sizes.ToString();

    /// <inheritdoc/>
    /// <remarks>The whole shape: the gradient is a sum over the batch.</remarks>
    public string SampleShape => Shape;

    /// <inheritdoc/>
    public double Flops => Sizes.Flops;

    /// <inheritdoc/>
    public double Bytes => 4.0 * (Sizes.InputElements + (2.0 * Sizes.FilterElements) + Sizes.OutputElements);

    /// <inheritdoc/>
    public void Validate()
    {
        Sizes.Validate(Op);
        Require.Operand(Op, nameof(X), X, Sizes.InputElements);
        Require.Operand(Op, nameof(OutputGradient), OutputGradient, Sizes.OutputElements);
        Require.Operand(Op, nameof(WeightGradient), WeightGradient, Sizes.FilterElements);
    }

    /// <summary>As <see cref="ConvolutionForwardCall.Product"/>: [C'/g, B H' W'] x [B H' W', window].</summary>
    internal MatMulCall Product(int group)
    {
        var (first, window) = (group * Sizes.GroupOuts, Sizes.Taps * Sizes.GroupChannels);
        return new MatMulCall
        {
            M = Sizes.GroupOuts,
            N = window,
            K = Sizes.Outputs,
            TransposeA = true,
            StrideA = Sizes.Outs,
            A = OutputGradient.From(first),
            B = X,
            C = WeightGradient.From((long)first * window),
            Accumulate = true,
        };
    }
}
