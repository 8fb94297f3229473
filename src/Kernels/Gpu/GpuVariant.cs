namespace DPT.Engine.Kernels;

/// <summary>A variant that consists of GPU kernels: what the PTX tools ask of it.</summary>
public interface IGpuVariant
{
    /// <summary>Every kernel that the variant may launch.</summary>
    IReadOnlyList<GpuKernel> Kernels { get; }
}

/// <summary>What all variants have in common, whether they are for GPUs or not.</summary>
public static class GpuVariants
{
    /// <summary>The least architecture that all kernels of the variant run on; the least of all for a variant for the host.</summary>
    public static PtxArchitecture MinArchitecture(this KernelVariant variant) =>
        variant is IGpuVariant { Kernels: var kernels } && kernels.FirstOrDefault(k => k.MinArchitecture != PtxArchitecture.Sm80) is { } special
            ? special.MinArchitecture
            : PtxArchitecture.Sm80;
}

/// <summary>A variant for GPUs: the same PTX runs on a card and in the simulator.</summary>
/// <typeparam name="TCall">The operator's call.</typeparam>
public abstract class GpuVariant<TCall> : KernelVariant<TCall>, IGpuVariant where TCall : struct, IKernelCall
{
    private string? _refusal;

    /// <inheritdoc/>
    public sealed override DeviceKind Targets => DeviceKind.Cuda | DeviceKind.Sim;

    /// <inheritdoc/>
    public abstract IReadOnlyList<GpuKernel> Kernels { get; }

    /// <inheritdoc/>
    public override string? WhyNot(Device device)
    {
        if (device is not GpuDevice { Architecture: var architecture })
        {
            return base.WhyNot(device);
        }

        // Asked before every call: nothing may be made that nobody reads.
        for (var i = 0; i < Kernels.Count; i++)
        {
            if (!architecture.Runs(Kernels[i].MinArchitecture))
            {
                return _refusal ??= $"is for {Kernels[i].MinArchitecture}, not for {architecture}";
            }
        }

        return null;
    }

    /// <inheritdoc/>
    public sealed override void Launch(Device device, in TCall call) => Run((GpuDevice)device, in call);

    /// <summary>Launches the kernels of the call, in order.</summary>
    protected abstract void Run(GpuDevice device, in TCall call);
}
