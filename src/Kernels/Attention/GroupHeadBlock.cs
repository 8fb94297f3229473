using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime;

namespace DPT.Engine.Kernels;

/// <summary>
/// What a block of warpgroups works on: the head, the rows of it that it owns, 64 for each group that multiplies, and the group of the
/// thread. The group in front of them copies.
/// </summary>
internal readonly struct GroupHeadBlock
{
    /// <summary>Number of the head in the batch, of its sequence, and in that.</summary>
    public readonly int Index, Sequence, Head;

    /// <summary>The first row of the block.</summary>
    public readonly int Row;

    /// <summary>Groups that have a row.</summary>
    public readonly int Active;

    /// <summary>The thread's group; -1 is the one that copies.</summary>
    public readonly int Group;

    /// <param name="tokens">Tokens per sequence.</param>
    /// <param name="blocks">Blocks of a head.</param>
    /// <param name="heads">Heads.</param>
    /// <param name="groups">Groups that multiply, 2.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public GroupHeadBlock(int tokens, int blocks, int heads, int groups)
    {
        Index = Grid.IdxX / blocks;
        Sequence = Index / heads;
        Head = Index - (Sequence * heads);
        Row = (Grid.IdxX - (Index * blocks)) * (groups * GroupHeadProduct.Rows);
        Active = tokens - Row > GroupHeadProduct.Rows ? groups : 1;
        Group = WarpGroup.Uniform(ILGPU.Group.IdxX / GroupHeadProduct.Threads) - 1;
    }

    /// <summary>The first row of the thread's group.</summary>
    public int OwnRow => Row + (Group * GroupHeadProduct.Rows);

    /// <summary>Makes the barriers, which all threads know behind this.</summary>
    /// <param name="at">Where they lie in shared memory.</param>
    /// <param name="stages">Stages of the ring, a constant.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public GroupHeadBarriers Begin(int at, int stages)
    {
        var barriers = new GroupHeadBarriers(at, stages);
        if (ILGPU.Group.IdxX == 0)
        {
            barriers.Init(Active);
        }

        ILGPU.Group.Barrier();
        return barriers;
    }

    /// <summary>Shared memory from so many bytes on, as chunks.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ArrayView<UInt4> Place(int bytes) => SharedMemory.GetDynamic<UInt4>().AsAligned(16).SubView(bytes / 16);
}
