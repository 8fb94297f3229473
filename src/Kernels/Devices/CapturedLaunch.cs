namespace DPT.Engine.Kernels;

/// <summary>One piece of captured work with its operands; running it decides nothing and allocates nothing.</summary>
internal abstract class CapturedLaunch : IDisposable
{
    public abstract void Run(Device device);

    /// <inheritdoc/>
    public virtual void Dispose()
    {
        // Most pieces hold nothing of their own.
    }
}

internal sealed class CapturedCopy<T>(Slice<T> source, Slice<T> destination) : CapturedLaunch where T : unmanaged
{
    public override void Run(Device device) => device.Copy(source, destination);
}

internal sealed class CapturedClear<T>(Slice<T> slice) : CapturedLaunch where T : unmanaged
{
    public override void Run(Device device) => device.Clear(slice);
}

/// <summary>What the host decides or copies between launches.</summary>
internal sealed class CapturedHostWork(Action work) : CapturedLaunch
{
    public override void Run(Device device) => work();
}
