using System.Runtime.CompilerServices;
using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// Rows of a head in bf16 in shared memory, for tensor cores: chunks of 16 bytes, as they lie in global memory, and fragments of 16
/// rows by 16 channels that are read from them. The chunks of a row change places by the row's number so that eight rows in a
/// column meet every bank once: among eight where a row is whole lines of 128 bytes (d = 64, 128), among four where it is half a line
/// more (32, 96). Where it is an odd number of chunks (72) they stay, and behind the fragments of 16 channels there is one of 8.
/// </summary>
internal static class Bf16HeadTile
{
    public const int Warps = 4;
    public const int Threads = Warps * WarpReduce.Lanes;

    /// <summary>Rows of a fragment, and of one tile of a warp.</summary>
    public const int Strip = 16;

    /// <summary>The most numbers that one thread has of a row of eight, in all blocks of eight channels of one strip.</summary>
    public const int MaxBlocks = 16;

    /// <summary>Chunks of a row; blocks of eight channels.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Chunks<T>() where T : struct, IHeadSize => T.Size / Bf16Memory.OfChunk;

    /// <summary>Fragments of 16 channels.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Pairs<T>() where T : struct, IHeadSize => Chunks<T>() / 2;

    /// <summary>Whether there is a fragment of 8 channels behind those of 16.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool HasLast<T>() where T : struct, IHeadSize => (Chunks<T>() & 1) != 0;

    /// <summary>Where a chunk of a row lies.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Place<T>(int row, int chunk) where T : struct, IHeadSize =>
        (row * Chunks<T>()) + (chunk ^ (ChunksOfLines<T>() ? row & 7 : (row / 2) & Exchanged<T>()));

    /// <summary>So many pairs of chunks further in the same row.</summary>
    /// <param name="at">A place, from the start of a tile of a multiple of eight rows on.</param>
    /// <param name="pair">How many.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Further<T>(int at, int pair) where T : struct, IHeadSize =>
        (at ^ (2 * pair & Exchanged<T>())) + (2 * pair & ~Exchanged<T>());

    /// <summary>
    /// Where a lane begins to read fragments whose rows are a left factor's rows, or the terms of a right factor, which is transposed.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int AtRows<T>(int row) where T : struct, IHeadSize => Place<T>(row + (WarpReduce.Lane & 15), WarpReduce.Lane / 16);

    /// <summary>Where a lane begins to read fragments whose rows are a right factor's columns.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int AtColumns<T>(int row) where T : struct, IHeadSize =>
        Place<T>(row + (WarpReduce.Lane & 7) + (WarpReduce.Lane / 16 * 8), (WarpReduce.Lane / 8) & 1);

    /// <summary>Where a lane begins to read the fragments of the last 8 channels, whatever they are.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int AtLast<T>(int row) where T : struct, IHeadSize => Place<T>(row + (WarpReduce.Lane & 15), Chunks<T>() - 1);

    /// <summary>Bits of a chunk's number that the number of its row changes.</summary>
    private static int Exchanged<T>() where T : struct, IHeadSize => ChunksOfLines<T>() ? 7 : HasLast<T>() ? 0 : 3;

    private static bool ChunksOfLines<T>() where T : struct, IHeadSize => (Chunks<T>() & 7) == 0;
}

/// <summary>
/// Rows of a head in global memory on their way to a tile, copied asynchronously by all threads of a block: neighbours bring whole
/// rows, or 64 bytes of each (d = 96).
/// </summary>
internal readonly struct Bf16HeadRows<T> where T : struct, IHeadSize
{
    private readonly ArrayView<UInt4> _x;
    private readonly long _source;
    private readonly int _stride;
    private readonly int _count;
    private readonly int _apart;
    private readonly int _own;
    private readonly int _target;

    /// <param name="x">The array; the head's rows start at multiples of 16 bytes.</param>
    /// <param name="first">The head's first element in it.</param>
    /// <param name="stride">Elements from one row to the next.</param>
    /// <param name="count">Rows that there are.</param>
    /// <param name="threads">Threads of the block, a constant.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Bf16HeadRows(ArrayView<BFloat16> x, long first, int stride, int count, int threads = Bf16HeadTile.Threads)
    {
        // Rows that all threads bring at once; of 9 chunks each some threads are left.
        _apart = threads / Across;
        var chunk = Group.IdxX % Across;
        _own = Group.IdxX / Across;
        _x = x.Cast<UInt4>();
        _source = (first / Bf16Memory.OfChunk) + chunk;
        _stride = stride / Bf16Memory.OfChunk;
        _count = count;
        _target = Bf16HeadTile.Place<T>(_own, chunk);
    }

    /// <summary>Chunks of a row that neighbours bring at once.</summary>
    private static int Across => Bf16HeadTile.Chunks<T>() == 12 ? 4 : Bf16HeadTile.Chunks<T>();

    /// <summary>Starts this thread's part of the copy of all rows; zeros behind the last, to the end of its strip.</summary>
    /// <param name="shared">Where tiles lie.</param>
    /// <param name="at">First chunk of this one.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void CopyAll(ArrayView<UInt4> shared, int at)
    {
        const int Many = 4 * Bf16HeadTile.Strip;
        var row = 0;
        for (; row + Many <= _count; row += Many)
        {
            Copy(shared, at + (row * Bf16HeadTile.Chunks<T>()), Many, row);
        }

        for (; row < _count; row += Bf16HeadTile.Strip)
        {
            Copy(shared, at + (row * Bf16HeadTile.Chunks<T>()), Bf16HeadTile.Strip, row);
        }
    }

    /// <summary>Starts this thread's part of the copy of some rows; zeros behind the last.</summary>
    /// <param name="shared">Where tiles lie.</param>
    /// <param name="at">First chunk of this one.</param>
    /// <param name="rows">Rows of the tile, a constant.</param>
    /// <param name="row">The first of them.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Copy(ArrayView<UInt4> shared, int at, int rows, int row)
    {
        for (var i = 0; i < (rows + _apart - 1) / _apart; i++)
        {
            // Rows of a thread are a multiple of eight apart, or change no places, so its chunks lie in the same places in all.
            var own = _own + (i * _apart);
            if (rows % _apart == 0 || (own < rows && _own < _apart))
            {
                // Of a row that does not exist nothing is read; its address is one that exists.
                var isThere = row + own < _count;
                var source = _source + ((long)_stride * (isThere ? row + own : 0));
                for (var p = 0; p < Bf16HeadTile.Chunks<T>() / Across; p++)
                {
                    var target = at + _target + (i * _apart * Bf16HeadTile.Chunks<T>()) + (p * Across);
                    TensorCore.CopyAsync(ref shared[target], ref _x[source + (p * Across)], isThere ? 16 : 0);
                }
            }
        }
    }
}
