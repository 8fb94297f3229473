using System.Runtime.CompilerServices;
using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// One operand of a product on its way from global to shared memory, in tiles of so many rows of op(A) or columns of op(B) (mn) by
/// so many along K. Threads bring packs of four floats that lie together in global memory. In shared memory the tile is MN-major,
/// and its rows have one pack more than is used, so that a column of packs can be written with no two threads at the same bank.
/// </summary>
internal readonly struct MatMulTileLoader<T> where T : struct, IOperandLayout
{
    private readonly ArrayView<float> _x;
    private readonly int _stride;
    private readonly int _tile;
    private readonly int _threads;
    private readonly int _count;
    private readonly bool _isAligned;

    // This thread's first pack: its mn, its k from the tile's first, and its place in a tile in shared memory (in floats where the
    // operand is K-major, else in packs).
    private readonly int _mn;
    private readonly int _k;
    private readonly int _place;

    /// <param name="x">The operand.</param>
    /// <param name="stride">Elements from one of its rows in memory to the next.</param>
    /// <param name="tile">Rows of op(A) or columns of op(B) of a tile, a power of two.</param>
    /// <param name="threads">Threads of the block; where each brings several packs, no more than two for each mn.</param>
    /// <param name="first">First mn of the block's tile.</param>
    /// <param name="count">M or N.</param>
    /// <param name="isAligned">Whether rows in memory start at multiples of 16 bytes.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public MatMulTileLoader(ArrayView<float> x, int stride, int tile, int threads, int first, int count, bool isAligned)
    {
        _x = x;
        _stride = stride;
        _tile = tile;
        _threads = threads;
        _count = count;
        _isAligned = isAligned;
        if (T.IsKMajor)
        {
            // Two threads read 32 bytes of a row, which is what memory delivers at least, and a warp writes 16 rows of two packs:
            // all 32 banks.
            var mn = (Group.IdxX / 2) & (tile - 1);
            _mn = first + mn;
            _k = 4 * ((Group.IdxX & 1) + (Group.IdxX / (2 * tile) * 2));
            _place = (_k * (tile + 4)) + mn;
        }
        else
        {
            var pack = Group.IdxX & ((tile / 4) - 1);
            _mn = first + (4 * pack);
            _k = Group.IdxX / (tile / 4);
            _place = (_k * ((tile / 4) + 1)) + pack;
        }
    }

    /// <summary>A pack of this thread, of the tile that starts at a k; zeros beyond the edges.</summary>
    /// <param name="pack">Which of its packs, from 0.</param>
    /// <param name="k">First k of the tile.</param>
    /// <param name="end">Behind the last k.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Float4 Fetch(int pack, int k, int end)
    {
        k += _k;
        if (T.IsKMajor)
        {
            var mn = _mn + (pack * MnAtOnce);
            return Load(mn, k, mn < _count ? end - k : 0);
        }

        k += pack * KAtOnce;
        return Load(k, _mn, k < end ? _count - _mn : 0);
    }

    /// <summary>Puts a pack of this thread into the tile that starts at a pack of shared memory.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(ArrayView<Float4> shared, int tile, int pack, Float4 values)
    {
        if (T.IsKMajor)
        {
            for (var i = 0; i < 4; i++)
            {
                shared.Cast<float>()[(4 * tile) + _place + ((pack * MnAtOnce) + (i * (_tile + 4)))] = values[i];
            }
        }
        else
        {
            shared[tile + _place + (pack * KAtOnce * ((_tile / 4) + 1))] = values;
        }
    }

    private int MnAtOnce
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _threads / 2;
    }

    private int KAtOnce
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _threads / (_tile / 4);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Float4 Load(int row, int column, int count) =>
        GlobalMemory.LoadUpTo4(_x, ((long)row * _stride) + column, count, _isAligned);
}
