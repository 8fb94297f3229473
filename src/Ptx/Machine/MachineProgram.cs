namespace DPT.Engine.Ptx;

/// <summary>A kernel ready to run: decoded instructions, and what a block needs.</summary>
internal sealed class MachineProgram
{
    /// <summary>The instructions; a branch goes to an index.</summary>
    public required MachineInstruction[] Code { get; init; }

    /// <summary>Places of registers, constants and special registers.</summary>
    public required RegisterFile Registers { get; init; }

    /// <summary>Bytes of the parameters.</summary>
    public required int ParameterBytes { get; init; }

    /// <summary>Static shared memory; the dynamic one begins behind it.</summary>
    public required int SharedBytes { get; init; }

    /// <summary>Local memory of a thread.</summary>
    public required int LocalBytes { get; init; }

    /// <summary>Smallest access to shared memory in bytes: what races and unwritten memory are tracked by.</summary>
    public required int SharedGrain { get; init; }

    /// <summary>Smallest access to global memory in bytes: what races are tracked by.</summary>
    public required int GlobalGrain { get; init; }

    /// <summary>Whether there are atomics at all.</summary>
    public required bool HasAtomics { get; init; }

    /// <summary>Whether tensor cores or bulk copies work in the background, and mbarriers order them.</summary>
    public required bool IsAsync { get; init; }

    /// <summary>Names of the registers that products in the background use, in the order of their numbers.</summary>
    public required IReadOnlyList<string> WatchedRegisters { get; init; }

    /// <summary>Whether blocks may see each other's order: then they run one after the other.</summary>
    public required bool HasGlobalAtomics { get; init; }
}
