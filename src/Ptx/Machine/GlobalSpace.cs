using System.Numerics;
using System.Runtime.InteropServices;

namespace DPT.Engine.Ptx;

/// <summary>
/// Global memory as one launch may see it: the buffers that were passed. Addresses are those of this machine. One object
/// for every thread that runs blocks.
/// </summary>
internal sealed unsafe class GlobalSpace(BlockShape shape, WarpOrder order) : WatchedSpace
{
    private const int SectorBits = 5;

    /// <summary>What virtual memory is read from, and what it is written to: the largest access.</summary>
    private static readonly byte* Zeros = (byte*)NativeMemory.AllocZeroed(16);
    private static readonly byte* Sink = (byte*)NativeMemory.AllocZeroed(16);

    private IReadOnlyList<LaunchBuffer> _buffers = [];
    private LaunchBuffer? _last;
    private GlobalWatch? _watch;

    /// <summary>From now on these are the buffers.</summary>
    /// <param name="buffers">What the launch was given.</param>
    /// <param name="isWatched">Whether this object sees all blocks of the launch and shall find races.</param>
    public void Begin(IReadOnlyList<LaunchBuffer> buffers, bool isWatched)
    {
        _buffers = buffers;
        _last = null;
        _watch = isWatched ? new GlobalWatch(shape, order) : null;
    }

    /// <summary>The launch is over.</summary>
    public void End()
    {
        _watch?.Dispose();
        _watch = null;
    }

    protected override void Count(SimWarp warp, ulong* addresses, uint mask, int bytes, AccessKind kind, bool isOneRow)
    {
        ref var counter = ref warp.Counter;
        var moved = BitOperations.PopCount(mask) * bytes;
        counter.GlobalRequests++;
        counter.GlobalBytesRead += kind == AccessKind.Store ? 0 : moved;
        counter.GlobalBytesWritten += kind == AccessKind.Load ? 0 : moved;
        counter.Sectors += isOneRow ? SectorsOf(addresses[BitOperations.TrailingZeroCount(mask)], moved) : CountSectors(addresses, mask);
    }

    protected override bool TryAccessRow(SimWarp warp, ulong* addresses, int lane, int count, int bytes, AccessKind kind)
    {
        var at = addresses[lane];
        if (Checked(at, bytes, bytes * count, kind) is not { } buffer
            || (_watch is not null && !_watch.TryTouchRow(warp, buffer, at, bytes, kind, lane, count)))
        {
            return false;
        }

        Redirect(warp, buffer, addresses, Lanes.From(lane, count), bytes * count, kind);
        return true;
    }

    protected override void AccessPlace(SimWarp warp, ulong* addresses, uint lanes, int bytes, AccessKind kind)
    {
        var lane = BitOperations.TrailingZeroCount(lanes);
        var at = addresses[lane];
        var buffer = Checked(at, bytes, bytes, kind) ?? throw new SimFault(Explain(at, bytes, bytes, kind), lane);
        if ((warp.Repeated & lanes) == 0)
        {
            _watch?.Touch(warp, buffer, at, bytes, kind, lanes);
        }

        Redirect(warp, buffer, addresses, lanes, bytes, kind);
    }

    /// <summary>A read of fewer bytes than the place is aligned to, by one lane; only its bytes are counted.</summary>
    public void AccessPart(SimWarp warp, ulong* addresses, int alignment, int bytes, int lane)
    {
        var at = addresses[lane];
        warp.Counter.GlobalBytesRead += bytes;
        var buffer = Checked(at, alignment, bytes, AccessKind.Load)
            ?? throw new SimFault(Explain(at, alignment, bytes, AccessKind.Load), lane);
        _watch?.Touch(warp, buffer, at, bytes, AccessKind.Load, 1u << lane);
        Redirect(warp, buffer, addresses, 1u << lane, bytes, AccessKind.Load);
    }

