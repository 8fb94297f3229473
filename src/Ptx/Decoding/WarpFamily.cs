namespace DPT.Engine.Ptx;

/// <summary>What lanes of a warp do together.</summary>
internal static class WarpFamily
{
    public static MachineInstruction? Shuffle(Operands o, Modifiers words)
    {
        if (!words.Take("sync") || !words.Take("b32"))
        {
            return null;
        }

        ShuffleKind? kind = words.TakeOne("up", "down", "bfly", "idx") switch
        {
            "up" => ShuffleKind.Up,
            "down" => ShuffleKind.Down,
            "bfly" => ShuffleKind.Butterfly,
            "idx" => ShuffleKind.Index,
            _ => null,
        };
        o.Expect(5);
        var (value, predicate) = o[0] is PtxPair pair
            ? (pair.First, (int?)o.PredicateDestination(pair.Second))
            : (o[0], null);
        return kind is null
            ? null
            : new ShuffleInstruction(
                kind.Value, o.Destination(value, 4), predicate, o.Source(1, 4), o.Source(2, 4), o.Source(3, 4), o.Source(4, 4));
    }

    public static MachineInstruction? Vote(Operands o, Modifiers words)
    {
        if (!words.Take("sync"))
        {
            return null;
        }

        o.Expect(3);
        return (words.TakeOne("all", "any", "uni", "ballot"), words.TakeLast()) switch
        {
            ("ballot", "b32") =>
                new VoteInstruction(VoteKind.Ballot, o.Destination(0, 4), o.Predicate(1), o.Source(2, 4)),
            ("all", "pred") => Ask(VoteKind.All),
            ("any", "pred") => Ask(VoteKind.Any),
            ("uni", "pred") => Ask(VoteKind.Uniform),
            _ => null,
        };

        VoteInstruction Ask(VoteKind kind) => new(kind, o.PredicateDestination(o[0]), o.Predicate(1), o.Source(2, 4));
    }

    public static MachineInstruction? Elect(Operands o, Modifiers words)
    {
        o.Expect(2);
        return words.Take("sync") && o[0] is PtxPair pair
            ? new ElectInstruction(o.Destination(pair.First, 4), o.PredicateDestination(pair.Second), o.Source(1, 4))
            : null;
    }

    public static MachineInstruction? ActiveMask(Operands o, Modifiers words)
    {
        o.Expect(1);
        return words.Take("b32") ? new ActiveMaskInstruction(o.Destination(0, 4)) : null;
    }
}
