namespace DPT.Engine.Ptx;

/// <summary><c>mbarrier</c></summary>
internal static class BarrierFamily
{
    public static MachineInstruction? Decode(Operands o, Modifiers words)
    {
        var operation = words.TakeOne("init", "inval", "arrive", "try_wait", "test_wait") ?? words.TakeOne("expect_tx");
        var bytes = operation == "arrive" && words.Take("expect_tx");
        var isParity = words.Take("parity");
        words.Ignore("release", "acquire", "cta", "cluster", "shared", "shared::cta");
        if (operation == "expect_tx")
        {
            words.Ignore("relaxed");
        }

        if (!words.Take("b64"))
        {
            return null;
        }

        return operation switch
        {
            "init" => new MakeBarrier(o.Address(0), o.Source(1, sizeof(uint))),
            "inval" => new InvalidateBarrier(o.Address(0)),
            "expect_tx" => new ExpectBytes(o.Address(0), o.Source(1, sizeof(uint))),
            "arrive" => Arrive(o, bytes),
            "try_wait" or "test_wait" => new AskBarrier(
                o.Address(1), o.PredicateDestination(o[0]), o.Source(2, isParity ? sizeof(uint) : sizeof(ulong)), isParity),
            _ => null,
        };
    }

    private static ArriveAtBarrier Arrive(Operands o, bool hasBytes)
    {
        int? result = o[0] is PtxName { Name: "_" } ? null : o.Destination(0, sizeof(ulong));
        int? number = o.Count > 2 ? o.Source(2, sizeof(uint)) : null;
        return new ArriveAtBarrier(o.Address(1), result, hasBytes ? null : number, hasBytes ? number : null);
    }
}
