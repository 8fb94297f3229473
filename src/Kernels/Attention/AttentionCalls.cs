namespace DPT.Engine.Kernels;

/// <summary>
/// O = softmax(Q K^T / sqrt(d)) V for every batch and head, from packed qkv. Row (b, t) of the packed array is
/// [q | k | v], each [head][d]; nothing of size L x L is ever stored for the whole batch.
/// </summary>
public readonly record struct AttentionForwardCall : IKernelCall
{
    private const string Op = "attention.forward";

    /// <summary>Number of sequences, B.</summary>
    public required int Batch { get; init; }

    /// <summary>Tokens per sequence, L.</summary>
    public required int Tokens { get; init; }

    /// <summary>Attention heads, H.</summary>
    public required int Heads { get; init; }

    /// <summary>Width of one head, d, 1 to 256. The scale is 1/sqrt(d).</summary>
    public required int HeadSize { get; init; }

    /// <summary>Packed queries, keys and values, [B,L,3,H,d].</summary>
    public required Slice<float> Qkv { get; init; }

    /// <summary>The result, [B,L,H,d].</summary>
    public required Slice<float> Output { get; init; }

    /// <summary>
    /// Log of the sum of exponentials per query, [B,H,L], for those who join results over parts of the keys. May be empty.
    /// </summary>
    public Slice<float> LogSumExp { get; init; }

    /// <summary>Elements of one token's output row, H d.</summary>
    public int Width => Heads * HeadSize;

    /// <inheritdoc/>
    public string Shape => $"B={Batch} {SampleShape}";

    /// <inheritdoc/>
    public string SampleShape => $"L={Tokens} H={Heads} d={HeadSize}";

    /// <inheritdoc/>
    public double Flops => 4.0 * Batch * Heads * Tokens * Tokens * HeadSize;

    /// <inheritdoc/>
    public double Bytes => 4.0 * Batch * Tokens * ((4.0 * Width) + (LogSumExp.IsEmpty ? 0 : Heads));

    /// <inheritdoc/>
    public void Validate()
    {
        AttentionLimits.Check(Op, Batch, Tokens, Heads, HeadSize);
        Require.Operand(Op, nameof(Qkv), Qkv, 3L * Batch * Tokens * Width);
        Require.Operand(Op, nameof(Output), Output, (long)Batch * Tokens * Width);
        Require.OperandIfGiven(Op, nameof(LogSumExp), LogSumExp, (long)Batch * Heads * Tokens);
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

    /// <summary>Number of sequences, B.</summary>
    public required int Batch { get; init; }

    /// <summary>Tokens per sequence, L.</summary>
    public required int Tokens { get; init; }

    /// <summary>Attention heads, H.</summary>
    public required int Heads { get; init; }

    /// <summary>Width of one head, d, 1 to 256.</summary>
    public required int HeadSize { get; init; }

    /// <summary>The forward input, [B,L,3,H,d].</summary>
    public required Slice<float> Qkv { get; init; }

    /// <summary>The forward result, [B,L,H,d].</summary>
    public required Slice<float> Output { get; init; }

    /// <summary>Gradient of the result, [B,L,H,d].</summary>
    public required Slice<float> OutputGradient { get; init; }

    /// <summary>Written, not accumulated: gradient of qkv, [B,L,3,H,d].</summary>
    public required Slice<float> QkvGradient { get; init; }

    /// <summary>Elements of one token's output row, H d.</summary>
    public int Width => Heads * HeadSize;

    /// <inheritdoc/>
    public string Shape => $"B={Batch} {SampleShape}";

    /// <inheritdoc/>
    public string SampleShape => $"L={Tokens} H={Heads} d={HeadSize}";

    /// <inheritdoc/>
    public double Flops => 10.0 * Batch * Heads * Tokens * Tokens * HeadSize;

    /// <inheritdoc/>
    public double Bytes => 32.0 * Batch * Tokens * Width;

    /// <inheritdoc/>
    public void Validate()
    {
        AttentionLimits.Check(Op, Batch, Tokens, Heads, HeadSize);
        var rows = (long)Batch * Tokens;
        Require.Operand(Op, nameof(Qkv), Qkv, 3 * rows * Width);
        Require.Operand(Op, nameof(Output), Output, rows * Width);
        Require.Operand(Op, nameof(OutputGradient), OutputGradient, rows * Width);
        Require.Operand(Op, nameof(QkvGradient), QkvGradient, 3 * rows * Width);
    }
}

internal static class AttentionLimits
{
    public static void Check(string op, int batch, int tokens, int heads, int headSize)
    {
        Require.Size(op, "batch", batch);
        Require.Size(op, "tokens", tokens, 1, 1 << 20);
        Require.Size(op, "heads", heads, 1, 1024);
        Require.Size(op, "head size", headSize, 1, 256);
        Require.Size(op, "heads of all sequences", (long)batch * heads);
    }
}
