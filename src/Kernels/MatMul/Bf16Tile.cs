using System.Runtime.CompilerServices;
using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// One factor of a product in bf16 on its way to tensor cores: tiles of so many rows of op(A) or columns of op(B) (mn) by 64 of K
/// are copied to shared memory asynchronously, and fragments are read from there. Either way that a factor lies in memory, a row of
/// shared memory has 64 elements that are neighbours in global memory: 128 bytes, all banks once. If those run along K the tile has
/// a row for each mn; if they run along mn, it has 64 rows for each 64 of mn, and fragments are transposed when they are read.
/// A row's eight chunks of 16 bytes are exchanged by the row's number, so neither copies nor fragments ever meet a bank twice.
/// </summary>
/// <remarks>Limits: rows start at multiples of 16 bytes; every thread copies a chunk of each of the rows that are threads / 8 apart.</remarks>
/// <typeparam name="T">How the factor lies.</typeparam>
internal readonly struct Bf16Tile<T> where T : struct, IOperandLayout
{
    /// <summary>K of a tile, and elements of a row of shared memory.</summary>
    public const int K = 64;

    /// <summary>Chunks of a row of shared memory.</summary>
    public const int ChunksOfRow = K / Bf16Memory.OfChunk;

    private readonly ArrayView<UInt4> _x;
    private readonly int _rowChunks;
    private readonly int _first;
    private readonly int _count;

    // This thread's chunk in the rows of shared memory that it fills, the first of those, and its place in global memory at K = 0.
    private readonly int _chunk;
    private readonly int _own;
    private readonly long _source;

    /// <param name="x">The factor.</param>
    /// <param name="stride">Elements from one of its rows in memory to the next.</param>
    /// <param name="first">First mn of the block's tile.</param>
    /// <param name="count">M or N.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Bf16Tile(ArrayView<BFloat16> x, int stride, int first, int count)
    {
        _x = x.Cast<UInt4>();
        _rowChunks = stride / Bf16Memory.OfChunk;
        _first = first;
        _count = count;
        _own = Group.IdxX / ChunksOfRow;
        _chunk = Group.IdxX & (ChunksOfRow - 1);
        _source = T.IsKMajor
            ? ((long)(first + _own) * _rowChunks) + _chunk
            : ((long)_own * _rowChunks) + (first / Bf16Memory.OfChunk) + _chunk;
    }

    /// <summary>Starts this thread's part of the copy of a tile; zeros beyond the edges.</summary>
    /// <param name="shared">Where tiles lie.</param>
    /// <param name="at">First chunk of this one.</param>
    /// <param name="mn">Rows or columns of a tile.</param>
    /// <param name="threads">Threads of the block.</param>
    /// <param name="k">First K of the tile.</param>
    /// <param name="end">Behind the last K.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Copy(ArrayView<UInt4> shared, int at, int mn, int threads, int k, int end)
    {
        var rows = threads / ChunksOfRow;
        if (k + K <= end && _first + mn <= _count)
        {
            CopyWhole(shared, at + Swizzle(_own, _chunk), mn, rows, k);
        }
        else
        {
            for (var i = 0; i < mn / rows; i++)
            {
                CopyChunk(shared, at, _own + (i * rows), k, end);
            }
        }
    }

    /// <summary>A tile without edges. The rows that a thread fills are a multiple of eight apart, so its chunk is the same in all.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void CopyWhole(ArrayView<UInt4> shared, int target, int mn, int rows, int k)
    {
        var source = T.IsKMajor ? _source + (k / Bf16Memory.OfChunk) : _source + ((long)k * _rowChunks);
        for (var i = 0; i < mn / rows; i++)
        {
            var from = T.IsKMajor
                ? source + ((long)_rowChunks * (i * rows))
                : source + ((long)_rowChunks * (i * rows & (K - 1))) + (i * rows / K * ChunksOfRow);
            TensorCore.CopyAsync(ref shared[target + (i * rows * ChunksOfRow)], ref _x[from]);
        }
    }

    /// <summary>A chunk of a row that may be cut by an edge or lie beyond it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void CopyChunk(ArrayView<UInt4> shared, int at, int row, int k, int end)
    {
        var inRow = Bf16Memory.OfChunk * _chunk;
        int outer = T.IsKMajor ? _first + row : k + (row & (K - 1)), outers = T.IsKMajor ? _count : end;
        int inner = T.IsKMajor ? k + inRow : _first + (row / K * K) + inRow, inners = T.IsKMajor ? end : _count;

        // Of a chunk beyond an edge nothing is read; its address is one that exists.
        var bytes = outer < outers && inner < inners ? (inners - inner) * 2 : 0;
        var source = bytes == 0 ? 0L : ((long)outer * _rowChunks) + (inner / Bf16Memory.OfChunk);
        TensorCore.CopyAsync(ref shared[at + Swizzle(row, _chunk)], ref _x[source], bytes < 16 ? bytes : 16);
    }

    /// <summary>
    /// Where a lane begins to read the fragments of a left factor from a mn of the tile on; <see cref="Load"/> goes on from there.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int LeftFragment(int mn, int lane) => T.IsKMajor
        ? Swizzle(mn + (lane & 15), lane / 16)
        : Swizzle((mn / K * K) + (lane & 7) + (lane / 16 * 8), (mn & (K - 1)) / 8 + ((lane / 8) & 1));

    /// <summary>As <see cref="LeftFragment"/>, of a right factor.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int RightFragment(int mn, int lane) => T.IsKMajor
        ? Swizzle(mn + (lane & 7) + (lane / 16 * 8), (lane / 8) & 1)
        : Swizzle((mn / K * K) + (lane & 15), ((mn & (K - 1)) / 8) + (lane / 16));

    /// <summary>
    /// The fragment of 16 of mn by 16 of K, as the left factor of <see cref="TensorCore.MultiplyBf16(UInt4, UInt2, Float4)"/>, or two right factors of 8
    /// columns each.
    /// </summary>
    /// <param name="shared">Where tiles lie.</param>
    /// <param name="at">This lane's place in the tile, from <see cref="LeftFragment"/> or <see cref="RightFragment"/>.</param>
    /// <param name="i">So many times 16 of mn further; within 64.</param>
    /// <param name="step">So many times 16 of K further.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static UInt4 Load(ArrayView<UInt4> shared, int at, int i, int step) => T.IsKMajor
        ? TensorCore.LoadMatrices(ref shared[(at ^ (2 * step)) + (i * 16 * ChunksOfRow)])
        : TensorCore.LoadMatricesTransposed(ref shared[(at ^ (2 * i)) + (step * 16 * ChunksOfRow)]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Swizzle(int row, int chunk) => (row * ChunksOfRow) + (chunk ^ (row & (ChunksOfRow - 1)));
}
