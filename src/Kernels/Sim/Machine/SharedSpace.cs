using System.Numerics;
using System.Runtime.InteropServices;

namespace DPT.Engine.Kernels;

/// <summary>
/// The shared memory of a block. For every grain it is known which warp wrote it when and which warps read it last; time
/// goes on at barriers, and <see cref="WarpOrder"/> says whose past a warp has seen. So a read of what was never
/// written, and two accesses that no barrier separates, are found whatever the schedule was.
/// </summary>
internal sealed unsafe class SharedSpace : AddressSpace, IDisposable
{
    /// <summary>A write stamp: time, then a bit for atomics, then the warp.</summary>
    private const int StampBits = 6;
    private const uint WarpMask = 31;
    private const uint AtomicBit = 32;

    /// <summary>The stamp of a copy that is not there yet: later than every time.</summary>
    private const uint InFlight = uint.MaxValue << StampBits;

    private readonly int _bytes;
    private readonly int _grainBits;
    private readonly uint* _writes;
    private readonly ulong* _reads;
    private readonly WarpOrder _order;
    private readonly int _grains;

    public SharedSpace(int bytes, int grain, WarpOrder order)
    {
        _bytes = bytes;
        _order = order;
        _grainBits = BitOperations.Log2((uint)grain);
        _grains = (bytes / grain) + 1;
        Data = (byte*)NativeMemory.AlignedAlloc((nuint)Math.Max(bytes, 64), 1024);
        _writes = (uint*)NativeMemory.AllocZeroed((nuint)_grains, sizeof(uint));
        _reads = (ulong*)NativeMemory.AllocZeroed((nuint)_grains, sizeof(ulong));
    }

    public byte* Data { get; }

    public override void Access(SimWarp warp, ulong* addresses, uint mask, int bytes, AccessKind kind)
    {
        warp.Counter.SharedRequests++;
        warp.Counter.BankConflicts += BankConflicts.Count(addresses, mask, bytes);
        for (var rest = mask; rest != 0; rest &= rest - 1)
        {
            var lane = BitOperations.TrailingZeroCount(rest);
            var at = Checked(addresses[lane], bytes, kind, lane);
            Touch(warp, at, bytes, kind, lane);
            addresses[lane] = (ulong)(Data + at);
        }
    }

    /// <summary>A lane starts a copy: until it ends, nobody may look at the place.</summary>
    public int BeginCopy(SimWarp warp, ulong address, int bytes, int lane)
    {
        var at = Checked(address, bytes, AccessKind.Store, lane);
        Touch(warp, at, bytes, AccessKind.Store, lane);
        Stamp(at, bytes, InFlight | (uint)warp.Number);
        return at;
    }

    /// <summary>The data of a copy have arrived.</summary>
    public void EndCopy(SimWarp warp, int at, ReadOnlySpan<byte> data)
    {
        data.CopyTo(new Span<byte>(Data + at, data.Length));
        Stamp(at, data.Length, (_order.Now << StampBits) | (uint)warp.Number);
    }

    /// <summary>Forgets all stamps: time starts again.</summary>
    public void Forget()
    {
        new Span<uint>(_writes, _grains).Clear();
        new Span<ulong>(_reads, _grains).Clear();
    }

    public void Dispose()
    {
        NativeMemory.AlignedFree(Data);
        NativeMemory.Free(_writes);
        NativeMemory.Free(_reads);
    }

    private int Checked(ulong at, int bytes, AccessKind kind, int lane)
    {
        if (at + (ulong)bytes > (ulong)_bytes || at > int.MaxValue)
        {
            throw new SimFault(
                $"{Name(kind)} {bytes} bytes at {unchecked((long)at)} of {_bytes} bytes of shared memory", lane);
        }

        return at % (ulong)bytes == 0
            ? (int)at
            : throw new SimFault(
                $"{Name(kind)} {bytes} bytes at {at} of shared memory, which is no multiple of {bytes}", lane);
    }

    private void Touch(SimWarp warp, int at, int bytes, AccessKind kind, int lane)
    {
        var unwritten = _order.BlockStart << StampBits;
        var settled = (_order.SettledFor(warp.Number) << StampBits) | WarpMask | AtomicBit;
        var last = (at + bytes - 1) >> _grainBits;
        for (var grain = at >> _grainBits; grain <= last; grain++)
        {
            var written = _writes[grain];
            if (written < unwritten && kind != AccessKind.Store)
            {
                throw new SimFault($"{Name(kind)} {Place(at)}, where nothing was written", lane);
            }

            if (written > settled)
            {
                CheckWriter(warp, written, at, kind, lane);
            }

            if (kind == AccessKind.Load)
            {
                MarkRead(warp, grain);
            }
            else
            {
                CheckReaders(warp, grain, at, kind, lane);
                _writes[grain] = (_order.Now << StampBits)
                    | (kind == AccessKind.Atomic ? AtomicBit : 0) | (uint)warp.Number;
            }
        }
    }

    private void MarkRead(SimWarp warp, int grain)
    {
        var now = (ulong)_order.Now << 32;
        var read = _reads[grain];
        _reads[grain] = (read >> 32 == _order.Now ? read : now) | (1UL << warp.Number);
    }

    private void CheckWriter(SimWarp warp, uint written, int at, AccessKind kind, int lane)
    {
        if (written >= InFlight)
        {
            throw new SimFault($"{Name(kind)} {Place(at)} while a cp.async to it is not waited for", lane);
        }

        var writer = (int)(written & WarpMask);
        var bothAtomic = kind == AccessKind.Atomic && (written & AtomicBit) != 0;
        if (!bothAtomic && !_order.IsOrdered(writer, written >> StampBits, warp.Number))
        {
            throw new SimFault(
                $"{Name(kind)} {Place(at)}, which warp {writer} has written: no barrier is between them (a race)", lane);
        }
    }

    private void CheckReaders(SimWarp warp, int grain, int at, AccessKind kind, int lane)
    {
        var time = (uint)(_reads[grain] >> 32);
        if (time <= _order.SettledFor(warp.Number))
        {
            return;
        }

        for (var readers = (uint)_reads[grain]; readers != 0; readers &= readers - 1)
        {
            var reader = BitOperations.TrailingZeroCount(readers);
            if (!_order.IsOrdered(reader, time, warp.Number))
            {
                throw new SimFault(
                    $"{Name(kind)} {Place(at)}, which warp {reader} has read: no barrier is between them (a race)", lane);
            }
        }
    }

    private void Stamp(int at, int bytes, uint stamp)
    {
        var last = (at + bytes - 1) >> _grainBits;
        for (var grain = at >> _grainBits; grain <= last; grain++)
        {
            _writes[grain] = stamp;
        }
    }

    private static string Place(int at) => $"shared memory at {at}";
}
