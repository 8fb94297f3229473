using System.Numerics;
using System.Runtime.InteropServices;

namespace DPT.Engine.Ptx;

/// <summary>
/// The shared memory of a block: reads of what was never written in it, accesses outside of it and races in it are
/// faults.
/// </summary>
internal sealed unsafe class SharedSpace : WatchedSpace, IDisposable
{
    private readonly int _bytes;
    private readonly WarpOrder _order;
    private readonly AccessHistory _history;

    public SharedSpace(BlockShape shape, WarpOrder order)
    {
        _bytes = shape.SharedBytes;
        _order = order;
        _history = new AccessHistory(Place, _bytes, shape.Program.SharedGrain, shape, order, spansBlocks: false);
        Data = (byte*)NativeMemory.AlignedAlloc((nuint)Math.Max(_bytes, 64), 1024);
    }

    public byte* Data { get; }

    protected override void Count(SimWarp warp, ulong* addresses, uint mask, int bytes, AccessKind kind, bool isOneRow)
    {
        warp.Counter.SharedRequests++;
        warp.Counter.BankConflicts += isOneRow ? 0 : BankConflicts.Count(addresses, mask, bytes);
    }

    protected override bool TryAccessRow(SimWarp warp, ulong* addresses, int lane, int count, int bytes, AccessKind kind)
    {
        var at = addresses[lane];
        if (at % (ulong)bytes != 0 || at >= (ulong)_bytes || at + (ulong)(bytes * count) > (ulong)_bytes || !TryTouchRow())
        {
            return false;
        }

        for (var i = 0; i < count; i++)
        {
            addresses[lane + i] = (ulong)Data + at + (ulong)(i * bytes);
        }

        return true;

        bool TryTouchRow() => kind switch
        {
            AccessKind.Load => _history.TryReadRow(warp, (long)at, bytes, lane, count),
            AccessKind.Store => _history.TryWriteRow(warp, (long)at, bytes, lane, count),
            _ => false,
        };
    }

    protected override void AccessPlace(SimWarp warp, ulong* addresses, uint lanes, int bytes, AccessKind kind)
    {
        var lane = BitOperations.TrailingZeroCount(lanes);
        var at = Checked(addresses[lane], bytes, kind, lane);
        if ((warp.Repeated & lanes) == 0)
        {
            Touch(warp, at, bytes, kind, lanes);
        }

        for (; lanes != 0; lanes &= lanes - 1)
        {
            addresses[BitOperations.TrailingZeroCount(lanes)] = (ulong)(Data + at);
        }
    }

    /// <summary>A lane does something with an mbarrier, or makes one; the place is given back.</summary>
    public int AccessBarrier(SimWarp warp, ulong address, bool isMade, int lane)
    {
        warp.Touched |= isMade ? 1u << lane : 0;
        var at = Checked(address, sizeof(ulong), isMade ? AccessKind.Store : AccessKind.Atomic, lane);
        Touch(warp, at, sizeof(ulong), isMade ? AccessKind.Store : AccessKind.Atomic, 1u << lane);
        return at;
    }

    /// <summary>A lane starts a copy: until it ends, nobody may look at the place.</summary>
    public int BeginCopy(SimWarp warp, ulong address, int bytes, int lane)
    {
        warp.Touched |= 1u << lane;
        var at = Checked(address, bytes, AccessKind.Store, lane);
        _history.BeginCopy(warp, at, bytes, lane);
        return at;
    }

    /// <summary>The data of a copy have arrived.</summary>
    public void EndCopy(SimWarp warp, int at, ReadOnlySpan<byte> data, int lane)
    {
        data.CopyTo(new Span<byte>(Data + at, data.Length));
        _history.EndCopy(warp, at, data.Length, lane);
    }

    /// <summary>What tensor cores and bulk stores read for lanes of a warp; the address is that of this machine.</summary>
    public byte* ReadInBackground(SimWarp warp, uint lanes, ulong address, int bytes, AccessMark mark)
    {
        var lane = BitOperations.TrailingZeroCount(lanes);
        var at = Checked(address, bytes, AccessKind.Load, lane);
        if (!_history.IsWritten(at, bytes, _order.BlockStart))
        {
            throw new SimFault($"reads {Place(at)}, where nothing was written", lane);
        }

        _history.ReadInBackground(warp, lanes, at, bytes, mark);
        return Data + at;
    }

    /// <summary>A lane starts a bulk copy: until it has arrived, nobody may look at the place.</summary>
    public void BeginInBackground(SimWarp warp, int lane, ulong address, int bytes, AccessMark mark) =>
        _history.BeginInBackground(warp, lane, Checked(address, bytes, AccessKind.Store, lane), bytes, mark);

    /// <summary>Data of a bulk copy have arrived.</summary>
    public void EndInBackground(int at, ReadOnlySpan<byte> data, AccessMark mark)
    {
        data.CopyTo(new Span<byte>(Data + at, data.Length));
        _history.EndInBackground(at, data.Length, mark);
    }

    /// <summary>A copy that nobody has waited for when its block ended.</summary>
    public void AbandonCopy(int at, int bytes) => _history.AbandonCopy(at, bytes);

    /// <summary>Forgets who accessed what: time starts again.</summary>
    public void Forget() => _history.Forget();

    public void Dispose()
    {
        NativeMemory.AlignedFree(Data);
        _history.Dispose();
    }

    /// <summary>Lanes access one place; only loads are of several lanes.</summary>
    private void Touch(SimWarp warp, int at, int bytes, AccessKind kind, uint lanes)
    {
        var lane = BitOperations.TrailingZeroCount(lanes);
        if (kind == AccessKind.Store)
        {
            _history.Write(warp, at, bytes, lane);
            return;
        }

        if (!_history.IsWritten(at, bytes, _order.BlockStart))
        {
            throw new SimFault($"{Name(kind)} {Place(at)}, where nothing was written", lane);
        }

        if (kind == AccessKind.Load)
        {
            _history.Read(warp, at, bytes, lanes);
        }
        else
        {
            _history.Update(warp, at, bytes, lane);
        }
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

    private static string Place(long at) => $"shared memory at {at}";
}
