namespace DPT.Engine.Kernels;

/// <summary>y = (x - mean) / sqrt(variance + eps) * gamma + beta over each row; the variance is the biased one.</summary>
public readonly record struct LayerNormForwardCall : IKernelCall
{
    private const string Op = "layernorm.forward";

    /// <summary>Number of rows.</summary>
    public required int Rows { get; init; }

    /// <summary>Elements of a row.</summary>
    public required int Width { get; init; }

    /// <summary>Added to the variance; 1e-5 in U-ViT, 1e-6 in the ViT.</summary>
    public required float Epsilon { get; init; }

    /// <summary>Input, [Rows, Width] with <see cref="StrideX"/> elements from row to row.</summary>
    public required Slice<float> X { get; init; }

    /// <summary>Elements from one input row to the next; 0 means Width. Lets one token per image be normalised.</summary>
    public int StrideX { get; init; }

    /// <summary>Scale, [Width].</summary>
    public required Slice<float> Gamma { get; init; }

    /// <summary>Shift, [Width].</summary>
    public required Slice<float> Beta { get; init; }

    /// <summary>Result, [Rows, Width]; empty if it is <see cref="RoundedY"/> that is asked for.</summary>
    public Slice<float> Y { get; init; }

    /// <summary>The result rounded to bf16, to be a factor of products; empty if it is <see cref="Y"/> that is asked for.</summary>
    public Slice<BFloat16> RoundedY { get; init; }

    /// <summary>Mean of each row, [Rows], for the backward pass.</summary>
    public required Slice<float> Mean { get; init; }

    /// <summary>1 / sqrt(variance + eps) of each row, [Rows].</summary>
    public required Slice<float> InverseDeviation { get; init; }

    /// <summary>Stride with the default resolved.</summary>
    public int RowX => StrideX != 0 ? StrideX : Width;

    /// <inheritdoc/>
    public string Shape => $"rows={Rows} {SampleShape}";

    /// <inheritdoc/>
    public string SampleShape => $"width={Width}" + (StrideX == 0 ? "" : $" stride={StrideX}") + (Y.IsEmpty ? " rounded" : "");

    /// <inheritdoc/>
    public double Flops => 10.0 * Rows * Width;

    /// <inheritdoc/>
    public double Bytes => ((Y.IsEmpty ? 6.0 : 8.0) * Rows * Width) + (8.0 * Width) + (8.0 * Rows);

    /// <inheritdoc/>
    public void Validate()
    {
        Require.Size(Op, "rows", Rows);
        Require.Size(Op, "width", Width);
        Require.Size(Op, "stride", RowX, Width);
        Require.Operand(Op, nameof(X), X, ((long)(Rows - 1) * RowX) + Width);
        Require.Operand(Op, nameof(Gamma), Gamma, Width);
        Require.Operand(Op, nameof(Beta), Beta, Width);
        Require.That(Op, Y.IsEmpty != RoundedY.IsEmpty, "exactly one of the operands 'Y' and 'RoundedY' must be given");
        Require.OperandIfGiven(Op, nameof(Y), Y, (long)Rows * Width);
        Require.OperandIfGiven(Op, nameof(RoundedY), RoundedY, (long)Rows * Width);
        Require.Operand(Op, nameof(Mean), Mean, Rows);
        Require.Operand(Op, nameof(InverseDeviation), InverseDeviation, Rows);
    }
}

/// <summary>Gradient of <see cref="LayerNormForwardCall"/>.</summary>
public readonly record struct LayerNormBackwardCall : IKernelCall
{
    private const string Op = "layernorm.backward";

    /// <summary>Number of rows.</summary>
    public required int Rows { get; init; }

    /// <summary>Elements of a row.</summary>
    public required int Width { get; init; }

    /// <summary>The forward input.</summary>
    public required Slice<float> X { get; init; }

    /// <summary>Elements from one row of X (and of <see cref="GradientX"/>) to the next; 0 means Width.</summary>
    public int StrideX { get; init; }

    /// <summary>Scale, [Width].</summary>
    public required Slice<float> Gamma { get; init; }

    /// <summary>The forward mean, [Rows].</summary>
    public required Slice<float> Mean { get; init; }

    /// <summary>The forward inverse deviation, [Rows].</summary>
    public required Slice<float> InverseDeviation { get; init; }

    /// <summary>Gradient of the result, [Rows, Width]; empty if it is <see cref="RoundedGradientY"/> that is there.</summary>
    public Slice<float> GradientY { get; init; }

    /// <summary>The gradient of the result in bf16, as a product leaves it; empty if it is <see cref="GradientY"/> that is there.</summary>
    public Slice<BFloat16> RoundedGradientY { get; init; }

    /// <summary>Gradient of the input, laid out like X.</summary>
    public required Slice<float> GradientX { get; init; }

    /// <summary>Add to <see cref="GradientX"/> (the residual branch's gradient is there already) or replace it.</summary>
    public bool AccumulateX { get; init; }

    /// <summary>Added to: gradient of the scale, [Width].</summary>
    public required Slice<float> GradientGamma { get; init; }

    /// <summary>Added to: gradient of the shift, [Width].</summary>
    public required Slice<float> GradientBeta { get; init; }

    /// <summary>Stride with the default resolved.</summary>
    public int RowX => StrideX != 0 ? StrideX : Width;

    /// <inheritdoc/>
    public string Shape => $"rows={Rows} {SampleShape}";

    /// <inheritdoc/>
    public string SampleShape => $"width={Width}" + (StrideX == 0 ? "" : $" stride={StrideX}")
        + (GradientY.IsEmpty ? " rounded" : "") + (AccumulateX ? " accumulate" : "");

    /// <inheritdoc/>
    public double Flops => 14.0 * Rows * Width;

    /// <inheritdoc/>
    public double Bytes => (((GradientY.IsEmpty ? 10.0 : 12.0) + (AccumulateX ? 4.0 : 0)) * Rows * Width) + (20.0 * Width) + (8.0 * Rows);

    /// <inheritdoc/>
    public void Validate()
    {
        Require.Size(Op, "rows", Rows);
        Require.Size(Op, "width", Width);
        Require.Size(Op, "stride", RowX, Width);
        Require.Operand(Op, nameof(X), X, ((long)(Rows - 1) * RowX) + Width);
        Require.Operand(Op, nameof(Gamma), Gamma, Width);
        Require.Operand(Op, nameof(Mean), Mean, Rows);
        Require.Operand(Op, nameof(InverseDeviation), InverseDeviation, Rows);
        Require.That(
            Op, GradientY.IsEmpty != RoundedGradientY.IsEmpty,
            "exactly one of the operands 'GradientY' and 'RoundedGradientY' must be given");
        Require.OperandIfGiven(Op, nameof(GradientY), GradientY, (long)Rows * Width);
        Require.OperandIfGiven(Op, nameof(RoundedGradientY), RoundedGradientY, (long)Rows * Width);
        Require.Operand(Op, nameof(GradientX), GradientX, ((long)(Rows - 1) * RowX) + Width);
        Require.Operand(Op, nameof(GradientGamma), GradientGamma, Width);
        Require.Operand(Op, nameof(GradientBeta), GradientBeta, Width);
    }
}
