using System.Globalization;

namespace DPT.Engine.Ptx;

/// <summary>
/// What of a multiprocessor a kernel needs longest, and how near the other parts come: machine code times the simulator's counts times
/// the parts' rates.
/// </summary>
/// <remarks>
/// A bound, not a time: nobody waits in it, all blocks are spread evenly, and the first-level cache catches nothing. It says what a
/// change must relieve to help, and ranks no kernels.
/// </remarks>
/// <param name="Parts">The parts, the busiest first, and how long they are busy, as a share of the busiest.</param>
public sealed record KernelBound(IReadOnlyList<(string Part, double Share)> Parts)
{
    private const double Schedulers = 4;

    /// <summary>Sectors that the second-level cache gives a multiprocessor in a clock: 64 bytes.</summary>
    private const double SectorsPerClock = 2;

    private static readonly string[] IntegerNames =
    [
        "IADD3", "VIADD", "LOP3", "SHF", "LEA", "ISETP", "FSETP", "SEL", "FSEL", "FMNMX", "IMNMX", "VIMNMX", "PRMT", "MOV", "IABS", "PLOP3",
        "F2FP", "FCHK", "P2R", "R2P",
    ];

    /// <summary>The busiest part.</summary>
    public string Name => Parts[0].Part;

    /// <summary>Weighs a kernel.</summary>
    /// <param name="code">Its machine code.</param>
    /// <param name="ran">What the instructions of its text did in launches in the simulator; at least one ran.</param>
    /// <param name="architecture">What the code is for.</param>
    public static KernelBound Of(SassCode code, IReadOnlyList<SimInstruction> ran, PtxArchitecture architecture)
    {
        ArgumentNullException.ThrowIfNull(code);
        ArgumentNullException.ThrowIfNull(ran);
        var rates = Multiprocessor.Of(architecture);
        var counts = new SassCounts(code, ran);
        var clocks = new (string Part, double Clocks)[]
        {
            ("issue", counts.Sum(code.Instructions) / Schedulers),
            ("tensor pipe", Sum(rates.MatrixClocks, "HMMA") + (code.Instructions.Sum(i => GroupBlocks(i) * counts.Sum([i])) * rates.GroupMatrixClocks / Schedulers)),
            ("FMA", Sum(rates.FmaClocks, "FFMA", "FADD", "FMUL", "HFMA2") + Sum(rates.IntegerClocks, "IMAD")),
            ("integer", Sum(rates.IntegerClocks, IntegerNames)),
            ("exponential unit", Sum(rates.SpecialClocks, "MUFU", "F2I", "I2F", "FRND", "F2F", "POPC", "FLO")),
            ("shared memory", code.Instructions.Sum(i => Passes(i) * counts.Sum([i])) + ran.Sum(i => i.BankConflicts)),
            ("L2", ran.Sum(i => i.Sectors) / SectorsPerClock),
        };
        var most = clocks.Max(c => c.Clocks);
        return new([.. clocks.OrderByDescending(c => c.Clocks).Select(c => (c.Part, c.Clocks / most))]);

        double Sum(double each, params string[] names) =>
            each * counts.Sum(code.Instructions.Where(i => names.Contains(i.Name))) / Schedulers;
    }

    /// <summary>Blocks of eight columns that a warpgroup multiplies: <c>HGMMA.64x256x16</c> has 32.</summary>
    private static int GroupBlocks(SassInstruction instruction) =>
        instruction.Name == "HGMMA" && instruction.Opcode.Split('.', 'x') is [_, _, var columns, ..]
        && int.TryParse(columns, NumberStyles.None, CultureInfo.InvariantCulture, out var n) ? n / 8 : 0;

    /// <summary>Whether the only factor that is named is the pair of descriptors, behind the sums.</summary>
    private static bool AreBothInMemory(SassInstruction instruction) => instruction.Operands.Split(", ") is [_, var second, ..]
        && second.StartsWith("gdesc", StringComparison.Ordinal);

    /// <summary>Passes over the 128 bytes of the banks that a warp's access takes without conflicts.</summary>
    private static int Passes(SassInstruction instruction) => instruction.Name switch
    {
        "LDS" or "STS" or "LDGSTS" => instruction.Opcode.EndsWith(".128", StringComparison.Ordinal) ? 4
            : instruction.Opcode.EndsWith(".64", StringComparison.Ordinal) ? 2 : 1,
        "LDSM" => instruction.Opcode[^1] is '4' or '2' ? instruction.Opcode[^1] - '0' : 1,
        "SHFL" or "ATOMS" => 1,
        // A warp's part: the four read 16 terms of B together, and each its 16 rows of A unless they are in registers.
        "HGMMA" => (GroupBlocks(instruction) / 2) + (AreBothInMemory(instruction) ? 4 : 0),
        _ => 0,
    };
}
