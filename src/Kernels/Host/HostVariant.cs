namespace DPT.Engine.Kernels;

/// <summary>
/// A kernel for the host: written once, generic over the vector width, compiled by the JIT for each width used.
/// </summary>
/// <typeparam name="TCall">The operator's call.</typeparam>
public abstract class HostVariant<TCall> : KernelVariant<TCall> where TCall : struct, IKernelCall
{
    /// <inheritdoc/>
    public sealed override DeviceKind Targets => DeviceKind.Host;

    /// <inheritdoc/>
    public sealed override void Launch(Device device, in TCall call)
    {
        var host = (HostDevice)device;
        HostBounds.Begin(Name, in call);
        try
        {
            Run(host, in call);
        }
        finally
        {
            HostBounds.End();
        }
    }

    private void Run(HostDevice device, in TCall call)
    {
        switch (device.Width)
        {
            case SimdWidth.Vector512:
                Run<Simd512>(device, in call);
                break;
            case SimdWidth.Vector256:
                Run<Simd256>(device, in call);
                break;
            default:
                Run<SimdScalar>(device, in call);
                break;
        }
    }

    /// <summary>Runs the call with vectors of type <typeparamref name="V"/>: validated, supported, and without allocations.</summary>
    /// <typeparam name="V">A vector of 1, 8 or 16 floats.</typeparam>
    /// <param name="device">The host with its threads.</param>
    /// <param name="call">The call; its slices are addresses in this process.</param>
    protected abstract void Run<V>(HostDevice device, in TCall call) where V : struct, ISimd<V>;
}
