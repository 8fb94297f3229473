namespace DPT.Engine.Kernels;

/// <summary>Work that is captured when it first runs and replayed from then on: the steady part of a step.</summary>
/// <param name="device">Where it runs.</param>
/// <param name="work">What it is; see <see cref="Device.Capture"/> for what it may do.</param>
public sealed class RepeatedWork(Device device, Action work) : IDisposable
{
    private CapturedWork? _captured;

    /// <summary>Runs the work on whatever its buffers hold now.</summary>
    public void Run()
    {
        if (_captured is null)
        {
            _captured = device.Capture(work);
        }
        else
        {
            _captured.Replay();
        }
    }

    /// <summary>Gives the work's memory back.</summary>
    public void Dispose() => _captured?.Dispose();
}
