namespace DPT.Engine.Kernels;

/// <summary>
/// Work that ran once and runs again as it is: the same launches on the same memory, in the same order. Nothing is
/// validated, chosen or allocated again. Its memory is its own until it is disposed. Where a device can make one launch of many
/// (a GPU), the first replay records what lies between pieces of host work, and later ones run that.
/// </summary>
public sealed class CapturedWork : IDisposable
{
    private readonly Device _device;
    private readonly List<CapturedLaunch> _launches = [];
    private MemoryReservation? _memory;
    private List<CapturedLaunch>? _recorded;
    private MemoryReservation? _scratch;

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
        if (!_device.CanRecord || _device.Profile is not null)
        {
            Run(_launches);
        }
        else if (_recorded is null)
        {
            RunAndRecord();
        }
        else
        {
            Run(_recorded);
        }
    }

    /// <summary>Gives the memory back to the pool.</summary>
    public void Dispose()
    {
        Forget();
        Release(ref _memory);
    }

    internal void Add(CapturedLaunch launch) => _launches.Add(launch);

    private void Run(List<CapturedLaunch> launches)
    {
        foreach (var launch in launches)
        {
            launch.Run(_device);
        }
    }

    /// <summary>
    /// The memory that launches take for themselves becomes part of the recording, so it is kept: each stretch first runs with
    /// what it takes reserved, and is then recorded on the very same blocks.
    /// </summary>
    private void RunAndRecord()
    {
        _recorded = [];
        try
        {
            _scratch = _device.Memory.BeginReservation();
            var stretch = new List<CapturedLaunch>();
            foreach (var launch in _launches)
            {
                if (launch is CapturedHostWork)
                {
                    RunAndRecord(stretch);
                    launch.Run(_device);
                    _recorded.Add(launch);
                    stretch.Clear();
                }
                else
                {
                    stretch.Add(launch);
                }
            }

            RunAndRecord(stretch);
            _device.Memory.EndReservation();
        }
        catch
        {
            Forget();
            throw;
        }
    }

    private void RunAndRecord(List<CapturedLaunch> stretch)
    {
        if (stretch.Count == 0)
        {
            return;
        }

        _device.Memory.RentsForReservation = true;
        try
        {
            Run(stretch);
            _recorded!.Add(_device.Record(() => Run(stretch)));
        }
        finally
        {
            _device.Memory.RentsForReservation = false;
        }
    }

    private void Forget()
    {
        foreach (var launch in _recorded ?? [])
        {
            launch.Dispose();
        }

        _recorded = null;
        Release(ref _scratch);
    }

    private void Release(ref MemoryReservation? reservation)
    {
        if (reservation is { } memory)
        {
            reservation = null;
            _device.Memory.Release(memory);
        }
    }
}
