namespace DPT.Engine.Ptx;

/// <summary>What stands in a kernel's PTX, counted without running it.</summary>
public sealed record PtxReport
{
    /// <summary>Identity of the kernel.</summary>
    public required string Kernel { get; init; }

    /// <summary>What the text is for.</summary>
    public required string Target { get; init; }

    /// <summary>Number of instructions.</summary>
    public int Instructions => ByKind.Sum(k => k.Count);

    /// <summary>Instructions by kind (<c>fma</c>, <c>ld.global</c>, <c>mma</c>), the most frequent first.</summary>
    public required IReadOnlyList<(string Kind, int Count)> ByKind { get; init; }

    /// <summary>Loads and stores of two or four registers at once.</summary>
    public required int VectorAccesses { get; init; }

    /// <summary>Matrix instructions of tensor cores.</summary>
    public required int MatrixInstructions { get; init; }

    /// <summary>Branches, jumps over a table included.</summary>
    public required int Branches { get; init; }

    /// <summary>
    /// Branches that depend on a predicate and claim to go one way for the whole warp. ILGPU claims that without cause at
    /// higher optimisation levels.
    /// </summary>
    public required int UniformConditionalBranches { get; init; }

    /// <summary>
    /// Comparisons of floats with a constant that are true for NaN. ILGPU prints them where it has swapped the operands of
    /// one that is false for NaN: a kernel compares with an instruction by name.
    /// </summary>
    public required int UnorderedComparisonsWithConstants { get; init; }

    /// <summary>Loads and stores of local memory, which is global memory in disguise.</summary>
    public required int LocalAccesses { get; init; }

    /// <summary>Instructions that compute or convert in double precision.</summary>
    public required int DoubleInstructions { get; init; }

    /// <summary>Shared memory with a size in the text, in bytes.</summary>
    public required int StaticSharedBytes { get; init; }

    /// <summary>Shared memory that the launch asks for, in bytes.</summary>
    public required int DynamicSharedBytes { get; init; }

    /// <summary>
    /// Virtual registers that the text declares, by type with its dot. The assembler needs far fewer: this is about the
    /// size of the code, not about occupancy.
    /// </summary>
    public required IReadOnlyList<(string Type, int Count)> Registers { get; init; }

    /// <summary>Counts what is in the module.</summary>
    public static PtxReport Of(PtxKernel kernel, PtxModule module)
    {
        ArgumentNullException.ThrowIfNull(kernel);
        ArgumentNullException.ThrowIfNull(module);
        var instructions = module.Functions.SelectMany(f => f.Instructions).ToList();
        var statements = module.Functions.SelectMany(f => f.Statements).ToList();
        return new PtxReport
        {
            Kernel = kernel.Name,
            Target = module.Target,
            ByKind = Count(instructions.Select(Kind)),
            VectorAccesses = instructions.Count(i => IsAccess(i) && (i.Has("v2") || i.Has("v4"))),
            MatrixInstructions = instructions.Count(i => i.Name is "mma" or "wmma" or "wgmma"),
            Branches = instructions.Count(IsBranch),
            UniformConditionalBranches = instructions.Count(i => IsBranch(i) && i.Guard is not null && i.Has("uni")),
            UnorderedComparisonsWithConstants = instructions.Count(IsUnorderedWithConstant),
            LocalAccesses = instructions.Count(i => IsAccess(i) && i.Has("local")),
            DoubleInstructions = instructions.Count(i => i.Has("f64") && !IsAccess(i) && i.Name != "mov"),
            StaticSharedBytes = SharedBytes(module.Variables.Concat(statements.OfType<PtxVariable>())),
            DynamicSharedBytes = kernel.DynamicSharedBytes,
            Registers = Count(statements.OfType<PtxRegisters>().SelectMany(r => Enumerable.Repeat(r.Type, r.Count ?? 1))),
        };
    }

    private static bool IsAccess(PtxInstruction instruction) => instruction.Name is "ld" or "st" or "atom" or "red";

    /// <summary>Equality is left out: ILGPU does not swap it, and C#'s own <c>!=</c> is true for NaN.</summary>
    private static bool IsUnorderedWithConstant(PtxInstruction instruction) =>
        instruction.Name is "setp" or "set"
        && (instruction.Has("ltu") || instruction.Has("leu") || instruction.Has("gtu") || instruction.Has("geu"))
        && instruction.Operands.Any(o => o is PtxNumber);

    private static bool IsBranch(PtxInstruction instruction) => instruction.Name is "bra" or "brx";

    /// <summary>The first word, and for accesses the space: a load without one is slow enough to be seen.</summary>
    private static string Kind(PtxInstruction instruction)
    {
        if (!IsAccess(instruction))
        {
            return instruction.Name == "cp" ? "cp.async" : instruction.Name;
        }

        string[] spaces = ["global", "shared", "local", "param", "const"];
        var space = spaces.FirstOrDefault(s => instruction.Modifiers.ToArray().Any(m => m == s || m.StartsWith(s + "::", StringComparison.Ordinal)));
        return $"{instruction.Name}.{space ?? "generic"}";
    }

    private static int SharedBytes(IEnumerable<PtxVariable> variables) => variables
        .Where(v => v.Space == ".shared")
        .Aggregate(0, (end, v) => ((end + v.Aligned - 1) / v.Aligned * v.Aligned) + v.Bytes);

    private static IReadOnlyList<(string, int)> Count(IEnumerable<string> names) =>
        [.. names.CountBy(n => n).Select(g => (g.Key, g.Value)).OrderByDescending(g => g.Value).ThenBy(g => g.Key, StringComparer.Ordinal)];
}
