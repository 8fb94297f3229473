namespace DPT.Engine.Ptx;

/// <summary>Branches, returns, barriers and fences.</summary>
internal static class ControlFamily
{
    public static MachineInstruction? Flow(Operands o, Modifiers words)
    {
        var isUniform = words.Take("uni");
        switch (o.Instruction.Name)
        {
            case "bra":
                o.Expect(1);
                return new BranchInstruction(o.Label(o[0]), isUniform);
            case "brx" when words.Take("idx"):
                o.Expect(2);
                int[] targets = [.. o.Targets(o[1]).Select(o.Label)];
                return new IndexedBranchInstruction(o.Source(0, sizeof(uint)), targets, isUniform);
            case "ret" or "exit":
                o.Expect(0);
                return new ReturnInstruction();
            default:
                return null;
        }
    }

    public static MachineInstruction? Barrier(Operands o, Modifiers words)
    {
        if (o.Instruction.Name == "bar" && words.Take("warp"))
        {
            o.Expect(1);
            return words.Take("sync") ? new WarpBarrierInstruction(o.Source(0, sizeof(uint))) : null;
        }

        words.Ignore("cta", "aligned");
        int? threads = o.Count > 1 ? o.Source(1, sizeof(uint)) : null;
        return words.TakeOne("sync", "arrive") switch
        {
            "sync" => new BarrierInstruction(o.Source(0, sizeof(uint)), threads, waits: true),
            "arrive" when threads is not null => new BarrierInstruction(o.Source(0, sizeof(uint)), threads, waits: false),
            _ => null,
        };
    }

    public static MachineInstruction? Fence(Modifiers words)
    {
        if (words.Take("mbarrier_init"))
        {
            return words.Take("release") && words.Take("cluster") ? new AnnounceBarriers() : null;
        }

        if (words.Take("proxy"))
        {
            return !words.Take("async") ? null
                : words.TakeOne("global", "shared::cta") == "global" ? new NothingInstruction()
                : new ProxyFence();
        }

        return words.Ignore("sc", "acq_rel").TakeOne("cta", "gl", "gpu", "sys") is null ? null : new NothingInstruction();
    }
}
