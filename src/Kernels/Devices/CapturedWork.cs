namespace DPT.Engine.Kernels;

/// <summary>
/// Work that ran once and runs again as it is: the same launches on the same memory, in the same order. Nothing is
/// validated, chosen or allocated again. Its memory is its own until it is disposed.
/// </summary>
public sealed class CapturedWork : IDisposable
{
    private readonly Device _device;
    private readonly List<CapturedLaunch> _launches = [];
    private MemoryReservation? _memory;

    internal CapturedWork(Device device)
    {
        _device = device;
        _memory = device.Memory.BeginReservation();
    }

    /// <summary>Number of operator calls, clears, copies and pieces of host work.</summary>
    public int Launches => _launches.Count;

    /// <summary>Runs everything again, after all earlier work.</summary>
    /// <exception cref="ObjectDisposedException">The memory was given back.</exception>
    /// <exception cref="KernelException">Other work is being captured.</exception>
    public void Replay()
    {
        ObjectDisposedException.ThrowIf(_memory is null, this);
        _device.RequireNoCapture("replay other captured work");
        foreach (var launch in _launches)
        {
            launch.Run(_device);
        }
    }

    /// <summary>Gives the memory back to the pool.</summary>
    public void Dispose()
    {
        if (_memory is { } memory)
        {
            _memory = null;
            _device.Memory.Release(memory);
        }
    }

    internal void Add(CapturedLaunch launch) => _launches.Add(launch);
}
