namespace DPT.Engine.Kernels;

/// <summary>
/// The pool of one device: blocks are rounded up to a size class and reused, so that a training step in its
/// steady state asks the system for nothing. Fresh pages are the most expensive memory there is. A device that has to
/// see fresh memory as fresh keeps nothing back.
/// </summary>
/// <remarks>Safe for use from several threads.</remarks>
public sealed class DeviceMemory : IDisposable
{
    private readonly Func<long, nint> _allocate;
    private readonly Action<nint, long> _free;
    private readonly bool _keepsIdle;
    private readonly IdleBlocks _idle = new();
    private readonly Lock _lock = new();
    private MemoryReservation? _reservation;

    internal DeviceMemory(Func<long, nint> allocate, Action<nint, long> free, bool keepsIdle = true)
    {
        _keepsIdle = keepsIdle;
        _allocate = allocate;
        _free = free;
    }

    /// <summary>Number of blocks that somebody holds; captured work holds its own.</summary>
    public int LiveBlocks { get; private set; }

    /// <summary>Bytes in blocks that somebody holds, rounded up to size classes.</summary>
    public long LiveBytes { get; private set; }

    /// <summary>The largest value that <see cref="LiveBytes"/> has had.</summary>
    public long PeakBytes { get; private set; }

    /// <summary>Bytes asked of the system and not returned to it: live blocks and idle ones.</summary>
    public long ReservedBytes { get; private set; }

    /// <summary>How often the system was asked for a block. Constant in a steady state.</summary>
    public long SystemAllocations { get; private set; }

    /// <summary>How often anybody asked for a block.</summary>
    internal long Rents { get; private set; }

    /// <summary>Whether new blocks are for the reservation that is being made.</summary>
    internal bool RentsForReservation { get; set; }

    internal nint Rent(long bytes)
    {
        var size = SizeClass(bytes);
        lock (_lock)
        {
            Rents++;
            if (!RentsForReservation)
            {
                return Take(size);
            }

            if (!_reservation!.TryTake(size, out var address))
            {
                address = Take(size);
                _reservation.Add(address);
            }

            return address;
        }
    }

    internal void Return(nint address, long bytes)
    {
        var size = SizeClass(bytes);
        lock (_lock)
        {
            if (_reservation?.TryReturn(address, size) != true)
            {
                GiveBack(address, size);
            }
        }
    }

    /// <summary>Begins to keep blocks together. They count as held, by whoever keeps the reservation.</summary>
    /// <exception cref="KernelException">A reservation is being made already.</exception>
    internal MemoryReservation BeginReservation()
    {
        lock (_lock)
        {
            return _reservation is null
                ? _reservation = new MemoryReservation(reuses: _keepsIdle)
                : throw new KernelException("captured work cannot capture other work");
        }
    }

    /// <summary>Ends the making of a reservation.</summary>
    /// <exception cref="KernelException">Some of its blocks were not given back.</exception>
    internal void EndReservation()
    {
        lock (_lock)
        {
            if (_reservation!.Held is > 0 and var held)
            {
                throw new KernelException($"captured work must give back all memory that it takes; it keeps {held} blocks");
            }

            _reservation = null;
        }
    }

    /// <summary>Takes the blocks of a reservation back, finished or not. Those that somebody holds stay with their owners.</summary>
    internal void Release(MemoryReservation reservation)
    {
        lock (_lock)
        {
            _reservation = ReferenceEquals(_reservation, reservation) ? null : _reservation;
            while (reservation.TryGiveUp(out var address, out var size))
            {
                GiveBack(address, size);
            }
        }
    }

    /// <summary>Returns every idle block to the system.</summary>
    public void Trim()
    {
        lock (_lock)
        {
            while (_idle.TryTakeAny(out var address, out var size))
            {
                Free(address, size);
            }
        }
    }

    /// <summary>Returns the idle blocks. Live blocks stay with their owners.</summary>
    public void Dispose() => Trim();

    private nint Take(long size)
    {
        if (!_idle.TryTake(size, out var address))
        {
            address = AllocateOrTrim(size);
            ReservedBytes += size;
            SystemAllocations++;
        }

        LiveBlocks++;
        LiveBytes += size;
        PeakBytes = Math.Max(PeakBytes, LiveBytes);
        return address;
    }

    private void GiveBack(nint address, long size)
    {
        LiveBlocks--;
        LiveBytes -= size;
        if (_keepsIdle)
        {
            _idle.Add(address, size);
        }
        else
        {
            Free(address, size);
        }
    }

    private void Free(nint address, long size)
    {
        _free(address, size);
        ReservedBytes -= size;
    }

    /// <summary>Idle blocks of other sizes may be what fills the device.</summary>
    private nint AllocateOrTrim(long size)
    {
        try
        {
            return _allocate(size);
        }
        catch (DeviceException) when (ReservedBytes > LiveBytes)
        {
            Trim();
            return _allocate(size);
        }
    }

    /// <summary>Sixteen classes per power of two: at most 6.25 % is lost to rounding.</summary>
    private static long SizeClass(long bytes)
    {
        const long Smallest = 256;
        if (bytes <= Smallest)
        {
            return Smallest;
        }

        var step = Math.Max(Smallest, (long)(System.Numerics.BitOperations.RoundUpToPowerOf2((ulong)bytes) >> 5));
        return (bytes + step - 1) / step * step;
    }
}
