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
        var where = warp.Block.Shape.Program.Code[other.Instruction].Source.Place;
        var (who, why) = isOfAnotherBlock ? ("another block", "blocks of a launch have no order")
            : other.Warp != warp.Number ? ($"warp {other.Warp}", "no barrier is between them")
            : ("another lane of the warp", "no bar.warp.sync is between them");
        return new SimFault(
            $"{AddressSpace.Name(kind)} {place}, which {who} {AddressSpace.Name(otherKind)} at {where}: {why} "
            + $"(a {Hazard(other, otherKind, warp, kind)} race)",
            lane);
    }

    /// <summary>
    /// The kind of the hazard does not depend on which came first in this schedule: all warps run the same text, so the
    /// access that comes first in it, counted from the last barrier, is the one that was meant to.
    /// </summary>
    private static string Hazard(AccessMark other, AccessKind otherKind, SimWarp warp, AccessKind kind)
    {
        var isOtherFirst = SinceBarrier(other.Instruction) <= SinceBarrier(warp.Current);
        var (first, second) = isOtherFirst ? (otherKind, kind) : (kind, otherKind);
        return $"{Noun(second)}-after-{Noun(first)}";

        int SinceBarrier(int instruction) =>
            instruction > warp.LastBarrier ? instruction : instruction + warp.Block.Shape.Program.Code.Length;
    }

    private static string Noun(AccessKind kind) => kind == AccessKind.Load ? "read" : "write";
}
