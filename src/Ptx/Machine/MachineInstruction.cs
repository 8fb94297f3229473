namespace DPT.Engine.Ptx;

/// <summary>An instruction with its operands looked up, ready to be executed by 32 lanes at once.</summary>
/// <remarks>Operands are byte offsets into the register file of a warp, where constants lie as well.</remarks>
internal abstract class MachineInstruction
{
    /// <summary>The text that it was made of.</summary>
    public PtxInstruction Source { get; set; } = null!;

    /// <summary>Offset of the guarding predicate; negative for none.</summary>
    public int Guard { get; set; } = -1;

    /// <summary>All ones if the guard is negated.</summary>
    public uint GuardFlip { get; set; }

    /// <inheritdoc/>
    public sealed override string ToString() => Source.ToString().Replace('\t', ' ');

    /// <summary>Does it for the lanes in the mask, which is not empty.</summary>
    public abstract void Execute(SimWarp warp, uint mask);
}
