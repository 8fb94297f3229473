namespace DPT.Engine.Ptx;

/// <summary>What the blocks of a kernel share on a multiprocessor.</summary>
/// <param name="Cards">Cards that have such multiprocessors.</param>
/// <param name="SharedBytes">Shared memory of all blocks together.</param>
public sealed record Multiprocessor(string Cards, int SharedBytes)
{
    /// <summary>The most warps at once.</summary>
    public const int MaxWarps = 64;

    private const int MaxBlocks = 32;
    private const int Registers = 65536;
    private const int Schedulers = 4;
    private const int WarpLanes = 32;

    /// <summary>A warp's registers are handed out in pieces, a block's shared memory too, and each block costs some.</summary>
    private const int RegisterUnit = 256;
    private const int SharedUnit = 128;
    private const int SharedOfABlock = 1024;

    /// <summary>
    /// Clocks of a scheduler's tensor pipe for a product of 16 x 8 x 16 by a warp: 1024 multiply-adds of a multiprocessor in a clock on an
    /// A100; twice that is the rate of wgmma on an H100, and mma.sync is spaced to two thirds of it.
    /// </summary>
    public required double MatrixClocks { get; init; }

    /// <summary>
    /// Clocks of a scheduler's tensor pipe for a warp's 16 x 8 x 16 of what a warpgroup multiplies: 512 multiply-adds in a clock on an H100.
    /// </summary>
    public double GroupMatrixClocks => 4;

    /// <summary>Clocks of a scheduler for a multiply-add of floats by a warp.</summary>
    public required double FmaClocks { get; init; }

    /// <summary>Clocks of a scheduler for an operation on integers by a warp.</summary>
    public double IntegerClocks => 2;

    /// <summary>Clocks of a scheduler for a reciprocal, a root, an exponential or a conversion by a warp.</summary>
    public double SpecialClocks => 8;

    /// <summary>The multiprocessor of an architecture.</summary>
    public static Multiprocessor Of(PtxArchitecture architecture)
    {
        ArgumentNullException.ThrowIfNull(architecture);
        var sharedBytes = architecture.SharedBytes + SharedOfABlock;
        return architecture == PtxArchitecture.Sm80
            ? new("A100", sharedBytes) { MatrixClocks = 8, FmaClocks = 2 }
            : new("H100, H200", sharedBytes) { MatrixClocks = 6, FmaClocks = 1 };
    }

    /// <summary>How many blocks fit at once, by the rules of NVIDIA's occupancy calculator.</summary>
    /// <param name="registers">Registers of a thread, 1 to 255.</param>
    /// <param name="threads">Threads of a block, 1 to 1024.</param>
    /// <param name="sharedBytes">Shared memory of a block, static and dynamic together.</param>
    public Occupancy Occupancy(int registers, int threads, int sharedBytes)
    {
        var warps = (threads + WarpLanes - 1) / WarpLanes;
        var warpsByRegisters = Registers / Schedulers / RoundUp(registers * WarpLanes, RegisterUnit) * Schedulers;
        (string Limit, int Blocks)[] limits =
        [
            ("registers", warpsByRegisters / RoundUp(warps, Schedulers)),
            ("shared memory", SharedBytes / RoundUp(sharedBytes + SharedOfABlock, SharedUnit)),
            ("warps", MaxWarps / warps),
            ("blocks", MaxBlocks),
        ];
        var blocks = limits.Min(l => l.Blocks);
        return new Occupancy(blocks, blocks * warps, [.. limits.Where(l => l.Blocks == blocks).Select(l => l.Limit)]);
    }

    private static int RoundUp(int value, int unit) => (value + unit - 1) / unit * unit;
}

/// <summary>What of a kernel fits on a multiprocessor at once.</summary>
/// <param name="Blocks">Blocks; 0 if not even one fits.</param>
/// <param name="Warps">Warps, of <see cref="Multiprocessor.MaxWarps"/>.</param>
/// <param name="Limits">What there would have to be more of: registers, shared memory, warps, blocks.</param>
public sealed record Occupancy(int Blocks, int Warps, IReadOnlyList<string> Limits)
{
    /// <inheritdoc/>
    public override string ToString() =>
        $"{Warps} of {Multiprocessor.MaxWarps} warps ({Blocks} blocks), limited by {string.Join(" and ", Limits)}";
}