    /// <summary>What a bulk copy moves for one lane: a range of its own; null for virtual memory, of which nothing is kept.</summary>
    public byte* AccessRange(SimWarp warp, ulong at, int bytes, AccessKind kind, int lane)
    {
        var buffer = Checked(at, 1, bytes, kind) ?? throw new SimFault(Explain(at, 1, bytes, kind), lane);
        ref var counter = ref warp.Counter;
        counter.GlobalBytesRead += kind == AccessKind.Load ? bytes : 0;
        counter.GlobalBytesWritten += kind == AccessKind.Load ? 0 : bytes;
        counter.Sectors += SectorsOf(at, bytes);
        _watch?.Touch(warp, buffer, at, bytes, kind, 1u << lane);
        if (!buffer.Memory.IsVirtual)
        {
            return (byte*)at;
        }

        buffer.Memory.Touch(at, bytes);
        return null;
    }

    /// <summary>Sends lanes that access virtual memory where there is storage; of what they write there none is the other's.</summary>
    private static void Redirect(SimWarp warp, LaunchBuffer buffer, ulong* addresses, uint lanes, int bytes, AccessKind kind)
    {
        if (!buffer.Memory.IsVirtual)
        {
            return;
        }

        buffer.Memory.Touch(addresses[BitOperations.TrailingZeroCount(lanes)], bytes);
        warp.Repeated &= ~lanes;
        for (; lanes != 0; lanes &= lanes - 1)
        {
            addresses[BitOperations.TrailingZeroCount(lanes)] = (ulong)(kind == AccessKind.Load ? Zeros : Sink);
        }
    }

    /// <summary>The buffer that holds a range, which a store marks as written; null if something is wrong with some of it.</summary>
    private LaunchBuffer? Checked(ulong at, int alignment, int bytes, AccessKind kind)
    {
        if (at % (ulong)alignment != 0 || Find(at, bytes) is not { } buffer)
        {
            return null;
        }

        if (kind == AccessKind.Store)
        {
            buffer.Memory.MarkStore(at, bytes);
            return buffer;
        }

        return buffer.Memory.IsWritten(at, bytes) ? buffer : null;
    }

    private LaunchBuffer? Find(ulong at, int bytes)
    {
        if (_last?.Holds(at, bytes) == true)
        {
            return _last;
        }

        foreach (var buffer in _buffers)
        {
            if (buffer.Holds(at, bytes))
            {
                return _last = buffer;
            }
        }

        return null;
    }

    private static long SectorsOf(ulong at, int bytes) => (long)(((at + (ulong)bytes - 1) >> SectorBits) - (at >> SectorBits) + 1);

    private static long CountSectors(ulong* addresses, uint mask)
    {
        var seen = stackalloc ulong[Lanes.Count];
        var (count, last) = (0, 0UL);
        for (var rest = mask; rest != 0; rest &= rest - 1)
        {
            // Mostly lanes are in the order of their places: then a sector is new if it lies behind all others.
            var sector = addresses[BitOperations.TrailingZeroCount(rest)] >> SectorBits;
            if (sector > last || !new ReadOnlySpan<ulong>(seen, count).Contains(sector))
            {
                seen[count++] = sector;
                last = Math.Max(last, sector);
            }
        }

        return count;
    }

    private string Explain(ulong at, int alignment, int bytes, AccessKind kind)
    {
        var what = $"{Name(kind)} {bytes} bytes of global memory";
        if (Find(at, bytes) is not { } buffer)
        {
            return _buffers.MinBy(b => b.DistanceOf(at)) is { } nearest
                ? $"{what} outside of every buffer; the nearest is {nearest.Describe(at)}"
                : $"{what} at 0x{at:x}, but no buffer was passed";
        }

        return at % (ulong)alignment != 0
            ? $"{what} at {buffer.Describe(at)}: the address is no multiple of {alignment}"
            : $"{what} at {buffer.Describe(at)}: nothing was ever written there";
    }
}
