using System.Diagnostics.CodeAnalysis;

namespace DPT.Engine.Kernels;

/// <summary>What the tiled variants can hold in scratch memory.</summary>
internal static class AttentionTiling
{
    /// <summary>
    /// Scores of a block of queries, 32 KiB: enough rows to use packed keys well, and the second-level cache holds the
    /// block beside them.
    /// </summary>
    public const int ScoreFloats = 8192;

    private const int MaxTokens = 16384;

    /// <summary>Whether the packed keys and values of a whole sequence still make sense as scratch memory.</summary>
    public static bool Supports(int tokens, [NotNullWhen(false)] out string? reason)
    {
        reason = tokens <= MaxTokens ? null : $"L is {tokens}, the scratch memory is made for {MaxTokens} at most";
        return reason is null;
    }
}

/// <summary>Sizes of the tiles of one head, in vectors of type <typeparamref name="V"/>.</summary>
internal readonly struct AttentionTiling<V> where V : struct, ISimd<V>
{
    private const int CacheLine = 16;

    /// <param name="tokens">Tokens per sequence.</param>
    /// <param name="size">Width of a head.</param>
    public AttentionTiling(int tokens, int size)
    {
        Tokens = tokens;
        Size = size;
        TokenVectors = (tokens + V.Count - 1) / V.Count;
        SizeVectors = (size + V.Count - 1) / V.Count;

        // An odd number of cache lines: rows that are a power of two apart fight for the same cache sets.
        ScoreStride = ((RoundUp(TokenVectors * V.Count, CacheLine) / CacheLine) | 1) * CacheLine;

        // Blocks of equal size rather than a small last one.
        var max = Math.Max(GemmMicroKernel.Rows, AttentionTiling.ScoreFloats / ScoreStride);
        var blocks = (tokens + max - 1) / max;
        BlockRows = Padded((tokens + blocks - 1) / blocks);
    }

    public int Tokens { get; }

    public int Size { get; }

    /// <summary>Vectors in a row of scores.</summary>
    public int TokenVectors { get; }

    /// <summary>Vectors in a row of a head.</summary>
    public int SizeVectors { get; }

    /// <summary>Query rows that are handled at once, a multiple of six.</summary>
    public int BlockRows { get; }

    /// <summary>Elements from one row of scores to the next.</summary>
    public int ScoreStride { get; }

    /// <summary>Elements from one row of a head in scratch memory to the next.</summary>
    public int SizeStride => SizeVectors * V.Count;

    /// <summary>Floats of a block of scores.</summary>
    public int Scores => BlockRows * ScoreStride;

    /// <summary>Floats of the panels of a head with that many rows.</summary>
    public int Panels(int rows) => RoundUp((SizeVectors + 1) / 2 * 2 * V.Count * rows, CacheLine);

    /// <summary>Floats of the panels of the whole transposed head.</summary>
    public int TransposedPanels => RoundUp((TokenVectors + 1) / 2 * 2 * V.Count * Size, CacheLine);

    /// <summary>Floats of that many rows of a head, in whole tiles.</summary>
    public int Rows(int rows) => RoundUp(Padded(rows) * SizeStride, CacheLine);

    private static int Padded(int rows) => RoundUp(rows, GemmMicroKernel.Rows);

    private static int RoundUp(int value, int multiple) => (value + multiple - 1) / multiple * multiple;
}
