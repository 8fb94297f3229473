namespace DPT.Engine.Kernels;

/// <summary>
/// As <see cref="MatMulCall"/> with factors of bf16: C = [C +] act(op(A) op(B) + bias) + residual, or, with <see cref="GradientOf"/>
/// set, C = [C +] (op(A) op(B)) * act'(preActivation). Products are exact and sums in fp32; the result is fp32, or is rounded
/// once to bf16, to be a factor itself. All row-major; op(A) is [M,K], op(B) is [K,N], C is [M,N].
/// </summary>
public readonly record struct MatMulBf16Call : IKernelCall
{
    private const string Op = "matmul.bf16";

    /// <summary>Rows of op(A) and C.</summary>
    public required int M { get; init; }

    /// <summary>Columns of op(B) and C.</summary>
    public required int N { get; init; }

    /// <summary>Columns of op(A), rows of op(B); the length of each sum.</summary>
    public required int K { get; init; }

    /// <summary>A is stored [K,M] instead of [M,K].</summary>
    public bool TransposeA { get; init; }

    /// <summary>B is stored [N,K] instead of [K,N], as the weight of a linear layer is.</summary>
    public bool TransposeB { get; init; }

    /// <summary>The left factor.</summary>
    public required Slice<BFloat16> A { get; init; }

    /// <summary>The right factor.</summary>
    public required Slice<BFloat16> B { get; init; }

    /// <summary>The result in fp32; empty if it is <see cref="RoundedC"/> that is asked for.</summary>
    public Slice<float> C { get; init; }

    /// <summary>The result rounded to bf16; empty if it is <see cref="C"/> that is asked for.</summary>
    public Slice<BFloat16> RoundedC { get; init; }

    /// <summary>Elements from one stored row of A to the next; 0 means rows are adjacent, fewer than a row has overlap.</summary>
    public int StrideA { get; init; }

    /// <summary>Elements from one stored row of B to the next; 0 means rows are adjacent, fewer than a row has overlap.</summary>
    public int StrideB { get; init; }

    /// <summary>Elements from one row of C (and of residual and pre-activation) to the next; 0 means N.</summary>
    public int StrideC { get; init; }

    /// <summary>Add to what <see cref="C"/> holds instead of replacing it.</summary>
    public bool Accumulate { get; init; }

    /// <summary>Added to every row before the activation: N elements, or empty.</summary>
    public Slice<float> Bias { get; init; }

    /// <summary>Applied to the biased sum, before anything is rounded.</summary>
    public Activation Activation { get; init; }

    /// <summary>
    /// The biased sum before the activation, laid out like C: an output that the backward pass needs (may be empty), or, with
    /// <see cref="GradientOf"/>, an input.
    /// </summary>
    public Slice<BFloat16> PreActivation { get; init; }

    /// <summary>Added after the activation, laid out like C; may be the same memory as <see cref="C"/>. Empty if there is none.</summary>
    public Slice<float> Residual { get; init; }

    /// <summary>If not None: multiply the sum by the derivative of this function at <see cref="PreActivation"/>.</summary>
    public Activation GradientOf { get; init; }

    internal MatMulSizes Sizes => new(M, N, K)
    {
        TransposeA = TransposeA, TransposeB = TransposeB, StrideA = StrideA, StrideB = StrideB, StrideC = StrideC,
    };

    /// <inheritdoc/>
    public string Shape => $"M={M} {RowShape}";

    /// <inheritdoc/>
    /// <remarks>The rows of a transposed A are the K of the sums, as in the gradient of a weight.</remarks>
    public string SampleShape => TransposeA ? Shape : RowShape;

    private string RowShape => $"N={N} K={K} {Sizes.Layout}"
        + (C.IsEmpty ? " rounded" : "")
        + (Bias.IsEmpty ? "" : " bias")
        + (Activation == Activation.None ? "" : $" {Activation}")
        + (GradientOf == Activation.None ? "" : $" {GradientOf}'")
        + (Residual.IsEmpty ? "" : " residual")
        + (Accumulate ? " accumulate" : "")
        + (StrideA + StrideB + StrideC == 0 ? "" : " strided");

    /// <inheritdoc/>
    public double Flops => 2.0 * M * N * K;

    /// <inheritdoc/>
    public double Bytes => (2.0 * (((double)M * K) + ((double)K * N)))
        + ((double)M * N * ((C.IsEmpty ? 2 : 4) + (Accumulate ? 4 : 0) + (Residual.IsEmpty ? 0 : 4) + (PreActivation.IsEmpty ? 0 : 2)));

    /// <inheritdoc/>
    public void Validate()
    {
        Sizes.Validate(Op);
        Require.That(Op, C.IsEmpty != RoundedC.IsEmpty, "exactly one of the operands 'C' and 'RoundedC' must be given");
        Require.That(Op, !Accumulate || !C.IsEmpty, "only a result in fp32 can be added to");
        Require.Operand(Op, nameof(A), A, Sizes.ElementsOfA);
        Require.Operand(Op, nameof(B), B, Sizes.ElementsOfB);
        Require.OperandIfGiven(Op, nameof(C), C, Sizes.ElementsOfC);
        Require.OperandIfGiven(Op, nameof(RoundedC), RoundedC, Sizes.ElementsOfC);
        Require.OperandIfGiven(Op, nameof(Bias), Bias, N);
        Require.OperandIfGiven(Op, nameof(PreActivation), PreActivation, Sizes.ElementsOfC);
        Require.OperandIfGiven(Op, nameof(Residual), Residual, Sizes.ElementsOfC);
        Require.That(
            Op,
            GradientOf == Activation.None
                || (!PreActivation.IsEmpty && Activation == Activation.None && Bias.IsEmpty && Residual.IsEmpty),
            "an activation gradient needs the pre-activation and excludes activation, bias and residual");
    }
}
