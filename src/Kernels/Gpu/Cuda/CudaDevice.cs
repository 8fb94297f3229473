using System.Globalization;

namespace DPT.Engine.Kernels;

/// <summary>
/// An NVIDIA GPU. All work goes to one stream, in the order in which it is asked for; a call that gives numbers back waits
/// for it. What runs is the text of <see cref="PtxPipeline"/>, loaded by the driver when a kernel is first launched: as the cubin of
/// that very text where a <see cref="CubinArchive"/> has one for this card, else as text that the driver compiles.
/// </summary>
/// <remarks>
/// A kernel that crashes is noticed at the next call that waits, and takes the card's context with it: nothing works on
/// this device afterwards. <c>CUDA_LAUNCH_BLOCKING=1</c>, which the driver reads, makes every launch wait.
/// </remarks>
public sealed unsafe class CudaDevice : GpuDevice
{
    private static readonly Lazy<(ICudaDriver? Driver, string? Reason)> Here = new(Look);

    private readonly CudaContext _context;
    private readonly CubinArchive? _cubins;
    private readonly Dictionary<GpuKernel, CudaModule> _modules = [];
    private GpuKernel? _latest;
    private bool _isCapturing;

    /// <summary>Opens a GPU.</summary>
    /// <param name="ordinal">Its number, from 0, as the driver counts.</param>
    /// <param name="selection">Choice of kernels; by default what the environment and the defaults say.</param>
    /// <exception cref="DeviceException">It cannot be used; the message says why.</exception>
    public CudaDevice(int ordinal = 0, KernelSelection? selection = null)
        : this(Here.Value.Driver ?? throw new DeviceException(Here.Value.Reason!), ordinal, selection, CubinArchive.Default())
    {
    }

    internal CudaDevice(ICudaDriver driver, int ordinal = 0, KernelSelection? selection = null, CubinArchive? cubins = null)
        : this(new CudaContext(driver, ordinal), selection, cubins)
    {
    }

    private CudaDevice(CudaContext context, KernelSelection? selection, CubinArchive? cubins)
        : base(new DeviceMemory(context.Allocate, context.Free), selection ?? KernelSelection.FromEnvironment())
    {
        _context = context;
        Architecture = context.Capability == (9, 0) ? PtxArchitecture.Sm90a : PtxArchitecture.Sm80;

        // Machine code runs on cards of its own generation, from its own minor number on.
        _cubins = Architecture == PtxArchitecture.Sm90a || context.Capability.Major == 8 ? cubins : null;
    }

    /// <summary>Why no GPU can be used on this machine; null if one can.</summary>
    public static string? WhyNot => Here.Value.Reason;

    /// <inheritdoc/>
    public override DeviceKind Kind => DeviceKind.Cuda;

    /// <inheritdoc/>
    public override string Description => string.Create(
        CultureInfo.InvariantCulture,
        $"{_context.Name}, {Architecture}, {_context.TotalBytes / (double)(1L << 30):0.0} GiB, driver for CUDA {_context.DriverVersion}");

    /// <inheritdoc/>
    public override string Arithmetic => $"{_context.Name}, {Architecture}";

    /// <inheritdoc/>
    public override long CapacityBytes => _context.TotalBytes;

    /// <inheritdoc/>
    public override PtxArchitecture Architecture { get; }

    /// <summary>Bytes of the cache that all multiprocessors share.</summary>
    public long CacheBytes => _context.Attribute(CudaAttribute.SecondLevelCache);

    /// <summary>The cubins that it takes kernels from; null if the driver compiles all of them.</summary>
    public CubinArchive? Cubins => _cubins;

    /// <summary>All kernels that were launched so far.</summary>
    public IEnumerable<LoadedKernel> Loaded =>
        _modules.Select(m => new LoadedKernel(m.Key.Id, m.Value.Registers, m.Value.LocalBytes, m.Value.IsCubin));

    /// <inheritdoc/>
    protected override void CopyInCore<T>(ReadOnlySpan<T> source, Slice<T> destination)
    {
        if (source.IsEmpty)
        {
            return;
        }

        // The driver has taken the numbers when this returns: memory that is not page-locked is staged at once.
        fixed (T* from = source)
        {
            var driver = _context.Use(out var stream);
            Require(driver.CopyIn(destination.Address, from, destination.Length * sizeof(T), stream), "a copy to the GPU");
        }
    }

    /// <inheritdoc/>
    protected override void CopyOutCore<T>(Slice<T> source, Span<T> destination)
    {
        if (source.IsEmpty)
        {
            return;
        }

        fixed (T* to = destination)
        {
            var driver = _context.Use(out var stream);
            Require(driver.CopyOut(to, source.Address, source.Length * sizeof(T), stream), "a copy from the GPU");
            Require(driver.Synchronise(stream), "a copy from the GPU");
        }
    }

