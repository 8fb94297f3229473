namespace DPT.Engine.Kernels;

/// <summary>
/// Scratch memory for one launch: the same number of floats for each thread of the device, with arbitrary content.
/// Rented from the device's pool, so that a steady state asks the system for nothing.
/// </summary>
public readonly unsafe struct HostWorkspace : IDisposable
{
    // Cache lines of two threads never touch, and neighbours are not prefetched into each other.
    private const long AlignmentFloats = 64;

    private readonly DeviceMemory _memory;
    private readonly float* _start;
    private readonly long _stride;
    private readonly long _bytes;

    /// <summary>Rents <paramref name="floatsPerThread"/> floats for each thread.</summary>
    public HostWorkspace(HostDevice device, long floatsPerThread)
    {
        _memory = device.Memory;
        _stride = (floatsPerThread + AlignmentFloats - 1) / AlignmentFloats * AlignmentFloats;
        _bytes = checked(device.Threads * _stride * sizeof(float));
        _start = (float*)_memory.Rent(_bytes);
        HostBounds.AllowScratch((nint)_start, _bytes);
    }

    /// <summary>The part of the thread that runs the current work item, aligned to 64 bytes.</summary>
    public float* Mine => _start + (WorkerPool.CurrentWorker * _stride);

    /// <summary>Returns the memory to the pool, after the launch.</summary>
    public void Dispose() => _memory.Return((nint)_start, _bytes);
}
