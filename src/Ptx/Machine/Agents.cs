namespace DPT.Engine.Ptx;

/// <summary>
/// Who accesses memory, by number: the warps of a block, the tensor cores for each group of four warps, the bulk stores of each
/// warp, and the bulk copies that tell each <c>mbarrier</c> when they have arrived. Each has its own clock (<see cref="WarpOrder"/>).
/// </summary>
/// <param name="Warps">Warps of the block.</param>
internal readonly record struct Agents(int Warps)
{
    /// <summary>What a mark has room for.</summary>
    public const int Most = 128;

    /// <summary>Warps that multiply together.</summary>
    public const int WarpsOfAGroup = 4;

    private int Groups => (Warps + WarpsOfAGroup - 1) / WarpsOfAGroup;

    /// <summary>Those that read: all but the bulk copies.</summary>
    public int Readers => Warps + Groups + Warps;

    /// <summary>How many barriers a block can have.</summary>
    public int Barriers => Most - Readers;

    /// <summary>The products of the warp's group.</summary>
    public int GroupOf(int warp) => Warps + (warp / WarpsOfAGroup);

    /// <summary>The bulk stores of a warp.</summary>
    public int StoresOf(int warp) => Warps + Groups + warp;

    /// <summary>The bulk copies of the barrier of that number.</summary>
    public int CopiesOf(int barrier) => Readers + barrier;

    /// <summary>Who it is, and what has to happen before others may touch what it touched.</summary>
    public (string Who, string Cure) Describe(int agent) =>
        agent < Warps ? ($"warp {agent}", "no barrier is between them")
        : agent < Warps + Groups ? ($"the wgmma of warps {(agent - Warps) * 4} to {((agent - Warps) * 4) + 3}",
            "no wgmma.wait_group and barrier are between them")
        : agent < Readers ? ($"a bulk store of warp {agent - Warps - Groups}", "no cp.async.bulk.wait_group and barrier are between them")
        : ("a bulk copy", "nobody has waited for the mbarrier of that copy");
}
