namespace DPT.Engine.Kernels;

/// <summary>
/// C = [C +] act(op(A) op(B) + bias) + residual, or, with <see cref="GradientOf"/> set,
/// C = [C +] (op(A) op(B)) * act'(preActivation). All row-major fp32; op(A) is [M,K], op(B) is [K,N], C is [M,N].
/// Or several plain products C = [C +] op(A) op(B) of one shape at once (<see cref="Products"/>).
/// </summary>
public readonly record struct MatMulCall : IKernelCall
{
    private const string Op = "matmul";

    /// <summary>Most products of a call: the third side of a card's grid.</summary>
    private const int MostProducts = 65535;

    /// <summary>Rows of op(A) and C.</summary>
    public required int M { get; init; }

    /// <summary>Columns of op(B) and C.</summary>
    public required int N { get; init; }

    /// <summary>Columns of op(A), rows of op(B); the length of each sum.</summary>
    public required int K { get; init; }

    /// <summary>
    /// Products of the call, up to 65535: factors and results lie one after another, [Products,M,K] and so on, without gaps, and
    /// nothing but <see cref="Accumulate"/> is done to them. 0 means 1.
    /// </summary>
    public int Products { get; init; }

    /// <summary>A is stored [K,M] instead of [M,K].</summary>
    public bool TransposeA { get; init; }

    /// <summary>B is stored [N,K] instead of [K,N], as the weight of a linear layer is.</summary>
    public bool TransposeB { get; init; }

    /// <summary>The left factor.</summary>
    public required Slice<float> A { get; init; }

    /// <summary>The right factor.</summary>
    public required Slice<float> B { get; init; }

    /// <summary>The result.</summary>
    public required Slice<float> C { get; init; }

    /// <summary>
    /// Elements from one stored row of A to the next; 0 means rows are adjacent. Fewer than a row has make rows overlap, as the
    /// neighbourhoods of a convolution do.
    /// </summary>
    public int StrideA { get; init; }

    /// <summary>Elements from one stored row of B to the next; 0 means rows are adjacent, fewer than a row has overlap.</summary>
    public int StrideB { get; init; }

    /// <summary>Elements from one row of C (and of residual and pre-activation) to the next; 0 means N.</summary>
    public int StrideC { get; init; }

    /// <summary>Add to what C holds instead of replacing it.</summary>
    public bool Accumulate { get; init; }

    /// <summary>Added to every row before the activation: N elements, or empty.</summary>
    public Slice<float> Bias { get; init; }

    /// <summary>Applied to the biased sum.</summary>
    public Activation Activation { get; init; }

    /// <summary>
    /// The biased sum before the activation, laid out like C: an output that the backward pass needs (may be
    /// empty), or, with <see cref="GradientOf"/>, an input.
    /// </summary>
    public Slice<float> PreActivation { get; init; }

    /// <summary>Added after the activation, laid out like C; may be the same memory as C. Empty if there is none.</summary>
    public Slice<float> Residual { get; init; }

    /// <summary>If not None: multiply the sum by the derivative of this function at <see cref="PreActivation"/>.</summary>
    public Activation GradientOf { get; init; }

    /// <summary>Stride of A with the default resolved.</summary>
    public int RowA => Sizes.RowA;

    /// <summary>Stride of B with the default resolved.</summary>
    public int RowB => Sizes.RowB;

    /// <summary>Stride of C with the default resolved.</summary>
    public int RowC => Sizes.RowC;

    internal MatMulSizes Sizes => new(M, N, K)
    {
        TransposeA = TransposeA, TransposeB = TransposeB, StrideA = StrideA, StrideB = StrideB, StrideC = StrideC,
    };

    /// <summary>Number of products with the default resolved.</summary>
    internal int Count => Math.Max(Products, 1);

    /// <summary>One of the products, as a call.</summary>
    internal MatMulCall Product(int index) => Products <= 1 ? this : this with
    {
        Products = 1,
        A = A.Range(index * ElementsOfA, ElementsOfA),
        B = B.Range(index * ElementsOfB, ElementsOfB),
        C = C.Range(index * ElementsOfC, ElementsOfC),
    };

    internal long ElementsOfA => Sizes.ElementsOfA;

    internal long ElementsOfB => Sizes.ElementsOfB;

    internal long ElementsOfC => Sizes.ElementsOfC;

    /// <inheritdoc/>
    public string Shape => (Products > 1 ? $"{Products} of " : "") + $"M={M} {RowShape}";

    /// <inheritdoc/>
    /// <remarks>
    /// The rows of a transposed A are the K of the sums, as in the gradient of a weight; several products are none of samples.
    /// </remarks>
    public string SampleShape => TransposeA || Products > 1 ? Shape : RowShape;

    private string RowShape => $"N={N} K={K} {Sizes.Layout}"
        + (Bias.IsEmpty ? "" : " bias")
        + (Activation == Activation.None ? "" : $" {Activation}")
        + (GradientOf == Activation.None ? "" : $" {GradientOf}'")
        + (Residual.IsEmpty ? "" : " residual")
        + (Accumulate ? " accumulate" : "")
        + (StrideA + StrideB + StrideC == 0 ? "" : " strided");

    /// <inheritdoc/>
    public double Flops => 2.0 * M * N * K * Count;

    /// <inheritdoc/>
    public double Bytes => 4.0 * Count * (((double)M * K) + ((double)K * N)
        + ((double)M * N * (1 + (Accumulate ? 1 : 0) + (Residual.IsEmpty ? 0 : 1) + (PreActivation.IsEmpty ? 0 : 1))));

    /// <inheritdoc/>
    public void Validate()
    {
        Sizes.Validate(Op);
        Require.That(Op, Products is >= 0 and <= MostProducts, $"Products must be from 0 to {MostProducts}, not {Products}");
        Require.Operand(Op, nameof(A), A, Count * ElementsOfA);
        Require.Operand(Op, nameof(B), B, Count * ElementsOfB);
        Require.Operand(Op, nameof(C), C, Count * ElementsOfC);
        Require.OperandIfGiven(Op, nameof(Bias), Bias, N);
        Require.OperandIfGiven(Op, nameof(PreActivation), PreActivation, ElementsOfC);
        Require.OperandIfGiven(Op, nameof(Residual), Residual, ElementsOfC);
        Require.That(
            Op,
            Products <= 1
                || (StrideA + StrideB + StrideC == 0 && Activation == Activation.None && GradientOf == Activation.None
                    && Bias.IsEmpty && PreActivation.IsEmpty && Residual.IsEmpty),
            "several products have no strides and nothing behind the sums");
        Require.That(
            Op,
            GradientOf == Activation.None
                || (!PreActivation.IsEmpty && Activation == Activation.None && Bias.IsEmpty && Residual.IsEmpty),
            "an activation gradient needs the pre-activation and excludes activation, bias and residual");
    }
}
