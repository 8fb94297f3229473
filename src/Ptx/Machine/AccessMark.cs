namespace DPT.Engine.Ptx;

/// <summary>
/// One access in 64 bits: when by the clock of who made it, by which instruction, agent and lane. The default is an access
/// before every other. Marks of one agent compare in the order of time.
/// </summary>
internal readonly record struct AccessMark(ulong Bits)
{
    /// <summary>In place of a lane: several of the warp.</summary>
    public const int ManyLanes = 32;

    /// <summary>The bits that tell the lane.</summary>
    public const uint LaneMask = (1u << LaneBits) - 1;

    /// <summary>The moment of a copy that is not there yet: later than every other.</summary>
    public const uint InFlight = uint.MaxValue;

    private const int LaneBits = 6;
    private const int AgentBits = 7;
    private const int InstructionBits = 19;

    public AccessMark(uint moment, SimWarp warp, int lane) : this(moment, warp.Number, warp.Current, lane)
    {
    }

    public AccessMark(uint moment, int agent, int instruction, int lane) : this(
        ((ulong)moment << 32) | ((ulong)(uint)instruction << (LaneBits + AgentBits)) | ((ulong)(uint)agent << LaneBits) | (uint)lane)
    {
    }

    /// <summary>The clock of the agent at the access; 0 for no access.</summary>
    public uint Moment => (uint)(Bits >> 32);

    /// <summary>Index of the instruction.</summary>
    public int Instruction => (int)(Bits >> (LaneBits + AgentBits)) & ((1 << InstructionBits) - 1);

    /// <summary>The warp, or what worked for one (<see cref="Agents"/>).</summary>
    public int Agent => (int)(Bits >> LaneBits) & ((1 << AgentBits) - 1);

    /// <summary>The lane, or <see cref="ManyLanes"/>.</summary>
    public int Lane => (int)((uint)Bits & LaneMask);

    /// <summary>Whether it is a copy that is not there yet.</summary>
    public bool IsInFlight => Moment == InFlight;

    /// <summary>The same, after an access of the same kind by this agent at this place.</summary>
    public AccessMark After(AccessMark before) =>
        before.Moment == Moment && before.Lane != Lane ? new((Bits & ~(ulong)LaneMask) | ManyLanes) : this;
}
