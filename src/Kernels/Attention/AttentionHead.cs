namespace DPT.Engine.Kernels;

/// <summary>Where one head of one sequence lies in the arrays of an attention call.</summary>
internal readonly unsafe struct AttentionHead
{
    /// <param name="index">Number of the chunk: sequence times heads plus head.</param>
    /// <param name="shape">The sizes.</param>
    public AttentionHead(int index, in AttentionShape shape)
    {
        var (sequence, head) = Math.DivRem(index, shape.Heads);
        Width = shape.Width;
        PackedOffset = ((long)sequence * shape.Tokens * 3 * Width) + ((long)head * shape.HeadSize);
        PlainOffset = ((long)sequence * shape.Tokens * Width) + ((long)head * shape.HeadSize);
        RowOffset = (long)index * shape.Tokens;
    }

    /// <summary>Elements before the head's first query in [B,L,3,H,d].</summary>
    public long PackedOffset { get; }

    /// <summary>Elements before the head's first row in [B,L,H,d].</summary>
    public long PlainOffset { get; }

    /// <summary>Elements before the head's first in [B,H,L].</summary>
    public long RowOffset { get; }

    /// <summary>Elements from one token to the next in [B,L,H,d].</summary>
    public int Width { get; }

    /// <summary>Elements from one token to the next in [B,L,3,H,d].</summary>
    public int PackedWidth => 3 * Width;

    /// <summary>The head's first query in [B,L,3,H,d].</summary>
    public float* Query(float* qkv) => qkv + PackedOffset;

    /// <summary>The head's first key.</summary>
    public float* Key(float* qkv) => qkv + PackedOffset + Width;

    /// <summary>The head's first value.</summary>
    public float* Value(float* qkv) => qkv + PackedOffset + (2L * Width);

    /// <summary>The head's first row in [B,L,H,d].</summary>
    public float* Output(float* output) => output + PlainOffset;

    /// <summary>The head's first element in [B,H,L].</summary>
    public float* LogSumExp(float* logSumExp) => logSumExp + RowOffset;
}
