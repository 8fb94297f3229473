namespace DPT.Engine.Kernels;

/// <summary>
/// O = softmax(Q K^T / sqrt(d)) V for every batch and head, from packed qkv. Row (b, t) of the packed array is
/// [q | k | v], each [head][d]; nothing of size L x L is ever stored for the whole batch.
/// </summary>
public readonly record struct AttentionForwardCall : IKernelCall
{
    private const string Op = "attention.forward";

    /// <summary>B, L, H and d.</summary>
    public required AttentionShape Dims { get; init; }

    /// <summary>Packed queries, keys and values, [B,L,3,H,d].</summary>
    public required Slice<float> Qkv { get; init; }

    /// <summary>The result, [B,L,H,d].</summary>
    public required Slice<float> Output { get; init; }

    /// <summary>
    /// Log of the sum of exponentials per query, [B,H,L], for those who join results over parts of the keys. May be empty.
    /// </summary>
    public Slice<float> LogSumExp { get; init; }

    /// <inheritdoc cref="AttentionShape.Batch"/>
    public int Batch => Dims.Batch;

    /// <inheritdoc cref="AttentionShape.Tokens"/>
    public int Tokens => Dims.Tokens;

    /// <inheritdoc cref="AttentionShape.Heads"/>
    public int Heads => Dims.Heads;

    /// <inheritdoc cref="AttentionShape.HeadSize"/>
    public int HeadSize => Dims.HeadSize;

    /// <inheritdoc cref="AttentionShape.Width"/>
    public int Width => Dims.Width;

    /// <inheritdoc/>
    public string Shape => Dims.ToString();

    /// <inheritdoc/>
    public string SampleShape => Dims.OfSequence;

    /// <inheritdoc/>
    public double Flops => 2 * Dims.ProductFlops;

    /// <inheritdoc/>
    public double Bytes => 4.0 * Batch * Tokens * ((4.0 * Width) + (LogSumExp.IsEmpty ? 0 : Heads));

    /// <inheritdoc/>
    public void Validate()
    {
        Dims.Validate(Op);
        Require.Operand(Op, nameof(Qkv), Qkv, 3 * Dims.Elements);
        Require.Operand(Op, nameof(Output), Output, Dims.Elements);
        Require.OperandIfGiven(Op, nameof(LogSumExp), LogSumExp, Dims.Rows);
    }
}

/// <summary>Gradient of <see cref="AttentionForwardCall"/>; computes the probabilities again.</summary>
/// <remarks>
/// Nothing but the result is read of the forward pass. A log-sum-exp, as one float, would lose the sum beside a logit of
/// 10^8, and its rounding error would be an exponent.
/// </remarks>
public readonly record struct AttentionBackwardCall : IKernelCall
{
    private const string Op = "attention.backward";

    /// <summary>B, L, H and d.</summary>
    public required AttentionShape Dims { get; init; }

    /// <summary>The forward input, [B,L,3,H,d].</summary>
    public required Slice<float> Qkv { get; init; }

    /// <summary>The forward result, [B,L,H,d].</summary>
    public required Slice<float> Output { get; init; }

    /// <summary>Gradient of the result, [B,L,H,d].</summary>
    public required Slice<float> OutputGradient { get; init; }

    /// <summary>Written, not accumulated: gradient of qkv, [B,L,3,H,d].</summary>
    public required Slice<float> QkvGradient { get; init; }

    /// <inheritdoc cref="AttentionShape.Batch"/>
    public int Batch => Dims.Batch;

    /// <inheritdoc cref="AttentionShape.Tokens"/>
    public int Tokens => Dims.Tokens;

    /// <inheritdoc cref="AttentionShape.Heads"/>
    public int Heads => Dims.Heads;

    /// <inheritdoc cref="AttentionShape.HeadSize"/>
    public int HeadSize => Dims.HeadSize;

    /// <inheritdoc cref="AttentionShape.Width"/>
    public int Width => Dims.Width;

    /// <inheritdoc/>
    public string Shape => Dims.ToString();

    /// <inheritdoc/>
    public string SampleShape => Dims.OfSequence;

    /// <inheritdoc/>
    public double Flops => 5 * Dims.ProductFlops;

    /// <inheritdoc/>
    public double Bytes => 32.0 * Dims.Elements;

    /// <inheritdoc/>
    public void Validate()
    {
        Dims.Validate(Op);
        Require.Operand(Op, nameof(Qkv), Qkv, 3 * Dims.Elements);
        Require.Operand(Op, nameof(Output), Output, Dims.Elements);
        Require.Operand(Op, nameof(OutputGradient), OutputGradient, Dims.Elements);
        Require.Operand(Op, nameof(QkvGradient), QkvGradient, 3 * Dims.Elements);
    }
}
