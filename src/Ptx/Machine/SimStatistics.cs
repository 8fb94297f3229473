namespace DPT.Engine.Ptx;

/// <summary>What one launch on the simulator did: everything but time.</summary>
public sealed class SimStatistics
{
    private readonly InstructionCounter _total;
    private readonly Lazy<IReadOnlyList<SimInstruction>> _instructions;

    internal SimStatistics(LoadedProgram loaded, PtxLaunch launch, long barriers, InstructionCounter[] counters)
    {
        Kernel = loaded.Kernel;
        Grid = launch.Grid;
        Threads = launch.Threads;
        Barriers = barriers;
        foreach (ref readonly var counter in counters.AsSpan())
        {
            _total.Add(counter);
        }

        var code = loaded.Program.Code;
        _instructions = new(() => [.. code.Select((instruction, i) => Describe(instruction, counters[i]))]);
    }

    /// <summary>Name of the kernel.</summary>
    public string Kernel { get; }

    /// <summary>Number of blocks.</summary>
    public GridSize Grid { get; }

    /// <summary>Threads of a block.</summary>
    public int Threads { get; }

    /// <summary>Barriers that were passed, all blocks together.</summary>
    public long Barriers { get; }

    /// <summary>Every instruction of the text, in order, with what it did.</summary>
    public IReadOnlyList<SimInstruction> Instructions => _instructions.Value;

    /// <summary>Instructions that warps ran.</summary>
    public long WarpInstructions => _total.Warps;

    /// <summary>Instructions that threads ran: those that a guard switched off are not counted.</summary>
    public long LaneInstructions => _total.Lanes;

    /// <summary>Times that a branch sent lanes of a warp different ways.</summary>
    public long DivergentBranches => _total.Divergences;

    /// <summary>Requests of warps to global memory.</summary>
    public long GlobalRequests => _total.GlobalRequests;

    /// <summary>Sectors of 32 bytes that these requests touched.</summary>
    public long Sectors => _total.Sectors;

    /// <summary>Bytes that threads read from global memory.</summary>
    public long GlobalBytesRead => _total.GlobalBytesRead;

    /// <summary>Bytes that threads wrote to global memory.</summary>
    public long GlobalBytesWritten => _total.GlobalBytesWritten;

    /// <summary>Requests of warps to shared memory.</summary>
    public long SharedRequests => _total.SharedRequests;

    /// <summary>Passes over the banks of shared memory beyond the fewest possible.</summary>
    public long BankConflicts => _total.BankConflicts;

    /// <summary>Warp and lane instructions by opcode, the most frequent first.</summary>
    public IReadOnlyList<(string Opcode, long Warps, long Lanes)> ByOpcode =>
        [.. Instructions.GroupBy(i => i.Opcode)
            .Select(g => (Opcode: g.Key, Warps: g.Sum(i => i.Warps), Lanes: g.Sum(i => i.Lanes)))
            .Where(g => g.Warps > 0)
            .OrderByDescending(g => g.Lanes)];

    /// <inheritdoc/>
    public override string ToString() =>
        $"{Kernel} on {Grid} blocks of {Threads}: {LaneInstructions} lane instructions, {GlobalRequests} global requests "
        + $"in {Sectors} sectors, {SharedRequests} shared requests with {BankConflicts} conflicts, {Barriers} barriers, "
        + $"{DivergentBranches} divergent branches";

    private static SimInstruction Describe(MachineInstruction instruction, in InstructionCounter counter) => new(
        instruction.Source.Line,
        instruction.Source.Origin,
        instruction.ToString(),
        instruction.Source.Opcode,
        counter.Warps,
        counter.Lanes,
        counter.Divergences,
        counter.GlobalRequests,
        counter.Sectors,
        counter.GlobalBytesRead,
        counter.GlobalBytesWritten,
        counter.SharedRequests,
        counter.BankConflicts);
}

/// <summary>One instruction of the text, and what it did in a launch.</summary>
/// <param name="Line">Line in the PTX text.</param>
/// <param name="Origin">Where it was compiled from; null where the text does not say.</param>
/// <param name="Text">The instruction.</param>
/// <param name="Opcode">Its opcode.</param>
/// <param name="Warps">Times that a warp ran it.</param>
/// <param name="Lanes">Times that a thread ran it.</param>
/// <param name="Divergences">Times that lanes of a warp went different ways here.</param>
/// <param name="GlobalRequests">Requests to global memory.</param>
/// <param name="Sectors">Sectors of 32 bytes that they touched.</param>
/// <param name="GlobalBytesRead">Bytes that threads read from global memory.</param>
/// <param name="GlobalBytesWritten">Bytes that threads wrote to global memory.</param>
/// <param name="SharedRequests">Requests to shared memory.</param>
/// <param name="BankConflicts">Passes over the banks beyond the fewest possible.</param>
public sealed record SimInstruction(
    int Line,
    PtxOrigin? Origin,
    string Text,
    string Opcode,
    long Warps,
    long Lanes,
    long Divergences,
    long GlobalRequests,
    long Sectors,
    long GlobalBytesRead,
    long GlobalBytesWritten,
    long SharedRequests,
    long BankConflicts);
