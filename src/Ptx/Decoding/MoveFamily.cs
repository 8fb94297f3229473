namespace DPT.Engine.Ptx;

/// <summary>Moves of bits: whole, taken apart into registers, or put together; addresses from one window to another.</summary>
internal static class MoveFamily
{
    public static MachineInstruction? Decode(Operands o, Modifiers words)
    {
        o.Expect(2);
        var type = words.TakeLast();
        if (type == "pred")
        {
            return new PredicateInstruction(o.PredicateDestination(o[0]), o.Predicate(1), o.Predicate(1), PredicateJoin.None);
        }

        return type switch
        {
            "b16" => Whole<ushort>(2),
            "b32" => o[0] is PtxVector || o[1] is PtxVector ? Pieces(4) : Whole<uint>(4),
            "b64" => o[0] is PtxVector || o[1] is PtxVector ? Pieces(8) : Whole<ulong>(8),
            _ => null,
        };

        VectorUnary<T, Move<T>> Whole<T>(int size) where T : unmanaged => new(o.Destination(0, size), o.Source(1, size));

        MachineInstruction Pieces(int bytes)
        {
            if (o[0] is PtxVector parts)
            {
                var size = bytes / parts.Items.Count;
                return new SplitInstruction([.. parts.Items.Select(i => o.Destination(i, size))], o.Source(1, bytes), size);
            }

            var sources = o.Vector(1);
            var width = bytes / sources.Count;
            return new JoinInstruction(o.Destination(0, bytes), [.. sources.Select(s => o.Source(s, width))], width);
        }
    }

    public static MachineInstruction? ConvertAddress(Operands o, Modifiers words)
    {
        o.Expect(2);
        var isFromGeneric = words.Take("to");
        var space = words.TakeOne("global", "shared", "local", "param");
        var window = space switch
        {
            "shared" => AddressSpace.SharedWindow,
            "local" => AddressSpace.LocalWindow,
            _ => 0UL,
        };
        return space is not null && words.TakeOne("u64") is not null
            ? new MoveWindow(o.Destination(0, 8), o.Source(1, 8), isFromGeneric ? 0 - window : window)
            : null;
    }
}
