using System.Runtime.CompilerServices;
using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// Rows of two arrays, so many at a time, through two stages of shared memory: while one is multiplied, the other is filled. In a
/// stage the rows of the second array follow those of the first.
/// </summary>
internal readonly struct Bf16HeadRing<T> where T : struct, IHeadSize
{
    private readonly Bf16HeadRows<T> _first;
    private readonly Bf16HeadRows<T> _second;
    private readonly ArrayView<UInt4> _shared;
    private readonly int _at;
    private readonly int _count;

    /// <param name="first">Rows of one array.</param>
    /// <param name="second">Rows of the other.</param>
    /// <param name="shared">Where tiles lie.</param>
    /// <param name="at">First chunk of the ring.</param>
    /// <param name="count">Rows that there are.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Bf16HeadRing(Bf16HeadRows<T> first, Bf16HeadRows<T> second, ArrayView<UInt4> shared, int at, int count)
    {
        _first = first;
        _second = second;
        _shared = shared;
        _at = at;
        _count = count;
    }

    /// <summary>First chunk of the stage that a row is in.</summary>
    /// <param name="rows">Rows of a stage, a constant.</param>
    /// <param name="row">The row.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int StageOf(int rows, int row) => _at + ((row / rows & 1) * 2 * rows * Bf16HeadTile.Chunks<T>());

    /// <summary>Starts this thread's copies of a stage.</summary>
    /// <param name="rows">Rows of a stage, a constant.</param>
    /// <param name="row">Its first row.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Fetch(int rows, int row)
    {
        var stage = StageOf(rows, row);
        _first.Copy(_shared, stage, rows, row);
        _second.Copy(_shared, stage + (rows * Bf16HeadTile.Chunks<T>()), rows, row);
    }

    /// <summary>Waits for the stage that begins with a row, and starts the copies of the next, if there is one.</summary>
    /// <param name="rows">Rows of a stage, a constant.</param>
    /// <param name="row">The row.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Advance(int rows, int row)
    {
        // Behind this barrier everyone's copies of the stage are there, and everyone has read the other one.
        TensorCore.WaitForCopies();
        Group.Barrier();
        if (row + rows < _count)
        {
            Fetch(rows, row + rows);
        }
    }

    /// <summary>
    /// Advances through all whole stages. A loop of its own for warps that only copy: around what others keep in registers a condition
    /// would cost a move for each.
    /// </summary>
    /// <param name="rows">Rows of a stage, a constant.</param>
    /// <returns>The number of rows: nothing is left to do.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int OnlyCopy(int rows)
    {
        for (var row = 0; row + rows <= _count; row += rows)
        {
            Advance(rows, row);
        }

        return _count;
    }
}
