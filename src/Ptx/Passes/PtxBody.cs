namespace DPT.Engine.Ptx;

/// <summary>What passes share: rewriting a body, and which registers an instruction reads and writes.</summary>
internal static class PtxBody
{
    /// <summary>Instructions whose first operand is not a result although it is no address.</summary>
    private static readonly HashSet<string> WithoutResult =
        ["bra", "brx", "bar", "barrier", "call", "nanosleep", "trap", "exit", "ret", "cp"];

    /// <summary>Puts something in the place of every statement; those inside blocks come first.</summary>
    public static List<PtxStatement> Rewrite(
        IEnumerable<PtxStatement> body, Func<PtxStatement, IEnumerable<PtxStatement>> replacement) =>
        [.. body.SelectMany(s => replacement(
            s is PtxBlock block ? block with { Statements = Rewrite(block.Statements, replacement) } : s))];

    /// <summary>The names that the instruction writes.</summary>
    public static IEnumerable<string> Writes(PtxInstruction instruction) =>
        HasResult(instruction) ? Names(instruction.Operands[0]) : [];

    /// <summary>The names that the instruction reads, its guard included; an address reads its base.</summary>
    public static IEnumerable<string> Reads(PtxInstruction instruction)
    {
        var isResultRead = !HasResult(instruction) || instruction.Name == "wgmma";
        var sources = instruction.Operands.Skip(isResultRead ? 0 : 1).SelectMany(Names);
        return instruction.Guard is { } guard ? sources.Prepend(guard.Register) : sources;
    }

    private static bool HasResult(PtxInstruction instruction) =>
        instruction.Operands.Count > 0
        && instruction.Operands[0] is not PtxAddress
        && (!WithoutResult.Contains(instruction.Name) || instruction.Has("red"));

    private static IEnumerable<string> Names(PtxOperand operand) => operand.Parts.OfType<PtxName>().Select(n => n.Name);
}
