using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>
/// A device that computes nothing and counts what it is asked for: what a training step takes is known without taking it, on networks of any
/// size. Its memory is addresses that nothing stands behind; what is copied from it is zero. It chooses variants as the device that it stands
/// for, so a call that would be refused there is refused here.
/// </summary>
public sealed class CountingDevice : Device
{
    private readonly Device _device;
    private readonly DevicePeaks? _peaks;

    /// <summary>Counts for a device.</summary>
    /// <param name="device">The device that it stands for.</param>
    /// <param name="peaks">What that can do at most; null if no time is asked for.</param>
    public CountingDevice(Device device, DevicePeaks? peaks = null)
        : base(Addresses(), Stood(device).Selection)
    {
        (_device, _peaks) = (device, peaks);
        Precision = device.Precision;
    }

    /// <inheritdoc/>
    public override DeviceKind Kind => _device.Kind;

    /// <inheritdoc/>
    public override string Description => $"counted for {_device.Description}";

    /// <inheritdoc/>
    public override long CapacityBytes => _device.CapacityBytes;

    /// <summary>Floating-point operations so far, as the mathematics of the calls needs them.</summary>
    public double Operations { get; private set; }

    /// <summary>Bytes that had to move so far, operator by operator: what two of them could share counts twice.</summary>
    public double Bytes { get; private set; }

    /// <summary>
    /// The least seconds that all of it takes where every call reaches the peaks, of bf16 those of tensor cores; 0 without peaks.
    /// </summary>
    public double Seconds { get; private set; }

    /// <inheritdoc/>
    public override void Synchronize()
    {
        // Nothing is under way.
    }

    /// <inheritdoc/>
    internal override Device Chooser => _device;

    /// <inheritdoc/>
    internal override bool OnlyCounts => true;

    /// <inheritdoc/>
    internal override void Count(string op, double flops, double bytes) => Add(flops, bytes, op.EndsWith(".bf16", StringComparison.Ordinal));

    /// <inheritdoc/>
    protected override void CopyInCore<T>(ReadOnlySpan<T> source, Slice<T> destination)
    {
    }

    /// <inheritdoc/>
    protected override void CopyOutCore<T>(Slice<T> source, Span<T> destination) => destination.Clear();

    /// <inheritdoc/>
    protected override void CopyCore<T>(Slice<T> source, Slice<T> destination) => Add(0, 2 * BytesOf(source), onTensorCores: false);

    /// <inheritdoc/>
    protected override void ClearCore<T>(Slice<T> slice) => Add(0, BytesOf(slice), onTensorCores: false);

    private static double BytesOf<T>(Slice<T> slice) where T : unmanaged => (double)slice.Length * Unsafe.SizeOf<T>();

    private static Device Stood(Device device)
    {
        ArgumentNullException.ThrowIfNull(device);
        return device;
    }

    /// <summary>Every block has an address of its own, none of them 0.</summary>
    private static DeviceMemory Addresses()
    {
        nint next = 1 << 20;
        return new DeviceMemory(bytes => (next += (nint)bytes) - (nint)bytes, (_, _) => { });
    }

    private void Add(double flops, double bytes, bool onTensorCores)
    {
        Operations += flops;
        Bytes += bytes;
        Seconds += _peaks?.Seconds(flops, bytes, onTensorCores) ?? 0;
    }
}
