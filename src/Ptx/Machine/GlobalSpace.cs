using System.Numerics;
using System.Runtime.InteropServices;

namespace DPT.Engine.Ptx;

/// <summary>
/// Global memory as one launch may see it: the buffers that were passed. Addresses are those of this machine. One object
/// for every thread that runs blocks.
/// </summary>
internal sealed unsafe class GlobalSpace(BlockShape shape, WarpOrder order) : AddressSpace
{
    private const int SectorBits = 5;

    /// <summary>What virtual memory is read from, and what it is written to: the largest access.</summary>
    private static readonly byte* Zeros = (byte*)NativeMemory.AllocZeroed(16);
    private static readonly byte* Sink = (byte*)NativeMemory.AllocZeroed(16);

    private IReadOnlyList<LaunchBuffer> _buffers = [];
    private LaunchBuffer? _last;
    private GlobalWatch? _watch;
    private bool _hasVirtual;

    /// <summary>From now on these are the buffers.</summary>
    /// <param name="buffers">What the launch was given.</param>
    /// <param name="isWatched">Whether this object sees all blocks of the launch and shall find races.</param>
    public void Begin(IReadOnlyList<LaunchBuffer> buffers, bool isWatched)
    {
        _buffers = buffers;
        _last = null;
        _hasVirtual = buffers.Any(b => b.Memory.IsVirtual);
        _watch = isWatched ? new GlobalWatch(shape, order) : null;
    }

    /// <summary>The launch is over.</summary>
    public void End()
    {
        _watch?.Dispose();
        _watch = null;
    }

    public override void Access(SimWarp warp, ulong* addresses, uint mask, int bytes, AccessKind kind)
    {
        warp.Touched |= mask;
        ref var counter = ref warp.Counter;
        var moved = (long)BitOperations.PopCount(mask) * bytes;
        counter.GlobalRequests++;
        counter.GlobalBytesRead += kind == AccessKind.Store ? 0 : moved;
        counter.GlobalBytesWritten += kind == AccessKind.Load ? 0 : moved;
        var areContiguous = mask == Lanes.All && Lanes.AreContiguous(addresses, bytes);
        if (areContiguous && _watch is null && !_hasVirtual
            && TryAccess(addresses[0], bytes, bytes * Lanes.Count, kind))
        {
            var last = addresses[0] + ((ulong)bytes * Lanes.Count) - 1;
            counter.Sectors += (long)((last >> SectorBits) - (addresses[0] >> SectorBits) + 1);
            return;
        }

        var repeated = kind == AccessKind.Store && !areContiguous ? Lanes.Repeated(addresses, mask) : 0;
        warp.Repeated |= repeated;
        for (var rest = mask; rest != 0; rest &= rest - 1)
        {
            var lane = BitOperations.TrailingZeroCount(rest);
            if (!TryAccess(addresses[lane], bytes, bytes, kind))
            {
                throw new SimFault(Explain(addresses[lane], bytes, bytes, kind), lane);
            }

            if ((repeated >> lane & 1) == 0)
            {
                _watch?.Touch(warp, Find(addresses[lane], bytes)!, addresses[lane], bytes, kind, lane);
            }
        }

        counter.Sectors += CountSectors(addresses, mask);
        if (_hasVirtual)
        {
            Redirect(addresses, mask, bytes, kind);
            warp.Repeated = 0;
        }
    }

    /// <summary>A read of fewer bytes than the place is aligned to, by one lane; only its bytes are counted.</summary>
    public void AccessPart(SimWarp warp, ulong* addresses, int alignment, int bytes, int lane)
    {
        var at = addresses[lane];
        warp.Counter.GlobalBytesRead += bytes;
        if (!TryAccess(at, alignment, bytes, AccessKind.Load))
        {
            throw new SimFault(Explain(at, alignment, bytes, AccessKind.Load), lane);
        }

        _watch?.Touch(warp, Find(at, bytes)!, at, bytes, AccessKind.Load, lane);
        if (_hasVirtual)
        {
            Redirect(addresses, 1u << lane, bytes, AccessKind.Load);
        }
    }

    /// <summary>What a bulk copy moves for one lane: a range of its own; null for virtual memory, of which nothing is kept.</summary>
    public byte* AccessRange(SimWarp warp, ulong at, int bytes, AccessKind kind, int lane)
    {
        if (!TryAccess(at, 1, bytes, kind))
        {
            throw new SimFault(Explain(at, 1, bytes, kind), lane);
        }

        ref var counter = ref warp.Counter;
        counter.GlobalBytesRead += kind == AccessKind.Load ? bytes : 0;
        counter.GlobalBytesWritten += kind == AccessKind.Load ? 0 : bytes;
        counter.Sectors += (long)(((at + (ulong)bytes - 1) >> SectorBits) - (at >> SectorBits) + 1);
        var buffer = Find(at, bytes)!;
        _watch?.Touch(warp, buffer, at, bytes, kind, lane);
        if (!buffer.Memory.IsVirtual)
        {
            return (byte*)at;
        }

        buffer.Memory.Touch(at, bytes);
        return null;
    }

    /// <summary>Sends accesses to virtual memory where there is storage.</summary>
    private void Redirect(ulong* addresses, uint mask, int bytes, AccessKind kind)
    {
        for (var rest = mask; rest != 0; rest &= rest - 1)
        {
            ref var address = ref addresses[BitOperations.TrailingZeroCount(rest)];
            if (Find(address, bytes)!.Memory is { IsVirtual: true } memory)
            {
                memory.Touch(address, bytes);
                address = (ulong)(kind == AccessKind.Load ? Zeros : Sink);
            }
        }
    }

    /// <summary>Checks and marks one range; false if something is wrong with some of it.</summary>
    private bool TryAccess(ulong at, int alignment, int bytes, AccessKind kind)
    {
        if (at % (ulong)alignment != 0 || Find(at, bytes) is not { } buffer)
        {
            return false;
        }

        if (kind == AccessKind.Store)
        {
            buffer.Memory.MarkStore(at, bytes);
            return true;
        }

        return buffer.Memory.IsWritten(at, bytes);
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

    private static long CountSectors(ulong* addresses, uint mask)
    {
        var seen = stackalloc ulong[Lanes.Count];
        var count = 0;
        for (var rest = mask; rest != 0; rest &= rest - 1)
        {
            var sector = addresses[BitOperations.TrailingZeroCount(rest)] >> SectorBits;
            if (count == 0 || (seen[count - 1] != sector && !new ReadOnlySpan<ulong>(seen, count).Contains(sector)))
            {
                seen[count++] = sector;
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
