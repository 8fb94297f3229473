namespace DPT.Engine.Ptx;

/// <summary>Copies that go on in the background, matrices of fragments, and their products.</summary>
internal static class TensorFamily
{
    public static MachineInstruction? AsyncCopy(Operands o, Modifiers words)
    {
        if (!words.Take("async"))
        {
            return null;
        }

        switch (words.TakeOne("commit_group", "wait_group", "wait_all"))
        {
            case "commit_group":
                o.Expect(0);
                return new CommitInstruction();
            case "wait_group":
                o.Expect(1);
                return new WaitInstruction((int)o.Literal(0));
            case "wait_all":
                o.Expect(0);
                return new WaitInstruction(null);
        }

        words.Ignore("L2::64B", "L2::128B", "L2::256B");
        var cache = words.TakeOne("ca", "cg");
        var bytes = o.Literal(2);
        var isSized = bytes == 16 || (cache == "ca" && bytes is 4 or 8);
        return cache is not null && words.TakeOne("shared", "shared::cta") is not null && words.Take("global") && isSized
            ? new AsyncCopyInstruction(o.Address(0), o.Address(1), (int)bytes, o.Count > 3 ? o.Source(3, 4) : null)
            : null;
    }

    public static MachineInstruction? LoadMatrix(Operands o, Modifiers words) => TryMatrices(o, words, 0, out var isTransposed)
        ? new LoadMatrixInstruction(o.Address(1), Places(o, 0, isWritten: true), isTransposed)
        : null;

    public static MachineInstruction? StoreMatrix(Operands o, Modifiers words) => TryMatrices(o, words, 1, out var isTransposed)
        ? new StoreMatrixInstruction(o.Address(0), Places(o, 1), isTransposed)
        : null;

    private static bool TryMatrices(Operands o, Modifiers words, int fragments, out bool isTransposed)
    {
        o.Expect(2);
        var count = words.TakeOne("x1", "x2", "x4") switch
        {
            "x1" => 1,
            "x2" => 2,
            "x4" => 4,
            _ => 0,
        };
        isTransposed = words.Take("trans");
        return words.Take("sync") && words.Take("aligned") && words.Take("m8n8")
            && words.TakeOne("shared", "shared::cta") is not null && words.Take("b16") && o.Vector(fragments).Count == count;
    }

    public static MachineInstruction? Multiply(Operands o, Modifiers words)
    {
        o.Expect(4);
        const string Prefix = "mma.sync.aligned.";
        var opcode = o.Instruction.Opcode;
        while (!words.AreTaken)
        {
            words.TakeLast();
        }

        return opcode.StartsWith(Prefix, StringComparison.Ordinal) ? opcode[Prefix.Length..] switch
        {
            "m16n8k16.row.col.f32.f16.f16.f32" => Make<HalfElement>(o, 4),
            "m16n8k8.row.col.f32.f16.f16.f32" => Make<HalfElement>(o, 2),
            "m16n8k16.row.col.f32.bf16.bf16.f32" => Make<BFloat16Element>(o, 4),
            "m16n8k8.row.col.f32.bf16.bf16.f32" => Make<BFloat16Element>(o, 2),
            "m16n8k8.row.col.f32.tf32.tf32.f32" => Make<TensorFloat32Element>(o, 4),
            "m16n8k4.row.col.f32.tf32.tf32.f32" => Make<TensorFloat32Element>(o, 2),
            _ => null,
        }
        : null;
    }

    private static MultiplyMatrixInstruction<TElement>? Make<TElement>(Operands o, int registersOfA)
        where TElement : struct, IMatrixElement =>
        (o.Vector(0).Count, o.Vector(1).Count, o.Vector(2).Count, o.Vector(3).Count) == (4, registersOfA, registersOfA / 2, 4)
            ? new MultiplyMatrixInstruction<TElement>(
                Places(o, 0, isWritten: true), Places(o, 1), Places(o, 2), Places(o, 3))
            : null;

    private static int[] Places(Operands o, int operand, bool isWritten = false) =>
        [.. o.Vector(operand).Select(p => isWritten ? o.Destination(p, sizeof(uint)) : o.Source(p, sizeof(uint)))];
}
