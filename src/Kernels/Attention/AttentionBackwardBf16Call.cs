namespace DPT.Engine.Kernels;

/// <summary>
/// Gradient of <see cref="AttentionForwardBf16Call"/>; computes the probabilities again. Sums are fp32; probabilities and the gradients
/// of scores may be rounded to bf16 before they are multiplied, and gradients are rounded once.
/// </summary>
public readonly record struct AttentionBackwardBf16Call : IKernelCall
{
    private const string Op = "attention.backward.bf16";

    /// <summary>B, L, H and d.</summary>
    public required AttentionShape Dims { get; init; }

    /// <summary>The forward input, [B,L,3,H,d].</summary>
    public required Slice<BFloat16> Qkv { get; init; }

    /// <summary>The forward result, [B,L,H,d].</summary>
    public required Slice<BFloat16> Output { get; init; }

    /// <summary>
    /// What the forward pass saved, [B,H,L]; a variant may also compute it again. As one float it is off by its rounding error, which is
    /// an exponent: logits beyond 10^5 cost more digits than bf16 has.
    /// </summary>
    public required Slice<float> LogSumExp { get; init; }

    /// <summary>Gradient of the result, [B,L,H,d].</summary>
    public required Slice<BFloat16> OutputGradient { get; init; }

    /// <summary>Written, not accumulated: gradient of qkv, [B,L,3,H,d].</summary>
    public required Slice<BFloat16> QkvGradient { get; init; }

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
    public double Flops => 5 * Dims.ProductFlops;

    /// <inheritdoc/>
    public double Bytes => (16.0 * Dims.Elements) + (4.0 * Dims.Rows);

    /// <summary>Of probabilities and the gradients of scores, between products.</summary>
    static double IKernelCall.IntermediateRoundoff => BFloat16.UnitRoundoff;

    /// <inheritdoc/>
    public void Validate()
    {
        Dims.Validate(Op);
        Require.Operand(Op, nameof(Qkv), Qkv, 3 * Dims.Elements);
        Require.Operand(Op, nameof(Output), Output, Dims.Elements);
        Require.Operand(Op, nameof(LogSumExp), LogSumExp, Dims.Rows);
        Require.Operand(Op, nameof(OutputGradient), OutputGradient, Dims.Elements);
        Require.Operand(Op, nameof(QkvGradient), QkvGradient, 3 * Dims.Elements);
    }
}
