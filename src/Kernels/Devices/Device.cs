using System.Diagnostics;

namespace DPT.Engine.Kernels;

/// <summary>
/// A place that holds memory and runs operators (<see cref="OperatorCalls.Run"/>).
/// </summary>
public abstract class Device : IDisposable
{
    private CapturedWork? _capture;

    /// <summary>Creates the device with its memory pool and its choice of kernels.</summary>
    private protected Device(DeviceMemory memory, KernelSelection selection)
    {
        Memory = memory;
        Selection = selection;
    }

    /// <summary>What kind of device this is.</summary>
    public abstract DeviceKind Kind { get; }

    /// <summary>One line for people: the processor, its threads, its vector width or its architecture.</summary>
    public abstract string Description { get; }

    /// <summary>What the bits of results depend on: two devices with the same words compute the same.</summary>
    public virtual string Arithmetic => Description;

    /// <summary>Bytes of memory in all, for estimates.</summary>
    public virtual long CapacityBytes => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    /// <summary>The memory pool and its counters.</summary>
    public DeviceMemory Memory { get; }

    /// <summary>Which variant serves which operator here, and why.</summary>
    public KernelSelection Selection { get; }

    /// <summary>What networks multiply here; to be set before any is made.</summary>
    public Precision Precision { get; set; }

    /// <summary>How much it was asked for so far.</summary>
    public DeviceTraffic Traffic { get; } = new();

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

    /// <summary>
    /// Runs the work and keeps every launch of it (operator calls, copies inside the device, clears), so that it can run
    /// again on the same memory. What it allocates it must give back; the memory stays reserved for it.
    /// </summary>
    /// <param name="work">
    /// Work whose launches are the same every time. Numbers that change come to it through buffers that it reads, filled
    /// before it runs or in <see cref="OnHost"/>.
    /// </param>
    /// <exception cref="KernelException">It copies from or to managed memory, captures other work, or keeps memory.</exception>
    public CapturedWork Capture(Action work)
    {
        ArgumentNullException.ThrowIfNull(work);
        var captured = new CapturedWork(this);
        try
        {
            SwitchTo(captured);
            work();
            Memory.EndReservation();
            return captured;
        }
        catch
        {
            captured.Dispose();
            throw;
        }
        finally
        {
            SwitchTo(null);
        }
    }

    /// <summary>
    /// Runs work of the host in the middle of device work. Inside captured work it runs anew at every replay; there it is
    /// the place for decisions and for copies from and to managed memory.
    /// </summary>
    public void OnHost(Action work)
    {
        ArgumentNullException.ThrowIfNull(work);
        if (!IsCapturing)
        {
            work();
        }
        else
        {
            RunCaptured(new CapturedHostWork(work));
        }
    }

    /// <summary>Copies from managed memory; the lengths must be equal.</summary>
    public void CopyIn<T>(ReadOnlySpan<T> source, Slice<T> destination) where T : unmanaged
    {
        RequireNoCapture("copy from managed memory");
        RequireSameLength(source.Length, destination.Length);
        Traffic.CopiesIn++;
        CopyInCore(source, destination);
    }

    /// <summary>Copies to managed memory after all earlier work; the lengths must be equal.</summary>
    public void CopyOut<T>(Slice<T> source, Span<T> destination) where T : unmanaged
    {
        RequireNoCapture("copy to managed memory");
        RequireSameLength(source.Length, destination.Length);
        Traffic.CopiesOut++;
        CopyOutCore(source, destination);
    }

    /// <summary>Copies inside the device; the lengths must be equal and the ranges must not overlap.</summary>
    public void Copy<T>(Slice<T> source, Slice<T> destination) where T : unmanaged
    {
        RequireSameLength(source.Length, destination.Length);
        if (!IsCapturing)
        {
            Traffic.Launches++;
            CopyCore(source, destination);
        }
        else
        {
            RunCaptured(new CapturedCopy<T>(source, destination));
        }
    }

    /// <summary>Sets every byte of the slice to zero.</summary>
    public void Clear<T>(Slice<T> slice) where T : unmanaged
    {
        if (!IsCapturing)
        {
            Traffic.Launches++;
            ClearCore(slice);
        }
        else
        {
            RunCaptured(new CapturedClear<T>(slice));
        }
    }

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

    /// <summary>Memory for one launch of a variant, with arbitrary content: <c>using var rows = device.Scratch&lt;float&gt;(n);</c></summary>
    /// <param name="length">Number of elements, above 0.</param>
    public Scratch<T> Scratch<T>(long length) where T : unmanaged => new(Memory, length);

    /// <summary>The device that variants are chosen for: another one where this stands for it.</summary>
    internal virtual Device Chooser => this;

    /// <summary>Whether calls are counted instead of launched.</summary>
    internal virtual bool OnlyCounts => false;

    /// <summary>Counts a call of an operator.</summary>
    internal virtual void Count(string op, double flops, double bytes) => throw new NotSupportedException($"{Description} counts nothing");

    /// <summary>Whether work is being captured.</summary>
    internal bool IsCapturing => _capture is not null;

    /// <summary>Whether <see cref="Record"/> makes one launch of many.</summary>
    internal virtual bool CanRecord => false;

    /// <summary>
    /// Makes one launch of those that the action makes, without running them. They must have run before, on the same memory, and
    /// take no new memory from the system.
    /// </summary>
    internal virtual CapturedLaunch Record(Action launches) => throw new NotSupportedException($"{Description} records nothing");

    /// <summary>Throws inside captured work.</summary>
    internal void RequireNoCapture(string what)
    {
        if (IsCapturing)
        {
            throw new KernelException($"captured work cannot {what}: do that before, after, or in Device.OnHost");
        }
    }

    /// <summary>Does what <see cref="CopyIn"/> says.</summary>
    protected abstract void CopyInCore<T>(ReadOnlySpan<T> source, Slice<T> destination) where T : unmanaged;

    /// <summary>Does what <see cref="CopyOut"/> says.</summary>
    protected abstract void CopyOutCore<T>(Slice<T> source, Span<T> destination) where T : unmanaged;

    /// <summary>Does what <see cref="Copy"/> says.</summary>
    protected abstract void CopyCore<T>(Slice<T> source, Slice<T> destination) where T : unmanaged;

    /// <summary>Does what <see cref="Clear"/> says.</summary>
    protected abstract void ClearCore<T>(Slice<T> slice) where T : unmanaged;

    private static void RequireSameLength(long source, long destination)
    {
        if (source != destination)
        {
            throw new ArgumentException($"cannot copy {source} elements to a slice of {destination}");
        }
    }

    /// <summary>
    /// Keeps a launch and runs it as a replay will: what it does inside, and the scratch memory it takes, is its own affair.
    /// </summary>
    internal void RunCaptured(CapturedLaunch launch)
    {
        var capture = _capture!;
        capture.Add(launch);
        SwitchTo(null);
        try
        {
            launch.Run(this);
        }
        finally
        {
            SwitchTo(capture);
        }
    }

    private void SwitchTo(CapturedWork? capture)
    {
        _capture = capture;
        Memory.RentsForReservation = capture is not null;
    }
}
