namespace DPT.Engine.Ptx;

/// <summary>What to say of two accesses that nothing orders.</summary>
internal static class Race
{
    /// <summary>The fault of the access that came second in this schedule.</summary>
    /// <param name="other">The access that came first.</param>
    /// <param name="otherKind">What it did.</param>
    /// <param name="warp">The warp that runs.</param>
    /// <param name="kind">What it does.</param>
    /// <param name="place">Where.</param>
    /// <param name="lane">Its lane.</param>
    /// <param name="isOfAnotherBlock">Whether the other is.</param>
    public static SimFault Between(
        AccessMark other,
        AccessKind otherKind,
        SimWarp warp,
        AccessKind kind,
        string place,
        int lane,
        bool isOfAnotherBlock)
    {
        var where = Source(other, warp).Place;
        var (who, why) = isOfAnotherBlock ? ("another block", "blocks of a launch have no order")
            : other.Agent != warp.Number ? new Agents(warp.Block.Shape.Warps).Describe(other.Agent)
            : ("another lane of the warp", "no bar.warp.sync is between them");
        return new SimFault(
            $"{AddressSpace.Name(kind)} {place}, which {who} {AddressSpace.Name(otherKind)} at {where}: {why} "
            + $"(a {Hazard(other, otherKind, warp, kind)} race)",
            lane);
    }

    /// <summary>The fault of an access where a copy is on its way to.</summary>
    public static SimFault WithCopy(AccessMark copy, SimWarp warp, AccessKind kind, string place, int lane)
    {
        var source = Source(copy, warp);
        return source.Has("bulk")
            ? new($"{AddressSpace.Name(kind)} {place} while the bulk copy at {source.Place} to it is under way", lane)
            : new($"{AddressSpace.Name(kind)} {place} while a cp.async to it is not waited for", lane);
    }

    /// <summary>The fault of a tensor core or bulk copy that need not see what a warp did.</summary>
    public static SimFault Unfenced(AccessMark other, AccessKind otherKind, SimWarp warp, AccessKind kind, string place, int lane) => new(
        $"{AddressSpace.Name(kind)} in the background {place}, which warp {other.Agent} {AddressSpace.Name(otherKind)} at "
        + $"{Source(other, warp).Place}: no fence.proxy.async is between them",
        lane);

    private static PtxInstruction Source(AccessMark mark, SimWarp warp) => warp.Block.Shape.Program.Code[mark.Instruction].Source;

    /// <summary>
    /// The kind of the hazard does not depend on which came first in this schedule: all warps run the same text, so the
    /// access that comes first in it, counted from the last barrier, is the one that was meant to. Between what works in the
    /// background and what waits for it the text has no order.
    /// </summary>
    private static string Hazard(AccessMark other, AccessKind otherKind, SimWarp warp, AccessKind kind)
    {
        var program = warp.Block.Shape.Program;
        var isOtherFirst = program.Code[other.Instruction] is IAsyncInstruction
            || program.Code[warp.Current] is IAsyncInstruction
            || SinceBarrier(other.Instruction) <= SinceBarrier(warp.Current);
        var (first, second) = isOtherFirst ? (otherKind, kind) : (kind, otherKind);
        return $"{Noun(second)}-after-{Noun(first)}";

        int SinceBarrier(int instruction) =>
            instruction > warp.LastBarrier ? instruction : instruction + program.Code.Length;
    }

    private static string Noun(AccessKind kind) => kind == AccessKind.Load ? "read" : "write";
}
