using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>
/// A warpgroup's products of tiles of a head (<see cref="GroupHeadTile{T}"/>), which run in the background, and what passes between them:
/// blocks of eight columns, as a warp of <c>mma.sync</c> has them too.
/// </summary>
internal static class GroupHeadProduct
{
    /// <summary>Rows of the group.</summary>
    public const int Rows = 64;

    /// <summary>Threads of the group.</summary>
    public const int Threads = 128;

    /// <summary>Starts s = a b^T, over the channels.</summary>
    /// <param name="s">The sums, whose old numbers do not count.</param>
    /// <param name="a">64 rows, by their terms.</param>
    /// <param name="b">As many rows as there are columns, by their terms.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TSums MultiplyTransposed<T, TColumns, TSums>(TSums s, ulong a, ulong b)
        where T : struct, IHeadSize
        where TColumns : struct, IGroupColumns<TSums>
        where TSums : struct
    {
        for (var step = 0; step < GroupHeadTile<T>.Steps; step++)
        {
            s = TColumns.TermsByTerms(s, a + GroupHeadTile<T>.OfTerms(Rows, step), b + GroupHeadTile<T>.OfTerms(TColumns.Count, step), step);
        }

        return s;
    }

    /// <summary>Starts sums += p b, over rows of b.</summary>
    /// <param name="sums">The sums.</param>
    /// <param name="p">Left factors of 16 terms each.</param>
    /// <param name="b">The rows, by rows.</param>
    /// <param name="rows">How many, a constant.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TSums AddProduct<T, TColumns, TSums>(TSums sums, UInt4[] p, ulong b, int rows)
        where T : struct, IHeadSize
        where TColumns : struct, IGroupColumns<TSums>
        where TSums : struct
    {
        for (var step = 0; step < rows / 16; step++)
        {
            sums = TColumns.FragmentByRows(sums, p[step], b + GroupHeadTile<T>.OfRows(step));
        }

        return sums;
    }

    /// <summary>The sums as blocks of eight columns.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Read<TColumns, TSums>(TSums sums, Float4[] blocks, int count)
        where TColumns : struct, IGroupColumns<TSums>
        where TSums : struct
    {
        for (var b = 0; b < count; b++)
        {
            blocks[b] = TColumns.Block(sums, b);
        }
    }

    /// <summary>Blocks as sums: those that they were made from stay in their registers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TSums With<TColumns, TSums>(TSums sums, Float4[] blocks, int count)
        where TColumns : struct, IGroupColumns<TSums>
        where TSums : struct
    {
        for (var b = 0; b < count; b++)
        {
            sums = TColumns.WithBlock(sums, b, blocks[b]);
        }

        return sums;
    }

    /// <summary>Rounds blocks to left factors of 16 terms each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Pack(Float4[] blocks, UInt4[] p, int columns)
    {
        for (var step = 0; step < columns / 16; step++)
        {
            p[step] = Bf16HeadProduct.Packed(blocks, 2 * step);
        }
    }
}
