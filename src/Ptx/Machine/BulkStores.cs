using System.Numerics;

namespace DPT.Engine.Ptx;

/// <summary>
/// Bulk stores of a warp from shared to global memory, in groups of each lane. What they read may not be changed until the lane has
/// waited for its group.
/// </summary>
internal sealed class BulkStores(SimWarp warp, WarpOrder order, int agent)
{
    private readonly List<(int Lane, int Group, uint Moment)> _reading = [];
    private readonly int[] _committed = new int[Lanes.Count];

    /// <summary>Whether some were not waited for.</summary>
    public bool IsBusy => _reading.Count > 0;

    /// <summary>A block begins.</summary>
    public void Clear()
    {
        _reading.Clear();
        Array.Clear(_committed);
    }

    /// <summary>A lane begins a store; its mark is what it reads with.</summary>
    public AccessMark Begin(int lane)
    {
        var moment = order.Now(agent);
        order.Reach(agent, moment + 1);
        _reading.Add((lane, _committed[lane], moment));
        return new AccessMark(moment, agent, warp.Current, lane);
    }

    /// <summary>The lanes close their groups.</summary>
    public void Commit(uint mask)
    {
        for (; mask != 0; mask &= mask - 1)
        {
            _committed[BitOperations.TrailingZeroCount(mask)]++;
        }
    }

    /// <summary>The lanes wait until at most that many of their newest groups read shared memory.</summary>
    public void Wait(uint mask, int groups)
    {
        _reading.RemoveAll(s => (mask >> s.Lane & 1) != 0 && s.Group < _committed[s.Lane] - groups);
        var oldest = _reading.Count == 0 ? order.Now(agent) : _reading.Min(s => s.Moment);
        order.Learn(warp.Number, mask, mask == warp.Alive, agent, oldest - 1);
    }
}
