namespace DPT.Engine.Kernels;

/// <summary>What a device can do at most, as measured now: the roofline that kernels are held against.</summary>
/// <param name="Bytes">A copy that no cache holds, as bytes read and written per second.</param>
/// <param name="Flops">Multiply-adds in fp32 registers, as floating-point operations per second.</param>
/// <param name="TensorFlops">Tensor cores in bf16; 0 where there are none.</param>
/// <param name="CacheBytes">Data beyond this size comes from memory.</param>
public readonly record struct DevicePeaks(double Bytes, double Flops, double TensorFlops, long CacheBytes)
{
    private const long HostCacheBytes = 64 << 20;
    private const int Rounds = 5;

    /// <summary>Measures the device.</summary>
    /// <exception cref="KernelException">It has no speed of its own: a simulator.</exception>
    public static DevicePeaks Measure(Device device)
    {
        switch (device)
        {
            case HostDevice host:
                var peaks = HostPeaks.Measure(host);
                return new DevicePeaks(peaks.Bytes, peaks.Flops, 0, HostCacheBytes);
            case CudaDevice gpu:
                return new DevicePeaks(
                    Best(device, CopyRate(gpu.CacheBytes)), Best(device, GpuPeaks.Fma), Best(device, GpuPeaks.TensorBf16), gpu.CacheBytes);
            default:
                throw new KernelException($"{device?.Description}: there is no speed to measure");
        }
    }

    /// <summary>The least time that so much work can take.</summary>
    /// <param name="flops">Floating-point operations.</param>
    /// <param name="bytes">Bytes across memory.</param>
    /// <param name="onTensorCores">Whether the operations run there.</param>
    public double Seconds(double flops, double bytes, bool onTensorCores) =>
        Math.Max(bytes / Bytes, flops / (onTensorCores && TensorFlops > 0 ? TensorFlops : Flops));

    private static Func<GpuDevice, double> CopyRate(long cacheBytes) => device =>
    {
        using var from = device.Allocate<byte>(8 * cacheBytes);
        using var to = device.Allocate<byte>(8 * cacheBytes);
        device.Clear(from.Slice);
        device.Copy(from.Slice, to.Slice);
        return 2 * from.Slice.Length / device.Measure(() => device.Copy(from.Slice, to.Slice)).TotalSeconds;
    };

    private static double Best(Device device, Func<GpuDevice, double> rate) =>
        Enumerable.Range(0, Rounds).Max(_ => rate((GpuDevice)device));
}
