namespace DPT.Engine.Ptx;

/// <summary>
/// Gives every sum, difference and product that names no rounding the rounding that it has: the assembler may then not fuse a
/// product with a sum, and <c>a * b + c</c> has the same bits on a card, in the machine and on the host.
/// </summary>
internal static class RoundEach
{
    public static PtxModule Apply(PtxModule module) => module with
    {
        Functions = [.. module.Functions.Select(f => f.Body is null ? f : f with { Body = PtxBody.Rewrite(f.Body, s => [Round(s)]) })],
    };

    private static PtxStatement Round(PtxStatement statement) => statement is PtxInstruction { Opcode: "add.f32" or "sub.f32" or "mul.f32" } i
            ? new PtxInstruction(i.Guard, $"{i.Name}.rn.f32", i.Operands) { Line = i.Line, Origin = i.Origin }
            : statement;
}
