namespace DPT.Engine.Ptx;

/// <summary>The blocks of a launch, taken in order by whichever thread is free.</summary>
internal sealed class RunningLaunch
{
    private const int MaxThreads = 1024;

    private readonly LoadedProgram _loaded;
    private readonly PtxLaunch _launch;
    private readonly InstructionCounter[] _counters;
    private readonly Lock _lock = new();
    private long _barriers;
    private long _next;
    private long _failed = long.MaxValue;
    private PtxException? _failure;

    /// <summary>Prepares a launch.</summary>
    /// <exception cref="PtxException">A driver would refuse it.</exception>
    public RunningLaunch(LoadedProgram loaded, PtxLaunch launch)
    {
        _loaded = loaded;
        _launch = launch;
        _counters = new InstructionCounter[loaded.Program.Code.Length];
        Shape = new BlockShape(loaded.Program, launch.Threads, launch.DynamicSharedBytes);
        IsWatched = !loaded.Program.HasGlobalAtomics
            && launch.Buffers.Select(b => b.Memory).Distinct().Sum(m => m.Bytes) <= launch.WatchedBytes;
        Validate();
    }

    /// <summary>What its blocks need.</summary>
    public BlockShape Shape { get; }

    public GridSize Grid => _launch.Grid;

    /// <summary>The parameters' bytes.</summary>
    public byte[] Arguments => _launch.Arguments;

    /// <summary>Memory that the parameters stand for.</summary>
    public IReadOnlyList<LaunchBuffer> Buffers => _launch.Buffers;

    /// <summary>What the schedules of all blocks come from.</summary>
    public ulong Seed => _launch.Seed;

    /// <summary>Whether races on global memory are looked for: then blocks run one after the other.</summary>
    public bool IsWatched { get; }

    /// <summary>How many blocks run.</summary>
    private long Blocks => _launch.Chosen?.Count ?? Grid.Blocks;

    /// <summary>Coordinates of a block.</summary>
    public (int X, int Y, int Z) Block(long index) =>
        ((int)(index % Grid.X), (int)(index / Grid.X % Grid.Y), (int)(index / Grid.X / Grid.Y));

    /// <summary>Runs all blocks.</summary>
    /// <exception cref="PtxException">Of the lowest block that did something wrong.</exception>
    public SimStatistics Run()
    {
        var isSerial = IsWatched || _loaded.Program.HasGlobalAtomics;
        var workers = isSerial ? 1 : (int)Math.Min(_launch.Workers, Blocks);
        if (workers <= 1)
        {
            TakeBlocks();
        }
        else
        {
            Parallel.For(0, workers, new ParallelOptions { MaxDegreeOfParallelism = workers }, _ => TakeBlocks());
        }

        return _failure is { } failure
            ? throw new PtxException(failure.Message, failure)
            : new SimStatistics(_loaded, _launch, _barriers, _counters);
    }

    /// <summary>Says who did it, and where.</summary>
    public PtxException Explain(SimFault fault, SimWarp warp, (int X, int Y, int Z) block)
    {
        var first = warp.Number * Lanes.Count;
        var who = fault.Lane is { } lane
            ? $"thread {first + lane}"
            : $"warp {warp.Number} (threads {first} to {Math.Min(Shape.Threads, first + Lanes.Count) - 1})";
        var instruction = _loaded.Program.Code[warp.Current];
        return new PtxException(
            $"{_loaded.Kernel}: {who} of block ({block.X}, {block.Y}, {block.Z}) {fault.Message}; "
            + $"{instruction.Source.Place}: {instruction}",
            fault);
    }

    private void Validate()
    {
        var kernel = _loaded.Kernel;
        if (Shape.Threads is < 1 or > MaxThreads)
        {
            throw new PtxException($"{kernel}: a block has 1 to {MaxThreads} threads, not {Shape.Threads}");
        }

        if (!Grid.IsWithinLimits)
        {
            throw new PtxException($"{kernel}: a grid has {GridSize.Limits}, not {Grid}");
        }

        if (Shape.SharedBytes > _launch.Architecture.SharedBytes)
        {
            throw new PtxException(
                $"{kernel}: a block needs {Shape.SharedBytes} bytes of shared memory, "
                + $"{_launch.Architecture} has {_launch.Architecture.SharedBytes}");
        }

        if (Arguments.Length != _loaded.Program.ParameterBytes)
        {
            throw new PtxException(
                $"{kernel}: {Arguments.Length} bytes of arguments were given, the kernel takes {_loaded.Program.ParameterBytes}");
        }
    }

    /// <summary>What one thread of this machine does.</summary>
    private void TakeBlocks()
    {
        var machine = _loaded.Rent(this);
        while (TryTake(out var block))
        {
            try
            {
                machine.Run(_launch.Chosen?[(int)block] ?? block);
            }
            catch (PtxException failure)
            {
                Fail(block, failure);
            }
        }

        Add(machine);
        _loaded.Return(machine);
    }

    /// <summary>The next block; none behind one that failed, while all before it are taken.</summary>
    private bool TryTake(out long block)
    {
        block = Interlocked.Increment(ref _next) - 1;
        return block < Math.Min(Blocks, Interlocked.Read(ref _failed));
    }

    private void Fail(long block, PtxException failure)
    {
        lock (_lock)
        {
            if (block < _failed)
            {
                Interlocked.Exchange(ref _failed, block);
                _failure = failure;
            }
        }
    }

    private void Add(BlockMachine machine)
    {
        lock (_lock)
        {
            _barriers += machine.Barriers.Passed;
            for (var i = 0; i < _counters.Length; i++)
            {
                _counters[i].Add(machine.Counters[i]);
            }
        }
    }
}
