namespace DPT.Engine.Kernels;

/// <summary>A device that executes PTX: a card through its driver, or our simulator.</summary>
public abstract class GpuDevice : Device
{
    private protected GpuDevice(DeviceMemory memory, KernelSelection selection) : base(memory, selection)
    {
    }

    /// <summary>The architecture that kernels are compiled for.</summary>
    public abstract PtxArchitecture Architecture { get; }

    /// <summary>Starts a launch: <c>device.Prepare(kernel).With(x).With(count).On(grid)</c>.</summary>
    /// <param name="kernel">What will run, after all earlier work.</param>
    public KernelLaunch Prepare(GpuKernel kernel) => new(this, kernel);

    /// <summary>Writes what stands for the tensor on this device.</summary>
    internal abstract void Encode(in TensorTiles tiles, Span<byte> map);

    /// <summary>Runs the kernel after all earlier work.</summary>
    /// <param name="kernel">What to run.</param>
    /// <param name="grid">Number of blocks.</param>
    /// <param name="arguments">The parameters' bytes, laid out as a C struct.</param>
    internal abstract void Launch(GpuKernel kernel, GridSize grid, ReadOnlySpan<byte> arguments);
}
