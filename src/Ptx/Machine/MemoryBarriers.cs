namespace DPT.Engine.Ptx;

/// <summary>The <c>mbarrier</c>s of a block, by their places in shared memory.</summary>
internal sealed unsafe class MemoryBarriers(BlockMachine block, WarpOrder order, Agents agents)
{
    private readonly Dictionary<int, MemoryBarrier> _barriers = [];
    private readonly Dictionary<int, int> _copies = [];

    /// <summary>A block begins.</summary>
    public void Clear()
    {
        _barriers.Clear();
        _copies.Clear();
    }

    /// <summary>A lane makes a barrier.</summary>
    public void Make(SimWarp warp, int lane, ulong address, long count)
    {
        var at = block.Shared.AccessBarrier(warp, address, isMade: true, lane);
        if (!_copies.TryGetValue(at, out var number) && (number = _copies.Count) >= agents.Barriers)
        {
            throw new SimFault($"makes mbarrier {number}: the simulator has room for {agents.Barriers} in a block of this size", lane);
        }

        _copies[at] = number;
        _barriers[at] = new MemoryBarrier(at, count, agents.CopiesOf(number), Agents.Most) { Made = (warp.Number, order.Now(warp.Number)) };
        *(ulong*)(block.Shared.Data + at) = MemoryBarrier.Signature;
    }

    /// <summary>A lane says that a place is no barrier any more.</summary>
    public void Invalidate(SimWarp warp, int lane, ulong address)
    {
        Find(warp, lane, address);
        _barriers.Remove(block.Shared.AccessBarrier(warp, address, isMade: true, lane));
    }

    /// <summary>The barrier that a lane names.</summary>
    /// <exception cref="SimFault">There is none, or nothing says that it was made before.</exception>
    public MemoryBarrier Find(SimWarp warp, int lane, ulong address)
    {
        var barrier = _barriers.GetValueOrDefault(unchecked((int)address))
            ?? throw new SimFault($"names an mbarrier in shared memory at {unchecked((long)address)}, where none was made", lane);
        var at = block.Shared.AccessBarrier(warp, address, isMade: false, lane);
        return *(ulong*)(block.Shared.Data + at) == MemoryBarrier.Signature
            ? barrier
            : throw new SimFault($"names the mbarrier in shared memory at {at}, which was overwritten", lane);
    }

    /// <summary>Lanes make the barriers that they know of visible to bulk copies.</summary>
    /// <param name="warp">Their warp.</param>
    /// <param name="lanes">The lanes.</param>
    /// <param name="ownOnly">Those that the warp made alone: <c>fence.mbarrier_init</c>.</param>
    public void Announce(SimWarp warp, uint lanes, bool ownOnly)
    {
        foreach (var barrier in _barriers.Values)
        {
            var (maker, moment) = barrier.Made;
            barrier.IsAnnounced |= maker == warp.Number || (!ownOnly && moment <= order.Known(warp.Number, lanes, maker));
        }
    }

    /// <summary>Ends the phase if nothing is missing, and lets those go on that wait for it.</summary>
    public void Settle(MemoryBarrier barrier)
    {
        if (barrier.TryEndPhase(order))
        {
            block.Wake(barrier);
        }
    }
}
