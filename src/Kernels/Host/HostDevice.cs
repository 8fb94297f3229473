using System.Globalization;
using System.Runtime.InteropServices;

namespace DPT.Engine.Kernels;

/// <summary>
/// This machine's processor: SIMD kernels of our own on a fixed set of threads. Work is cut by shape alone, never
/// by thread count, so results have the same bits for any number of threads.
/// </summary>
public sealed unsafe class HostDevice : Device
{
    /// <summary>Environment variable with the number of threads, 1 to 256.</summary>
    public const string ThreadsVariable = "DPT_NUM_THREADS";

    private const int MaxThreads = 256;

    /// <summary>Opens the host.</summary>
    /// <param name="threads">Threads to use, 1 to 256; by default all processors that this process may use.</param>
    /// <param name="width">Vector width; by default the widest that the processor runs at full speed.</param>
    /// <param name="selection">Choice of kernels; by default what the environment and the defaults say.</param>
    /// <exception cref="KernelException">A variable of the environment holds something else than it may.</exception>
    public HostDevice(int? threads = null, SimdWidth? width = null, KernelSelection? selection = null)
        : base(new DeviceMemory(AllocateAligned, FreeAligned), selection ?? KernelSelection.FromEnvironment())
    {
        var count = threads ?? DefaultThreads();
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1, nameof(threads));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, MaxThreads, nameof(threads));
        Width = width ?? SimdWidths.Default();
        Workers = new WorkerPool(count);
    }

    /// <inheritdoc/>
    public override DeviceKind Kind => DeviceKind.Host;

    /// <inheritdoc/>
    public override string Description => $"host, {Threads} thread{(Threads == 1 ? "" : "s")}, {Width.Describe()}";

    /// <inheritdoc/>
    public override string Arithmetic => $"host, {Width.Describe()}";

    /// <summary>Number of threads that take part in a kernel, the caller included.</summary>
    public int Threads => Workers.Threads;

    /// <summary>Vector width of the kernels.</summary>
    public SimdWidth Width { get; }

    /// <summary>The threads: <c>device.Workers.For(items, ref job)</c>.</summary>
    public WorkerPool Workers { get; }

    /// <inheritdoc/>
    protected override void CopyInCore<T>(ReadOnlySpan<T> source, Slice<T> destination)
    {
        source.CopyTo(new Span<T>((void*)destination.Address, source.Length));
    }

    /// <inheritdoc/>
    protected override void CopyOutCore<T>(Slice<T> source, Span<T> destination)
    {
        new ReadOnlySpan<T>((void*)source.Address, destination.Length).CopyTo(destination);
    }

    /// <inheritdoc/>
    protected override void CopyCore<T>(Slice<T> source, Slice<T> destination)
    {
        NativeMemory.Copy((void*)source.Address, (void*)destination.Address, (nuint)(source.Length * sizeof(T)));
    }

    /// <inheritdoc/>
    protected override void ClearCore<T>(Slice<T> slice) =>
        NativeMemory.Clear((void*)slice.Address, (nuint)(slice.Length * sizeof(T)));

    /// <inheritdoc/>
    public override void Synchronize()
    {
        // Host kernels have finished when their launch returns.
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        Workers.Dispose();
        base.Dispose();
    }

    private static int DefaultThreads() => Environment.GetEnvironmentVariable(ThreadsVariable) switch
    {
        null or "" => Math.Min(MaxThreads, Environment.ProcessorCount),
        var text when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var asked)
            && asked is >= 1 and <= MaxThreads => asked,
        var other => throw new KernelException($"{ThreadsVariable}='{other}': give a whole number 1..{MaxThreads}"),
    };

    private static nint AllocateAligned(long bytes)
    {
        try
        {
            return (nint)NativeMemory.AlignedAlloc((nuint)bytes, 64);
        }
        catch (OutOfMemoryException full)
        {
            throw new DeviceException($"the host has no {bytes} bytes of memory left", full);
        }
    }

    private static void FreeAligned(nint address, long bytes) => NativeMemory.AlignedFree((void*)address);
}
