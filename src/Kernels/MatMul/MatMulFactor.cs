using System.Runtime.CompilerServices;
using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>One factor of a product in global memory, as a block sees it: items are rows of op(A), or columns of op(B).</summary>
internal readonly struct MatMulFactor
{
    private readonly ArrayView<float> _x;
    private readonly int _stride;
    private readonly int _item;
    private readonly int _items;
    private readonly bool _isAligned;

    /// <param name="x">The factor.</param>
    /// <param name="stride">Elements from one of its rows in memory to the next.</param>
    /// <param name="item">First item of the block's tile.</param>
    /// <param name="items">Number of items that there are.</param>
    /// <param name="isAligned">Whether rows in memory start at multiples of 16 bytes.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public MatMulFactor(ArrayView<float> x, int stride, int item, int items, bool isAligned)
    {
        _x = x;
        _stride = stride;
        _item = item;
        _items = items;
        _isAligned = isAligned;
    }

    /// <summary>Four elements that are adjacent in memory: four terms of an item or four items of a term; zeros beyond the edges.</summary>
    /// <param name="item">The first item, from the tile's first.</param>
    /// <param name="term">The first term.</param>
    /// <param name="end">Behind the last term.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Float4 Load<T>(int item, int term, int end) where T : struct, IMatMulFactor
    {
        item += _item;
        return T.TermsAreAdjacent
            ? Load(item, term, item < _items ? end - term : 0)
            : Load(term, item, term < end ? _items - item : 0);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Float4 Load(int row, int column, int count) =>
        GlobalMemory.LoadUpTo4(_x, ((long)row * _stride) + column, count, _isAligned);
}
