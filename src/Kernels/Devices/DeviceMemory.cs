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
    private readonly Dictionary<long, Stack<nint>> _idle = [];
    private readonly Lock _lock = new();

    internal DeviceMemory(Func<long, nint> allocate, Action<nint, long> free, bool keepsIdle = true)
    {
        _keepsIdle = keepsIdle;
        _allocate = allocate;
        _free = free;
    }

    /// <summary>Number of blocks that somebody holds.</summary>
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

    internal nint Rent(long bytes)
    {
        var size = SizeClass(bytes);
        lock (_lock)
        {
            Rents++;
            if (!_idle.TryGetValue(size, out var stack) || !stack.TryPop(out var address))
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
    }

    internal void Return(nint address, long bytes)
    {
        var size = SizeClass(bytes);
        lock (_lock)
        {
            LiveBlocks--;
            LiveBytes -= size;
            if (!_keepsIdle)
            {
                _free(address, size);
                ReservedBytes -= size;
                return;
            }

            if (!_idle.TryGetValue(size, out var stack))
            {
                _idle[size] = stack = new Stack<nint>();
            }

            stack.Push(address);
        }
    }

    /// <summary>Returns every idle block to the system.</summary>
    public void Trim()
    {
        lock (_lock)
        {
            foreach (var (size, stack) in _idle)
            {
                while (stack.TryPop(out var address))
                {
                    _free(address, size);
                    ReservedBytes -= size;
                }
            }
        }
    }

    /// <summary>Returns the idle blocks. Live blocks stay with their owners.</summary>
    public void Dispose() => Trim();

    /// <summary>Idle blocks of other sizes may be what fills the device.</summary>
    private nint AllocateOrTrim(long size)
    {
        try
        {
            return _allocate(size);
        }
        catch (KernelException) when (ReservedBytes > LiveBytes)
        {
            Trim();
            return _allocate(size);
        }
    }

    /// <summary>Eight classes per power of two: at most 12.5 % is lost to rounding.</summary>
    private static long SizeClass(long bytes)
    {
        const long Smallest = 256;
        if (bytes <= Smallest)
        {
            return Smallest;
        }

        var step = Math.Max(Smallest, (long)(System.Numerics.BitOperations.RoundUpToPowerOf2((ulong)bytes) >> 4));
        return (bytes + step - 1) / step * step;
    }
}
