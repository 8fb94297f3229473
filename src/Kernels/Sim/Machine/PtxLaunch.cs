namespace DPT.Engine.Kernels;

/// <summary>One launch: the program, its threads, and what it may see.</summary>
internal sealed class PtxLaunch
{
    /// <summary>The decoded kernel.</summary>
    public required PtxMachine Machine { get; init; }

    /// <summary>What its blocks need.</summary>
    public required BlockShape Shape { get; init; }

    public required GridSize Grid { get; init; }

    /// <summary>Numbers of the blocks that run; all if null.</summary>
    public required IReadOnlyList<long>? Chosen { get; init; }

    /// <summary>How many blocks run.</summary>
    public long Blocks => Chosen?.Count ?? Grid.Blocks;

    /// <summary>The parameters' bytes.</summary>
    public required byte[] Arguments { get; init; }

    /// <summary>Memory that the parameters stand for.</summary>
    public required IReadOnlyList<LaunchBuffer> Buffers { get; init; }

    /// <summary>What the schedules of all blocks come from.</summary>
    public required ulong Seed { get; init; }

    /// <summary>Whether races on global memory are looked for: then blocks run one after the other.</summary>
    public required bool IsWatched { get; init; }

    /// <summary>Coordinates of a block.</summary>
    public (int X, int Y, int Z) Block(long index) =>
        ((int)(index % Grid.X), (int)(index / Grid.X % Grid.Y), (int)(index / Grid.X / Grid.Y));

    /// <summary>Throws what a driver would refuse.</summary>
    public void Validate(PtxArchitecture architecture)
    {
        const int MostThreads = 1024;
        if (Shape.Threads is < 1 or > MostThreads)
        {
            throw new KernelException($"{Machine.Kernel}: a block has 1 to {MostThreads} threads, not {Shape.Threads}");
        }

        Grid.Validate(Machine.Kernel);
        if (Shape.SharedBytes > architecture.SharedBytes)
        {
            throw new KernelException(
                $"{Machine.Kernel}: a block needs {Shape.SharedBytes} bytes of shared memory, {architecture} has {architecture.SharedBytes}");
        }

        if (Arguments.Length != Machine.Program.ParameterBytes)
        {
            throw new KernelException(
                $"{Machine.Kernel}: {Arguments.Length} bytes of arguments were given, the kernel takes {Machine.Program.ParameterBytes}");
        }
    }

    /// <summary>Runs all blocks on the threads of a pool. Which thread runs which block changes no result.</summary>
    /// <exception cref="KernelException">Of the lowest block that did something wrong.</exception>
    public SimStatistics Run(WorkerPool workers)
    {
        var job = new PtxLaunchJob(this);
        var isSerial = IsWatched || Machine.Program.HasGlobalAtomics;
        workers.For(isSerial ? 1 : (int)Math.Min(workers.Threads, Blocks), ref job);
        return job.Result();
    }

    /// <summary>Says who did it, and where.</summary>
    public KernelException Explain(SimFault fault, SimWarp warp, (int X, int Y, int Z) block)
    {
        var first = warp.Number * Lanes.Count;
        var who = fault.Lane is { } lane
            ? $"thread {first + lane}"
            : $"warp {warp.Number} (threads {first} to {Math.Min(Shape.Threads, first + Lanes.Count) - 1})";
        var instruction = Machine.Program.Code[warp.Current];
        return new KernelException(
            $"{Machine.Kernel}: {who} of block ({block.X}, {block.Y}, {block.Z}) {fault.Message}; "
            + $"PTX line {instruction.Source.Line}: {instruction}",
            fault);
    }
}
