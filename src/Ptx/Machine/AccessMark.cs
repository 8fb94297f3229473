namespace DPT.Engine.Ptx;

/// <summary>
/// One access in 64 bits: when by the clock of its warp, by which instruction, warp and lane. The default is an access
/// before every other. Marks of one warp compare in the order of time.
/// </summary>
internal readonly record struct AccessMark(ulong Bits)
{
    /// <summary>In place of a lane: several of the warp.</summary>
    public const int ManyLanes = 32;

    /// <summary>The moment of a copy that is not there yet: later than every other.</summary>
    public const uint InFlight = uint.MaxValue;

    private const int LaneBits = 6;
    private const int WarpBits = 5;
    private const int InstructionBits = 20;

    public AccessMark(uint moment, SimWarp warp, int lane) : this(
        ((ulong)moment << 32) | ((ulong)(uint)warp.Current << (LaneBits + WarpBits))
        | ((ulong)(uint)warp.Number << LaneBits) | (uint)lane)
    {
    }

    /// <summary>The clock of the warp at the access; 0 for no access.</summary>
    public uint Moment => (uint)(Bits >> 32);

    /// <summary>Index of the instruction.</summary>
    public int Instruction => (int)(Bits >> (LaneBits + WarpBits)) & ((1 << InstructionBits) - 1);

    public int Warp => (int)(Bits >> LaneBits) & ((1 << WarpBits) - 1);

    /// <summary>The lane, or <see cref="ManyLanes"/>.</summary>
    public int Lane => (int)Bits & ((1 << LaneBits) - 1);

    /// <summary>Whether it is a <c>cp.async</c> that nobody has waited for.</summary>
    public bool IsInFlight => Moment == InFlight;

    /// <summary>The same, after an access of the same kind by this warp at this place.</summary>
    public AccessMark After(AccessMark before) =>
        before.Moment == Moment && before.Lane != Lane ? new((Bits & ~(ulong)((1 << LaneBits) - 1)) | ManyLanes) : this;
}
