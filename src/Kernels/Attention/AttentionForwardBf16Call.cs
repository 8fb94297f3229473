namespace DPT.Engine.Kernels;

/// <summary>
/// As <see cref="AttentionForwardCall"/> in bf16: O = softmax(Q K^T / sqrt(d)) V for every batch and head, from packed qkv. Products
/// are exact and sums in fp32; probabilities may be rounded to bf16 before they are multiplied with V, and O is rounded once.
/// </summary>
public readonly record struct AttentionForwardBf16Call : IKernelCall
{
    private const string Op = "attention.forward.bf16";

    /// <summary>B, L, H and d.</summary>
    public required AttentionShape Dims { get; init; }

    /// <summary>Packed queries, keys and values, [B,L,3,H,d].</summary>
    public required Slice<BFloat16> Qkv { get; init; }

    /// <summary>The result, [B,L,H,d].</summary>
    public required Slice<BFloat16> Output { get; init; }

    /// <summary>Log of the sum of exponentials per query, [B,H,L], for the gradient. May be empty.</summary>
    public Slice<float> LogSumExp { get; init; }

    /// <inheritdoc cref="AttentionShape.Tokens"/>
    public int Tokens => Dims.Tokens;

    /// <inheritdoc cref="AttentionShape.Heads"/>
    public int Heads => Dims.Heads;

    /// <inheritdoc cref="AttentionShape.HeadSize"/>
    public int HeadSize => Dims.HeadSize;

    /// <inheritdoc/>
    public string Shape => Dims.ToString();

    /// <inheritdoc/>
    public string SampleShape => Dims.OfSequence;

    /// <inheritdoc/>
    public double Flops => 2 * Dims.ProductFlops;

    /// <inheritdoc/>
    public double Bytes => (8.0 * Dims.Elements) + (LogSumExp.IsEmpty ? 0 : 4.0 * Dims.Rows);

    /// <summary>Of probabilities, between the two products.</summary>
    static double IKernelCall.IntermediateRoundoff => BFloat16.UnitRoundoff;

    /// <inheritdoc/>
    public void Validate()
    {
        Dims.Validate(Op);
        Require.Operand(Op, nameof(Qkv), Qkv, 3 * Dims.Elements);
        Require.Operand(Op, nameof(Output), Output, Dims.Elements);
        Require.OperandIfGiven(Op, nameof(LogSumExp), LogSumExp, Dims.Rows);
    }
}
