using System.Diagnostics;

namespace DPT.Engine.Kernels;

/// <summary>
/// A place that holds memory and runs operators. Every operator call goes through <see cref="Run"/>, which picks
/// the variant; nothing else in the engine knows which kernels exist.
/// </summary>
public abstract class Device : IDisposable
{
    /// <summary>Creates the device with its memory pool and its choice of kernels.</summary>
    protected Device(DeviceMemory memory, KernelSelection selection)
    {
        Memory = memory;
        Selection = selection;
    }

    /// <summary>What kind of device this is.</summary>
    public abstract DeviceKind Kind { get; }

    /// <summary>One line for people: the processor, its threads, its vector width or its architecture.</summary>
    public abstract string Description { get; }

    /// <summary>The memory pool and its counters.</summary>
    public DeviceMemory Memory { get; }

    /// <summary>Which variant serves which operator here, and why.</summary>
    public KernelSelection Selection { get; }

    /// <summary>If set, every operator call is timed and noted there. Waiting for each call costs speed on a GPU.</summary>
    public OperatorProfile? Profile { get; set; }

    /// <summary>Allocates <paramref name="length"/> elements with arbitrary content.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="length"/> is not positive.</exception>
    public DeviceBuffer<T> Allocate<T>(long length) where T : unmanaged => new(Memory, length);

    /// <summary>Allocates and fills a buffer with <paramref name="values"/>.</summary>
    public DeviceBuffer<T> Upload<T>(ReadOnlySpan<T> values) where T : unmanaged
    {
        var buffer = Allocate<T>(values.Length);
        CopyIn(values, buffer.Slice);
        return buffer;
    }

    /// <summary>The elements of <paramref name="source"/> as a new array.</summary>
    public T[] Download<T>(Slice<T> source) where T : unmanaged
    {
        var values = new T[source.Length];
        CopyOut(source, values);
        return values;
    }

    /// <summary>Runs one operator call on the variant chosen for it. Calls run in the order they are made.</summary>
    /// <exception cref="KernelException">The call's shape is invalid, or no variant here supports it.</exception>
    public void Run<TCall>(Operator<TCall> op, in TCall call) where TCall : struct, IKernelCall
    {
        call.Validate();
        var variant = Selection.Resolve(op, in call, this);
        if (Profile is { } profile)
        {
            profile.Launch(this, op, variant, in call);
        }
        else
        {
            variant.Launch(this, in call);
        }
    }

    /// <summary>Copies from managed memory; the lengths must be equal.</summary>
    public abstract void CopyIn<T>(ReadOnlySpan<T> source, Slice<T> destination) where T : unmanaged;

    /// <summary>Copies to managed memory after all earlier work; the lengths must be equal.</summary>
    public abstract void CopyOut<T>(Slice<T> source, Span<T> destination) where T : unmanaged;

    /// <summary>Copies inside the device; the lengths must be equal and the ranges must not overlap.</summary>
    public abstract void Copy<T>(Slice<T> source, Slice<T> destination) where T : unmanaged;

    /// <summary>Sets every byte of the slice to zero.</summary>
    public abstract void Clear<T>(Slice<T> slice) where T : unmanaged;

    /// <summary>Waits until everything asked of this device is done.</summary>
    public abstract void Synchronize();

    /// <summary>How long the work takes on the device, from when all earlier work has ended.</summary>
    public virtual TimeSpan Measure(Action work)
    {
        ArgumentNullException.ThrowIfNull(work);
        Synchronize();
        var start = Stopwatch.GetTimestamp();
        work();
        Synchronize();
        return Stopwatch.GetElapsedTime(start);
    }

    /// <summary>Frees the pool and the device's own resources. Buffers must have been disposed before.</summary>
    public virtual void Dispose()
    {
        Memory.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Throws unless the two lengths are equal.</summary>
    protected static void RequireSameLength(long source, long destination)
    {
        if (source != destination)
        {
            throw new ArgumentException($"cannot copy {source} elements to a slice of {destination}");
        }
    }
}
