using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>Where one head of one sequence lies in the arrays of an attention call, for a thread of a GPU.</summary>
internal readonly struct GpuAttentionHead
{
    /// <summary>Elements from one token to the next in [B,L,H,d].</summary>
    public readonly int Width;

    /// <summary>The head's first element in [B,L,H,d].</summary>
    public readonly long Output;

    /// <summary>The head's first element in [B,H,L].</summary>
    public readonly long Row;

    private readonly long _packed;

    /// <param name="index">Number of the head in the batch: sequence times heads plus head.</param>
    /// <param name="tokens">Tokens per sequence.</param>
    /// <param name="heads">Heads.</param>
    /// <param name="size">Width of a head.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public GpuAttentionHead(int index, int tokens, int heads, int size)
    {
        var sequence = index / heads;
        var offset = (index - (sequence * heads)) * size;
        Width = heads * size;
        Output = ((long)sequence * tokens * Width) + offset;
        Row = (long)index * tokens;
        _packed = ((long)sequence * tokens * PackedWidth) + offset;
    }

    /// <summary>Elements from one token to the next in [B,L,3,H,d].</summary>
    public int PackedWidth => 3 * Width;

    /// <summary>The head's first query in [B,L,3,H,d].</summary>
    public long Query => _packed;

    /// <summary>The head's first key.</summary>
    public long Key => _packed + Width;

    /// <summary>The head's first value.</summary>
    public long Value => _packed + Width + Width;
}
