using System.Runtime.CompilerServices;
using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// One factor of a product on its way from global to shared memory, in tiles of so many items (rows of op(A), or columns of op(B))
/// by so many terms (k). Threads bring packs of four floats that lie together in global memory. In shared memory the items of a term
/// are adjacent, and rows have one pack more than is used, so that a column of packs can be written with no two threads at the same
/// bank.
/// </summary>
internal readonly struct MatMulFactor<T> where T : struct, IMatMulFactor
{
    private readonly ArrayView<float> _x;
    private readonly int _stride;
    private readonly int _tile;
    private readonly int _threads;
    private readonly int _count;
    private readonly bool _isAligned;

    // This thread's first pack: its item, its term from the tile's first, and its place in a tile in shared memory (in floats where
    // terms are adjacent, else in packs).
    private readonly int _item;
    private readonly int _term;
    private readonly int _place;

    /// <param name="x">The factor.</param>
    /// <param name="stride">Elements from one of its rows in memory to the next.</param>
    /// <param name="tile">Items (rows of op(A), columns of op(B)) of a tile, a power of two.</param>
    /// <param name="threads">Threads of the block; where each brings several packs, no more than two for each item.</param>
    /// <param name="first">First item of the block's tile.</param>
    /// <param name="count">Number of items that there are.</param>
    /// <param name="isAligned">Whether rows in memory start at multiples of 16 bytes.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public MatMulFactor(ArrayView<float> x, int stride, int tile, int threads, int first, int count, bool isAligned)
    {
        _x = x;
        _stride = stride;
        _tile = tile;
        _threads = threads;
        _count = count;
        _isAligned = isAligned;
        if (T.TermsAreAdjacent)
        {
            // Two threads read 32 bytes of an item, which is what memory delivers at least, and a warp writes 16 items of two packs:
            // all 32 banks.
            var item = (Group.IdxX / 2) & (tile - 1);
            _item = first + item;
            _term = 4 * ((Group.IdxX & 1) + (Group.IdxX / (2 * tile) * 2));
            _place = (_term * (tile + 4)) + item;
        }
        else
        {
            var pack = Group.IdxX & ((tile / 4) - 1);
            _item = first + (4 * pack);
            _term = Group.IdxX / (tile / 4);
            _place = (_term * ((tile / 4) + 1)) + pack;
        }
    }

    /// <summary>A pack of this thread, of the tile that starts at a term; zeros beyond the edges.</summary>
    /// <param name="pack">Which of its packs, from 0.</param>
    /// <param name="term">First term (k) of the tile.</param>
    /// <param name="end">Behind the last term.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Float4 Fetch(int pack, int term, int end)
    {
        term += _term;
        if (T.TermsAreAdjacent)
        {
            var item = _item + (pack * ItemsAtOnce);
            return Load(item, term, item < _count ? end - term : 0);
        }

        term += pack * TermsAtOnce;
        return Load(term, _item, term < end ? _count - _item : 0);
    }

    /// <summary>Puts a pack of this thread into the tile that starts at a pack of shared memory.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(ArrayView<Float4> shared, int tile, int pack, Float4 values)
    {
        if (T.TermsAreAdjacent)
        {
            for (var i = 0; i < 4; i++)
            {
                shared.Cast<float>()[(4 * tile) + _place + ((pack * ItemsAtOnce) + (i * (_tile + 4)))] = values[i];
            }
        }
        else
        {
            shared[tile + _place + (pack * TermsAtOnce * ((_tile / 4) + 1))] = values;
        }
    }

    private int ItemsAtOnce
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _threads / 2;
    }

    private int TermsAtOnce
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _threads / (_tile / 4);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Float4 Load(int row, int column, int count) =>
        GlobalMemory.LoadUpTo4(_x, ((long)row * _stride) + column, count, _isAligned);
}
