using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>
/// The barriers between the thread that copies and the warpgroups that multiply: whether the rows that a block owns are there, and for each
/// stage of a ring, which has tiles of two arrays (keys and values, or queries and the gradients of their results), whether those of the first
/// are, those of the second are, and the places of either are empty.
/// </summary>
internal readonly struct GroupHeadBarriers
{
    private const int WarpsOfGroup = GroupHeadProduct.Threads / WarpReduce.Lanes;

    private readonly int _first;
    private readonly int _stages;

    /// <param name="first">Address of the first.</param>
    /// <param name="stages">Stages of the ring, a constant.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public GroupHeadBarriers(int first, int stages) => (_first, _stages) = (first, stages);

    /// <summary>Bytes of all.</summary>
    public static int Bytes(int stages) => ((4 * stages) + 1) * Mbarrier.Bytes;

    /// <summary>The block's own rows are there.</summary>
    public int Own => _first;

    /// <summary>The first tile of a stage is there.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int First(int stage) => At(0, stage);

    /// <summary>The second tile of a stage is there.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Second(int stage) => At(1, stage);

    /// <summary>All are done with the first tile of a stage.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int EmptyFirst(int stage) => At(2, stage);

    /// <summary>All are done with the second tile of a stage, and what comes with it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int EmptySecond(int stage) => At(3, stage);

    /// <summary>Makes all; one thread does, and a barrier of the block follows.</summary>
    /// <param name="groups">Warpgroups that multiply.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Init(int groups)
    {
        Mbarrier.Init(Own, 1);
        for (var stage = 0; stage < _stages; stage++)
        {
            Mbarrier.Init(First(stage), 1);
            Mbarrier.Init(Second(stage), 1);
            Mbarrier.Init(EmptyFirst(stage), groups * WarpsOfGroup);
            Mbarrier.Init(EmptySecond(stage), groups * WarpsOfGroup);
        }

        Mbarrier.FenceInit();
    }

    /// <summary>
    /// A place may be filled again as far as this warp is concerned. One lane says so: the warp has waited for the products that read it, and its
    /// lanes have met behind what they read there themselves.
    /// </summary>
    /// <param name="barrier">That of the place.</param>
    /// <param name="isTrue">Whether it is so, the same for the whole warp.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Free(int barrier, bool isTrue)
    {
        if (WarpReduce.Lane == 0 && isTrue)
        {
            Mbarrier.Arrive(barrier);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int At(int kind, int stage) => _first + ((1 + (kind * _stages) + stage) * Mbarrier.Bytes);
}
