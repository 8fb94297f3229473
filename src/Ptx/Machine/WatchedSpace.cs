using System.Numerics;

namespace DPT.Engine.Ptx;

/// <summary>
/// Memory in which lanes can do wrong together. An access goes through it in few pieces: rows of lanes that access places side by
/// side, and lanes that read one place.
/// </summary>
internal abstract unsafe class WatchedSpace : AddressSpace
{
    public override void Access(SimWarp warp, ulong* addresses, uint mask, int bytes, AccessKind kind)
    {
        warp.Touched |= mask;
        var behind = Lanes.Behind(addresses, bytes) & mask & (mask << 1);
        var isOneRow = BitOperations.PopCount(mask & ~behind) == 1;
        Count(warp, addresses, mask, bytes, kind, isOneRow);
        warp.Repeated |= kind == AccessKind.Store && !isOneRow ? Lanes.Repeated(addresses, mask) : 0;
        var areShared = kind == AccessKind.Load && !isOneRow && BitOperations.PopCount(Lanes.WithAddressOf(addresses, mask)) > 1;
        for (var rest = mask; rest != 0;)
        {
            var lane = BitOperations.TrailingZeroCount(rest);
            var count = 1 + BitOperations.TrailingZeroCount(~((behind & rest) >> lane >> 1));
            var lanes = Lanes.From(lane, count);
            if (count == 1 || !TryAccessRow(warp, addresses, lane, count, bytes, kind))
            {
                behind &= ~lanes;
                lanes = areShared ? Lanes.WithAddressOf(addresses, rest) : 1u << lane;
                AccessPlace(warp, addresses, lanes, bytes, kind);
            }

            rest &= ~lanes;
        }
    }

    /// <summary>Counts an access.</summary>
    /// <param name="warp">Who.</param>
    /// <param name="addresses">Where, as the lanes say.</param>
    /// <param name="mask">Which lanes.</param>
    /// <param name="bytes">How much each lane accesses.</param>
    /// <param name="kind">What for.</param>
    /// <param name="isOneRow">Whether the lanes are neighbours, and their places lie side by side.</param>
    protected abstract void Count(SimWarp warp, ulong* addresses, uint mask, int bytes, AccessKind kind, bool isOneRow);

    /// <summary>
    /// So many lanes, from one on, access places side by side. False, and nothing has happened, if they must be looked at one by one.
    /// </summary>
    protected abstract bool TryAccessRow(SimWarp warp, ulong* addresses, int lane, int count, int bytes, AccessKind kind);

    /// <summary>Lanes access one place; only loads are of several lanes.</summary>
    /// <exception cref="SimFault">It is none, or nothing orders this and another access to it.</exception>
    protected abstract void AccessPlace(SimWarp warp, ulong* addresses, uint lanes, int bytes, AccessKind kind);
}
