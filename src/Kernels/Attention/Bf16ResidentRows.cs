using System.Runtime.CompilerServices;
using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// All rows of two arrays of a head in shared memory, those of the second behind those of the first: read once, by a block whose warps pass
/// them as often as they like. They arrive in pieces, so that the first are multiplied while others are under way.
/// </summary>
internal readonly struct Bf16ResidentRows<T> where T : struct, IHeadSize
{
    private readonly Bf16HeadRows<T> _first;
    private readonly Bf16HeadRows<T> _second;
    private readonly ArrayView<UInt4> _shared;
    private readonly int _at;
    private readonly int _count;

    /// <param name="first">Rows of one array.</param>
    /// <param name="second">Rows of the other.</param>
    /// <param name="shared">Where tiles lie.</param>
    /// <param name="at">First chunk of these.</param>
    /// <param name="count">Rows that there are, at most <see cref="Bf16ShortHead.MaxRows"/>.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Bf16ResidentRows(Bf16HeadRows<T> first, Bf16HeadRows<T> second, ArrayView<UInt4> shared, int at, int count)
    {
        _first = first;
        _second = second;
        _shared = shared;
        _at = at;
        _count = count;
    }

    /// <summary>Chunks from a row of the first array to that of the second.</summary>
    public static int Second => Bf16ShortHead.MaxRows(T.Size) * Bf16HeadTile.Chunks<T>();

    /// <summary>Starts this thread's copies, a group a piece; the first group has what was copied before, too.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Fetch()
    {
        for (var piece = 0; piece < Scalar.Rolled(Bf16ShortHead.Pieces); piece++)
        {
            var row = piece * Bf16ShortHead.Piece;
            if (row < _count)
            {
                var at = _at + (row * Bf16HeadTile.Chunks<T>());
                _first.Copy(_shared, at, Bf16ShortHead.Piece, row);
                _second.Copy(_shared, at + Second, Bf16ShortHead.Piece, row);
            }

            TensorCore.CommitCopies();
        }
    }

    /// <summary>
    /// Waits for the next piece: before the first row, and behind every whole piece, even the last. To all rows that were waited for it makes
    /// no difference, and a condition in the loop over pieces would cost a move for all that is in registers.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Await()
    {
        // Behind a piece there are always so many groups, as each wait adds an empty one.
        TensorCore.WaitForAllCopiesButFourGroups();
        TensorCore.CommitCopies();
        Group.Barrier();
    }

    /// <summary>Waits for all rows, as often as others that wait piece by piece.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AwaitAll()
    {
        for (var row = 0; row <= _count; row += Bf16ShortHead.Piece)
        {
            Await();
        }
    }
}
