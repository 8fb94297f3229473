using System.Runtime.InteropServices;

namespace DPT.Engine.Kernels;

/// <summary>
/// A GPU in software: runs the very PTX that a card would load, on this machine's threads, and looks at everything that a
/// card does not: accesses outside of a buffer or misaligned, reads of memory that was never written, races between lanes,
/// warps and blocks, barriers that not all threads reach. Each of them is a <see cref="KernelException"/> that names kernel,
/// buffer, thread and line.
/// </summary>
/// <remarks>
/// The warps of a block take turns in a random order. It comes from the seed, the number of launches before this one and
/// the block. Races do not depend on it: they are found from what barriers order, not from what happened to come first.
/// </remarks>
public sealed unsafe class SimDevice : GpuDevice
{
    private readonly SimMemory _memory;
    private readonly Dictionary<GpuKernel, PtxMachine> _machines = [];
    private readonly int _threads;
    private readonly ulong _seed;

    /// <summary>Opens a simulated device.</summary>
    /// <param name="threads">Threads of this machine to use, 1 to 256; by default all processors.</param>
    /// <param name="seed">What the schedules of warps come from. Results of a right kernel do not depend on it.</param>
    /// <param name="architecture">The architecture that kernels are compiled for; by default sm_90a, which runs everything.</param>
    /// <param name="selection">Choice of kernels; by default what the environment and the defaults say.</param>
    public SimDevice(
        int? threads = null,
        ulong seed = 1,
        PtxArchitecture? architecture = null,
        KernelSelection? selection = null)
        : this(new SimMemory(), threads, seed, architecture, selection)
    {
    }

    private SimDevice(
        SimMemory memory, int? threads, ulong seed, PtxArchitecture? architecture, KernelSelection? selection)
        : base(
            new DeviceMemory(memory.Allocate, memory.Free, keepsIdle: false),
            selection ?? KernelSelection.FromEnvironment())
    {
        _threads = threads ?? Math.Min(256, Environment.ProcessorCount);
        ArgumentOutOfRangeException.ThrowIfLessThan(_threads, 1, nameof(threads));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(_threads, 256, nameof(threads));
        _memory = memory;
        _seed = seed;
        Architecture = architecture ?? PtxArchitecture.Sm90a;
    }

    /// <inheritdoc/>
    public override DeviceKind Kind => DeviceKind.Sim;

    /// <inheritdoc/>
    public override string Description => $"sim, {Architecture}, schedule {_seed}";

    /// <inheritdoc/>
    public override string Arithmetic => $"simulator, {Architecture}";

    /// <inheritdoc/>
    public override PtxArchitecture Architecture { get; }

    /// <summary>
    /// Launches on memory of up to that many bytes are watched for races on global memory too. Atomics on global memory may
    /// order blocks, so launches with them are not. 0, the default, is for speed: watching takes some ten times the memory.
    /// </summary>
    public long WatchedBytes { get; init; }

    /// <summary>The blocks of a grid that run, by number; all if null.</summary>
    internal Func<GridSize, IReadOnlyList<long>>? ChosenBlocks { get; init; }

    /// <summary>Number of launches so far.</summary>
    public long Launches { get; private set; }

    /// <summary>What the last launch did; null before the first.</summary>
    public SimStatistics? LastLaunch { get; private set; }

    /// <summary>Told of every launch when it has ended.</summary>
    public event Action<SimStatistics>? Launched;

    /// <inheritdoc/>
    protected override void CopyInCore<T>(ReadOnlySpan<T> source, Slice<T> destination)
    {
        var bytes = MemoryMarshal.AsBytes(source);
        if (bytes.Length > 0)
        {
            BlockOf(destination.Address, bytes.Length).CopyIn(bytes, destination.Address);
        }
    }

    /// <inheritdoc/>
    protected override void CopyOutCore<T>(Slice<T> source, Span<T> destination)
    {
        if (!source.IsEmpty)
        {
            BlockOf(source.Address, source.Length * sizeof(T)).CopyOut(source.Address, MemoryMarshal.AsBytes(destination));
        }
    }

    /// <inheritdoc/>
    protected override void CopyCore<T>(Slice<T> source, Slice<T> destination)
    {
        if (!source.IsEmpty)
        {
            var bytes = source.Length * sizeof(T);
            var from = BlockOf(source.Address, bytes);
            var to = BlockOf(destination.Address, bytes);
            to.CopyFrom(from, source.Address, destination.Address, bytes);
        }
    }

    /// <inheritdoc/>
    protected override void ClearCore<T>(Slice<T> slice)
    {
        if (!slice.IsEmpty)
        {
            var bytes = slice.Length * sizeof(T);
            BlockOf(slice.Address, bytes).Clear(slice.Address, bytes);
        }
    }

    /// <inheritdoc/>
    public override void Synchronize()
    {
        // A kernel has finished when its launch returns.
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        foreach (var machine in _machines.Values)
        {
            machine.Dispose();
        }

        base.Dispose();
    }

