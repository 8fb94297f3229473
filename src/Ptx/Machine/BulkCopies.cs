namespace DPT.Engine.Ptx;

/// <summary>
/// Bulk copies to shared memory that are under way. Their data are taken when they begin and arrive at any later time, in any
/// order; then they tell their <c>mbarrier</c>.
/// </summary>
internal sealed class BulkCopies(BlockMachine block, WarpOrder order)
{
    /// <summary>Bytes of a piece of a copy: swizzles move pieces of this size.</summary>
    public const int PieceBytes = 16;

    private readonly List<Copy> _pending = [];

    /// <summary>Copies that have not arrived.</summary>
    public int Count => _pending.Count;

    /// <summary>What the last of them was begun by, for a message.</summary>
    public string Last => block.Shape.Program.Code[_pending[^1].Instruction].Source.Place;

    /// <summary>A block begins.</summary>
    public void Clear() => _pending.Clear();

    /// <summary>A lane begins a copy.</summary>
    /// <param name="warp">Its warp.</param>
    /// <param name="lane">The lane.</param>
    /// <param name="places">Where in shared memory each piece goes.</param>
    /// <param name="data">The pieces.</param>
    /// <param name="barrier">The barrier to tell.</param>
    public void Begin(SimWarp warp, int lane, int[] places, byte[] data, MemoryBarrier barrier)
    {
        if (!barrier.IsAnnounced)
        {
            throw new SimFault(
                $"tells the mbarrier at {barrier.At}, which no fence.mbarrier_init or fence.proxy.async has made visible to copies", lane);
        }

        var mark = new AccessMark(AccessMark.InFlight, barrier.Copies, warp.Current, lane);
        foreach (var place in places)
        {
            block.Shared.BeginInBackground(warp, lane, (ulong)place, PieceBytes, mark);
        }

        _pending.Add(new Copy(places, data, barrier, warp.Current, lane));
    }

    /// <summary>One of them arrives.</summary>
    public void Deliver(int index)
    {
        var copy = _pending[index];
        _pending.RemoveAt(index);
        var mark = new AccessMark(order.Now(copy.Barrier.Copies), copy.Barrier.Copies, copy.Instruction, copy.Lane);
        for (var i = 0; i < copy.Places.Length; i++)
        {
            block.Shared.EndInBackground(copy.Places[i], copy.Data.AsSpan(i * PieceBytes, PieceBytes), mark);
        }

        copy.Barrier.Deliver(copy.Data.Length);
        block.Mbarriers.Settle(copy.Barrier);
    }

    private sealed record Copy(int[] Places, byte[] Data, MemoryBarrier Barrier, int Instruction, int Lane);
}
