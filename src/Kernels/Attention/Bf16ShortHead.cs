using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>
/// A head of a short sequence in shared memory: all rows of two arrays, which are read once (<see cref="Bf16ResidentRows{T}"/>), and of the
/// others those that the block owns (<see cref="Bf16StripShare"/>), which lie at the start.
/// </summary>
internal static class Bf16ShortHead
{
    /// <summary>Pieces of rows, at most; one more than the groups of copies that <see cref="Bf16ResidentRows{T}.Await"/> leaves under way.</summary>
    public const int Pieces = 5;

    /// <summary>So many heads that a number which goes a round beyond the last is an int.</summary>
    private const int MostHeads = int.MaxValue / 2;

    /// <summary>Rows of a piece.</summary>
    public const int Piece = 64;

    /// <summary>Tokens that there is room for; of the widest heads fewer fit into 163 KiB.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int MaxRows(int headSize) => (headSize <= 96 ? Pieces : Pieces - 1) * Piece;

    /// <summary>Rows that a block can own of an array: two blocks have a head.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int OwnRows(int headSize) => MaxRows(headSize) / 2;

    /// <summary>Warps of a block: of the widest heads, of which one block fits at once and not two, it has as many as two of the others.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Warps(int headSize) => headSize <= 72 ? 4 : 8;

    /// <summary>Threads of a block.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Threads(int headSize) => Warps(headSize) * WarpReduce.Lanes;

    /// <summary>Blocks that share the rows of a head.</summary>
    public static int Blocks(int tokens, int headSize) => GridCover.Blocks(tokens, OwnRows(headSize));

    /// <summary>Whether there is a kernel for the head size, rows can be copied in chunks, and a head fits.</summary>
    public static bool Supports(
        in AttentionShape dims, [NotNullWhen(false)] out string? reason, params ReadOnlySpan<Slice<BFloat16>> arrays)
    {
        if (Bf16HeadKernels.Supports(dims.HeadSize, out reason, arrays) && dims.Tokens > MaxRows(dims.HeadSize))
        {
            reason = $"{dims.Tokens} tokens; of heads of {dims.HeadSize} it serves up to {MaxRows(dims.HeadSize)}";
        }

        return reason is null;
    }

    /// <summary>
    /// As <see cref="Supports"/>, for variants of Hopper that keep more of a head than one side: of narrow heads alone it fits.
    /// </summary>
    public static bool SupportsWhole(
        in AttentionShape dims, int maxTokens, [NotNullWhen(false)] out string? reason, params ReadOnlySpan<Slice<BFloat16>> arrays)
    {
        if (Bf16HeadKernels.Supports(dims.HeadSize, out reason, arrays))
        {
            reason = dims.HeadSize > Head64.Size ? $"head size {dims.HeadSize}; it serves up to {Head64.Size}"
                : dims.Tokens > maxTokens ? $"{dims.Tokens} tokens; it serves up to {maxTokens}"
                : (long)dims.Batch * dims.Heads > MostHeads ? $"{(long)dims.Batch * dims.Heads} heads; it serves up to {MostHeads}"
                : null;
        }

        return reason is null;
    }
}