    /// <summary>
    /// A device for operands that no machine has the memory for: large allocations have addresses and no storage, and only
    /// chosen blocks run. So indices are checked at any size.
    /// </summary>
    /// <param name="virtualFrom">Bytes from which an allocation has no storage.</param>
    /// <param name="chosen">The blocks of a grid that run, by number.</param>
    /// <param name="architecture">The architecture that kernels are compiled for; by default sm_90a, which runs everything.</param>
    internal static SimDevice Virtual(
        long virtualFrom, Func<GridSize, IReadOnlyList<long>> chosen, PtxArchitecture? architecture = null) => new(
        new SimMemory(virtualFrom), threads: null, seed: 1, architecture, new KernelSelection())
    {
        ChosenBlocks = chosen,
    };

    /// <summary>The part of a virtual slice, from its start, that kernels touched; null if they touched nothing.</summary>
    internal (long First, long End)? Touched<T>(Slice<T> slice) where T : unmanaged
    {
        var (first, end) = BlockOf(slice.Address, slice.Length * sizeof(T)).Touched;
        return end == 0 ? null : ((long)first - slice.Address, (long)end - slice.Address);
    }

    internal override void Launch(GpuKernel kernel, GridSize grid, ReadOnlySpan<byte> arguments)
    {
        if (!_machines.TryGetValue(kernel, out var machine))
        {
            _machines[kernel] = machine = Load(kernel, PtxPipeline.Build(kernel, Architecture));
        }

        Run(machine, kernel.Threads, grid, kernel.DynamicSharedBytes, arguments.ToArray(), Buffers(kernel, arguments));
    }

    internal override void Encode(in TensorTiles tiles, Span<byte> map) => tiles.Map.Encode(map);

    /// <summary>From now on this text runs for the kernel: for tests that plant a fault.</summary>
    internal void Replace(GpuKernel kernel, PtxModule module)
    {
        if (_machines.Remove(kernel, out var machine))
        {
            machine.Dispose();
        }

        _machines[kernel] = Load(kernel, module);
    }

    /// <summary>Runs PTX text that no kernel in C# stands behind: for tests of the machine itself.</summary>
    internal void Launch(
        PtxMachine machine, int threads, GridSize grid, byte[] arguments, params IReadOnlyList<LaunchBuffer> buffers) =>
        Run(machine, threads, grid, dynamicSharedBytes: 0, arguments, buffers);

    /// <summary>The buffer that a slice is to a launch.</summary>
    internal LaunchBuffer BufferOf<T>(string name, Slice<T> slice) where T : unmanaged =>
        BufferOf("", name, slice.Address, slice.Length, sizeof(T));

    private void Run(
        PtxMachine machine,
        int threads,
        GridSize grid,
        int dynamicSharedBytes,
        byte[] arguments,
        IReadOnlyList<LaunchBuffer> buffers)
    {
        var launch = new PtxLaunch
        {
            Grid = grid,
            Threads = threads,
            DynamicSharedBytes = dynamicSharedBytes,
            Arguments = arguments,
            Buffers = buffers,
            Architecture = Architecture,
            Seed = _seed + ((ulong)Launches << 40),
            Chosen = ChosenBlocks?.Invoke(grid),
            WatchedBytes = WatchedBytes,
            Workers = _threads,
        };
        Launches++;
        try
        {
            LastLaunch = machine.Launch(launch);
        }
        catch (PtxException fault)
        {
            throw new KernelException(fault.Message, fault);
        }

        Launched?.Invoke(LastLaunch);
    }

    private static PtxMachine Load(GpuKernel kernel, PtxModule module)
    {
        try
        {
            return new PtxMachine(kernel.Id, module.ToString());
        }
        catch (PtxException unknown)
        {
            throw new KernelException(unknown.Message, unknown);
        }
    }

    private List<LaunchBuffer> Buffers(GpuKernel kernel, ReadOnlySpan<byte> arguments)
    {
        var buffers = new List<LaunchBuffer>();
        foreach (var (name, kind, offset, elementBytes) in kernel.Parameters)
        {
            if (kind == GpuParameterKind.TensorMap)
            {
                var map = PtxTensorMap.Decode(arguments[offset..]);
                buffers.Add(BufferOf($"{kernel}: ", name, (nint)map.Address, map.Extent / map.ElementBytes, map.ElementBytes));
            }
            else if (kind == GpuParameterKind.View && MemoryMarshal.Read<long>(arguments[(offset + 8)..]) is > 0 and var length)
            {
                buffers.Add(BufferOf(
                    $"{kernel}: ", name, (nint)MemoryMarshal.Read<long>(arguments[offset..]), length, elementBytes));
            }
        }

        return buffers;
    }

    private LaunchBuffer BufferOf(string where, string name, nint address, long length, int elementBytes) =>
        new(name, (ulong)address, (ulong)address + (ulong)(length * elementBytes), elementBytes,
            BlockOf(address, length * elementBytes, $"{where}'{name}'"));

    /// <summary>The allocation that holds the whole range.</summary>
    private SimMemory.Block BlockOf(nint address, long bytes, string name = "a slice") =>
        _memory.Find(address, bytes)
        ?? throw new KernelException(
            $"{name}: {bytes} bytes at 0x{address:x} are not memory of this device, or were freed");
}
