namespace DPT.Engine.Kernels;

/// <summary>The blocks of a launch, taken in order by whichever thread is free.</summary>
internal readonly struct PtxLaunchJob(PtxLaunch launch) : IParallelJob
{
    private readonly Progress _progress = new(launch.Machine.Program.Code.Length);

    public void Execute(int index)
    {
        var machine = launch.Machine.Rent(launch);
        while (_progress.TryTake(launch.Blocks, out var block))
        {
            try
            {
                machine.Run(launch.Chosen?[(int)block] ?? block);
            }
            catch (KernelException failure)
            {
                _progress.Fail(block, failure);
            }
        }

        _progress.Add(machine);
        launch.Machine.Return(machine);
    }

    /// <summary>What all blocks did together.</summary>
    /// <exception cref="KernelException">Of the lowest block that failed.</exception>
    public SimStatistics Result()
    {
        if (_progress.Failure is { } failure)
        {
            throw new KernelException(failure.Message, failure);
        }

        return new SimStatistics(launch, _progress.Barriers, _progress.Counters);
    }

    /// <summary>What threads share.</summary>
    private sealed class Progress(int instructions)
    {
        private readonly Lock _lock = new();
        private long _next;
        private long _failed = long.MaxValue;

        public InstructionCounter[] Counters { get; } = new InstructionCounter[instructions];

        public long Barriers { get; private set; }

        public KernelException? Failure { get; private set; }

        /// <summary>The next block; none behind one that failed, while all before it are taken.</summary>
        public bool TryTake(long blocks, out long block)
        {
            block = Interlocked.Increment(ref _next) - 1;
            return block < Math.Min(blocks, Interlocked.Read(ref _failed));
        }

        public void Fail(long block, KernelException failure)
        {
            lock (_lock)
            {
                if (block < _failed)
                {
                    Interlocked.Exchange(ref _failed, block);
                    Failure = failure;
                }
            }
        }

        public void Add(BlockMachine machine)
        {
            lock (_lock)
            {
                Barriers += machine.Barriers;
                for (var i = 0; i < Counters.Length; i++)
                {
                    Counters[i].Add(machine.Counters[i]);
                }
            }
        }
    }
}
