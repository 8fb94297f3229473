namespace DPT.Engine.Kernels;

/// <summary>The sizes that attention and its gradient share.</summary>
/// <param name="Batch">Number of sequences, B.</param>
/// <param name="Tokens">Tokens per sequence, L.</param>
/// <param name="Heads">Attention heads, H.</param>
/// <param name="HeadSize">Width of one head, d, 1 to 256. The scale is 1/sqrt(d).</param>
public readonly record struct AttentionShape(int Batch, int Tokens, int Heads, int HeadSize)
{
    /// <summary>Elements of one token's output row, H d.</summary>
    public int Width => Heads * HeadSize;

    /// <inheritdoc/>
    public override string ToString() => $"B={Batch} {OfSequence}";

    /// <summary>The sizes of one sequence in one short line.</summary>
    internal string OfSequence => $"L={Tokens} H={Heads} d={HeadSize}";

    /// <summary>Elements of the result, B L H d.</summary>
    internal long Elements => (long)Batch * Tokens * Width;

    /// <summary>Rows of all heads, B H L.</summary>
    internal long Rows => (long)Batch * Heads * Tokens;

    /// <summary>Multiply-adds of one product of queries and keys, as floating-point operations.</summary>
    internal double ProductFlops => 2.0 * Batch * Heads * Tokens * Tokens * HeadSize;

    internal void Validate(string op)
    {
        Require.Size(op, "batch", Batch);
        Require.Size(op, "tokens", Tokens, 1, 1 << 20);
        Require.Size(op, "heads", Heads, 1, 1024);
        Require.Size(op, "head size", HeadSize, 1, 256);
        Require.Size(op, "heads of all sequences", (long)Batch * Heads);
    }
}
