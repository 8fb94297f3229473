namespace DPT.Engine.Ptx;

/// <summary>Instructions with other names in them.</summary>
internal static class PtxNames
{
    /// <summary>The instruction with every name replaced that is in the table, its guard's included.</summary>
    public static PtxInstruction Rename(PtxInstruction instruction, IReadOnlyDictionary<string, string> names) => instruction with
    {
        Guard = instruction.Guard is { } guard ? guard with { Register = names.GetValueOrDefault(guard.Register, guard.Register) } : null,
        Operands = [.. instruction.Operands.Select(o => Rename(o, names))],
    };

    /// <summary>The operand with every name replaced that is in the table.</summary>
    public static PtxOperand Rename(PtxOperand operand, IReadOnlyDictionary<string, string> names) => operand switch
    {
        PtxName name => name with { Name = names.GetValueOrDefault(name.Name, name.Name) },
        PtxAddress address => address with
        {
            Base = Rename(address.Base, names),
            Coordinates = address.Coordinates is { } at ? Rename(at, names) : null,
        },
        PtxVector vector => Rename(vector, names),
        PtxArguments arguments => new PtxArguments([.. arguments.Items.Select(i => Rename(i, names))]),
        PtxPair pair => new PtxPair(Rename(pair.First, names), Rename(pair.Second, names)),
        _ => operand,
    };

    private static PtxVector Rename(PtxVector vector, IReadOnlyDictionary<string, string> names) =>
        new([.. vector.Items.Select(i => Rename(i, names))]);
}
