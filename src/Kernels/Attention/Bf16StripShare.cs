using System.Runtime.CompilerServices;
using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// The strips of 16 rows of a head, in even shares: first those of its blocks, and of these those of their warps. No share has more than one
/// strip beyond another's, so 17 strips are 9 and 8, and 9 are 2, 2, 2 and 3.
/// </summary>
internal readonly struct Bf16StripShare
{
    /// <summary>The warp's first strip in the head.</summary>
    public readonly int First;

    /// <summary>The one behind its last; the first, if it has none.</summary>
    public readonly int End;

    /// <summary>The block's first strip.</summary>
    public readonly int FirstOfBlock;

    /// <summary>The one behind its last.</summary>
    public readonly int EndOfBlock;

    /// <param name="rows">Rows of the head.</param>
    /// <param name="block">Which of its blocks.</param>
    /// <param name="blocks">How many it has.</param>
    /// <param name="warps">Warps of a block, a constant.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Bf16StripShare(int rows, int block, int blocks, int warps) : this(rows, block, blocks, warps, WarpReduce.Warp)
    {
    }

    /// <param name="rows">Rows of the head.</param>
    /// <param name="block">Which of its blocks.</param>
    /// <param name="blocks">How many it has.</param>
    /// <param name="warps">Warps of a block, a constant.</param>
    /// <param name="warp">Which of these.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Bf16StripShare(int rows, int block, int blocks, int warps, int warp)
    {
        var strips = (rows + Bf16HeadTile.Strip - 1) / Bf16HeadTile.Strip;
        FirstOfBlock = block * strips / blocks;
        EndOfBlock = (block + 1) * strips / blocks;
        var own = EndOfBlock - FirstOfBlock;
        First = FirstOfBlock + (warp * own / warps);
        End = FirstOfBlock + ((warp + 1) * own / warps);
    }

    /// <summary>First row of a strip among those of the block.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Own(int strip) => (strip - FirstOfBlock) * Bf16HeadTile.Strip;

    /// <summary>Starts this thread's part of the copy of the block's strips.</summary>
    /// <param name="x">The head's rows.</param>
    /// <param name="shared">Where tiles lie.</param>
    /// <param name="at">First chunk of this one.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Copy<T>(Bf16HeadRows<T> x, ArrayView<UInt4> shared, int at) where T : struct, IHeadSize
    {
        for (var strip = FirstOfBlock; strip < EndOfBlock; strip++)
        {
            x.Copy(shared, at + (Own(strip) * Bf16HeadTile.Chunks<T>()), Bf16HeadTile.Strip, strip * Bf16HeadTile.Strip);
        }
    }
}