    /// <inheritdoc/>
    protected override void CopyCore<T>(Slice<T> source, Slice<T> destination)
    {
        if (!source.IsEmpty)
        {
            var driver = _context.Use(out var stream);
            Require(
                driver.Copy(destination.Address, source.Address, source.Length * sizeof(T), stream), "a copy on the GPU");
        }
    }

    /// <inheritdoc/>
    protected override void ClearCore<T>(Slice<T> slice)
    {
        if (!slice.IsEmpty)
        {
            var driver = _context.Use(out var stream);
            Require(driver.Fill(slice.Address, 0, slice.Length * sizeof(T), stream), "clearing memory of the GPU");
        }
    }

    /// <inheritdoc/>
    public override void Synchronize()
    {
        var driver = _context.Use(out var stream);
        Require(driver.Synchronise(stream), "waiting for the GPU");
    }

    /// <inheritdoc/>
    public override TimeSpan Measure(Action work)
    {
        ArgumentNullException.ThrowIfNull(work);
        var driver = _context.Use(out var stream);
        Require(driver.CreateEvent(out var start), "an event");
        Require(driver.CreateEvent(out var end), "an event");
        try
        {
            Require(driver.RecordEvent(start, stream), "an event");
            work();
            Require(driver.RecordEvent(end, stream), "an event");
            Require(driver.ElapsedMilliseconds(start, end, out var milliseconds), "timing the GPU");
            return TimeSpan.FromMilliseconds(milliseconds);
        }
        finally
        {
            driver.DestroyEvent(start);
            driver.DestroyEvent(end);
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        foreach (var module in _modules.Values)
        {
            module.Dispose();
        }

        _modules.Clear();
        base.Dispose();
        _context.Dispose();
    }

    internal override bool CanRecord => true;

    internal override CapturedLaunch Record(Action launches)
    {
        var driver = _context.Use(out var stream);
        var allocations = Memory.SystemAllocations;
        Require(driver.BeginCapture(stream), "recording");
        nint graph = 0;
        try
        {
            Require(Record(launches, () => driver.EndCapture(stream, out graph)), "recording");
            Kernels.Require.That("a recording", Memory.SystemAllocations == allocations, "its launches take memory that they did not have before");
            return new CudaGraph(_context, graph);
        }
        finally
        {
            if (graph != 0)
            {
                driver.DestroyGraph(graph);
            }
        }
    }

    internal override void Encode(in TensorTiles tiles, Span<byte> map) =>
        Require(_context.Use(out _).EncodeTensorMap(in tiles.Map, map), "a tensor map");

    internal override void Launch(GpuKernel kernel, GridSize grid, ReadOnlySpan<byte> arguments)
    {
        if (!_modules.TryGetValue(kernel, out var module))
        {
            Kernels.Require.That(kernel.Id, !_isCapturing, "a recording holds kernels that have run before");
            var text = PtxPipeline.Build(kernel, Architecture);
            _modules[kernel] = module = new CudaModule(_context, kernel, text, _cubins?.Find(kernel, Architecture, text));
        }

        module.Launch(grid, arguments);
        _latest = kernel;
    }

    /// <summary>Recording ends whatever the steps do: the stream would be unusable.</summary>
    private int Record(Action steps, Func<int> end)
    {
        _isCapturing = true;
        var result = 0;
        try
        {
            steps();
        }
        finally
        {
            _isCapturing = false;
            result = end();
        }

        return result;
    }

    private static (ICudaDriver? Driver, string? Reason) Look()
    {
        try
        {
            var driver = CudaDriver.TryLoad();
            return driver is null
                ? (null, $"no NVIDIA driver here ({CudaDriver.Library} is not found)")
                : (driver, CudaContext.WhyNot(driver, ordinal: 0));
        }
        catch (EntryPointNotFoundException e)
        {
            return (null, $"the NVIDIA driver is too old: {e.Message}");
        }
    }

    /// <summary>What kernels did wrong is told by whatever call comes next: the message names the latest of them.</summary>
    private void Require(int result, string what) =>
        _context.Require(result, _latest is null ? what : $"{what}, after {_latest.Id} or a kernel before it");
}

/// <summary>A kernel as a card has it.</summary>
/// <param name="Kernel">Its identity.</param>
/// <param name="Registers">Registers of a thread.</param>
/// <param name="LocalBytes">Bytes of local memory of a thread: registers that did not fit.</param>
/// <param name="IsCubin">Whether it runs as it was assembled beforehand; otherwise the driver compiled it.</param>
public sealed record LoadedKernel(string Kernel, int Registers, int LocalBytes, bool IsCubin);
