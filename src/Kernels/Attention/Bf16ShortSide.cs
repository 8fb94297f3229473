using System.Runtime.CompilerServices;
using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// A head in shared memory as a block has it that sums gradients: strips of one side that it owns, of two arrays, then both arrays of the
/// other side whole. So little room is left over for short sequences that where things lie follows from their length.
/// </summary>
internal readonly struct Bf16ShortSide<T> where T : struct, IHeadSize
{
    /// <summary>The strips that are owned.</summary>
    public readonly Bf16StripShare Strips;

    /// <summary>Rows from one that is owned to that of the second array.</summary>
    public readonly int OwnSecond;

    /// <summary>First chunk of the other side.</summary>
    public readonly int At;

    /// <summary>Chunks from a row of the other side to that of its second array.</summary>
    public readonly int Second;

    private readonly ArrayView<UInt4> _shared;

    /// <param name="shared">Where tiles lie.</param>
    /// <param name="rows">Rows of the head.</param>
    /// <param name="block">Which of the blocks that own strips of this side.</param>
    /// <param name="blocks">How many they are.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Bf16ShortSide(ArrayView<UInt4> shared, int rows, int block, int blocks)
    {
        Strips = new(rows, block, blocks, Bf16ShortHead.Warps(T.Size));
        var strips = (rows + Bf16HeadTile.Strip - 1) / Bf16HeadTile.Strip;
        OwnSecond = Bf16HeadTile.Strip * ((strips + blocks - 1) / blocks);
        At = 2 * OwnSecond * Bf16HeadTile.Chunks<T>();
        Second = Bf16HeadTile.Strip * strips * Bf16HeadTile.Chunks<T>();
        _shared = shared;
    }

    /// <summary>Where strips from this one on lie; results leave through the rows that their warp has read.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Bf16GradientPlaces Of(int strip) => new()
    {
        Own = Strips.Own(strip),
        OwnSecond = OwnSecond + Strips.Own(strip),
        Other = At,
        OtherSecond = Second,
        Result = Strips.Own(strip),
        ResultSecond = OwnSecond + Strips.Own(strip),
    };

    /// <summary>Starts this thread's copies.</summary>
    /// <param name="own">The first array of the owned side.</param>
    /// <param name="ownSecond">The second.</param>
    /// <param name="other">The first array of the other side.</param>
    /// <param name="otherSecond">The second.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Copy(Bf16HeadRows<T> own, Bf16HeadRows<T> ownSecond, Bf16HeadRows<T> other, Bf16HeadRows<T> otherSecond)
    {
        Strips.Copy(own, _shared, 0);
        Strips.Copy(ownSecond, _shared, OwnSecond * Bf16HeadTile.Chunks<T>());
        other.CopyAll(_shared, At);
        otherSecond.CopyAll(_shared, At + Second);
    }

    /// <summary>Waits for everyone's copies.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Await()
    {
        TensorCore.WaitForCopies();
        Group.Barrier();
    }
}
