namespace DPT.Engine.Ptx;

/// <summary><c>cp.async.bulk</c>: copies that no thread carries.</summary>
internal static class BulkFamily
{
    public static MachineInstruction? Decode(Operands o, Modifiers words)
    {
        words.Ignore("async", "bulk");
        switch (words.TakeOne("commit_group", "wait_group"))
        {
            case "commit_group":
                o.Expect(0);
                return new CommitBulkStores();
            case "wait_group":
                o.Expect(1);
                words.Ignore("read");
                return new WaitBulkStores((int)o.Literal(0));
        }

        var isTensor = words.Take("tensor");
        var rank = isTensor ? words.TakeOne("1d", "2d", "3d", "4d", "5d") : null;
        words.Ignore("tile");
        var isStore = words.Take("bulk_group");
        if ((!isStore && !words.Take("mbarrier::complete_tx::bytes")) || !words.Take("global")
            || words.TakeOne("shared::cta", "shared::cluster") is null || isTensor != rank is not null)
        {
            return null;
        }

        o.Expect((isStore, isTensor) switch { (true, true) => 2, (true, false) => 3, (false, true) => 3, _ => 4 });
        return (isStore, isTensor) switch
        {
            (true, true) => new TensorStoreInstruction(o.Address(0), Coordinates(o, 0, rank!), o.Address(1)),
            (true, false) => new BulkStoreInstruction(o.Address(0), o.Address(1), o.Source(2, sizeof(uint))),
            (false, true) => new TensorCopyInstruction(o.Address(0), o.Address(1), Coordinates(o, 1, rank!), o.Address(2)),
            _ => new BulkCopyInstruction(o.Address(0), o.Address(1), o.Source(2, sizeof(uint)), o.Address(3)),
        };
    }

    /// <summary>A hint.</summary>
    public static MachineInstruction? Prefetch(Modifiers words) =>
        words.Ignore("param").Take("tensormap") ? new NothingInstruction() : null;

    private static int[] Coordinates(Operands o, int operand, string rank) =>
        o[operand] is PtxAddress { Coordinates.Items: var items } && items.Count == rank[0] - '0'
            ? [.. items.Select(i => o.Source(i, sizeof(uint)))]
            : throw o.Fault($"has no {rank[0]} coordinates");
}
