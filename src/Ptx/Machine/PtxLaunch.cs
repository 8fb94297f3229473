namespace DPT.Engine.Ptx;

/// <summary>One launch of a kernel on <see cref="PtxMachine"/>: what a driver is told, and what a simulator wants besides.</summary>
public sealed record PtxLaunch
{
    /// <summary>Blocks along each dimension.</summary>
    public required GridSize Grid { get; init; }

    /// <summary>Threads of a block, along x, 1 to 1024.</summary>
    public required int Threads { get; init; }

    /// <summary>Shared memory of a block in bytes beyond what the text declares.</summary>
    public int DynamicSharedBytes { get; init; }

    /// <summary>The parameters' bytes, in order, each at its natural alignment.</summary>
    public required byte[] Arguments { get; init; }

    /// <summary>All global memory that the launch may touch.</summary>
    public required IReadOnlyList<LaunchBuffer> Buffers { get; init; }

    /// <summary>The architecture whose limits hold.</summary>
    public PtxArchitecture Architecture { get; init; } = PtxArchitecture.Sm80;

    /// <summary>What the schedules of all blocks come from. Results of a right kernel do not depend on it.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Numbers of the blocks that run; all if null.</summary>
    public IReadOnlyList<long>? Chosen { get; init; }

    /// <summary>
    /// Launches on memory of up to that many bytes are watched for races on global memory too, block after block. Atomics on
    /// global memory may order blocks, so launches with them are not. 0, the default, is for speed.
    /// </summary>
    public long WatchedBytes { get; init; }

    /// <summary>Threads of this machine that run blocks. Which runs which block changes no result.</summary>
    public int Workers { get; init; } = Environment.ProcessorCount;
}
