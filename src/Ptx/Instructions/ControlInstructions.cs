using System.Numerics;

namespace DPT.Engine.Ptx;

/// <summary>An instruction after which lanes may go different ways.</summary>
internal abstract class ControlInstruction : MachineInstruction
{
    /// <summary>Where lanes that go different ways meet again.</summary>
    public int Meet { get; set; }

    /// <summary>
    /// Whether the next instruction leads to a return. Lanes that leave go first: those that stay may come to a barrier,
    /// which must not wait for them.
    /// </summary>
    public bool IsFollowedByReturn { get; set; }

    /// <summary>Where it may go, besides the next instruction.</summary>
    public abstract int[] Targets { get; }
}

/// <summary><c>bra</c></summary>
internal sealed class BranchInstruction(int target, bool isUniform) : ControlInstruction
{
    public override int[] Targets { get; } = [target];

    public override void Execute(SimWarp warp, uint mask)
    {
        if (isUniform && mask != warp.Active)
        {
            throw new SimFault(
                "goes another way than its neighbours at a branch that says all lanes go the same",
                BitOperations.TrailingZeroCount(mask));
        }

        warp.Branch(mask, target, Meet, IsFollowedByReturn);
    }
}

/// <summary><c>brx.idx</c>: a branch to one of a list of labels.</summary>
internal sealed unsafe class IndexedBranchInstruction(int index, int[] targets, bool isUniform) : ControlInstruction
{
    public override int[] Targets => targets;

    public override void Execute(SimWarp warp, uint mask)
    {
        var indices = warp.At<uint>(index);
        var first = indices[BitOperations.TrailingZeroCount(mask)];
        while (true)
        {
            var lane = BitOperations.TrailingZeroCount(mask);
            var chosen = indices[lane];
            if (chosen >= targets.Length)
            {
                throw new SimFault($"asks for target {chosen} of {targets.Length}", lane);
            }

            if (isUniform && (chosen != first || mask != warp.Active))
            {
                throw new SimFault("goes another way than its neighbours at a branch that says all go the same", lane);
            }

            var same = 0u;
            for (var rest = mask; rest != 0; rest &= rest - 1)
            {
                var other = BitOperations.TrailingZeroCount(rest);
                same |= indices[other] == chosen ? 1u << other : 0;
            }

            mask &= ~same;
            if (mask == 0)
            {
                warp.Branch(same, targets[chosen], Meet, IsFollowedByReturn);
                return;
            }

            warp.Split(same, targets[chosen], Meet);
        }
    }
}

/// <summary><c>ret</c> and <c>exit</c> of a kernel.</summary>
internal sealed class ReturnInstruction : ControlInstruction
{
    public override int[] Targets { get; } = [ControlFlow.Exit];

    public override void Execute(SimWarp warp, uint mask) => warp.Leave(mask);
}

/// <summary><c>bar.sync</c>, <c>barrier.sync</c>, <c>bar.arrive</c>: places of the barrier's number and of its threads.</summary>
internal sealed unsafe class BarrierInstruction(int id, int? threads, bool waits) : MachineInstruction
{
    public override void Execute(SimWarp warp, uint mask)
    {
        if (mask != warp.Alive)
        {
            throw new SimFault(
                $"is at a barrier with {BitOperations.PopCount(mask)} of its {BitOperations.PopCount(warp.Alive)} "
                + "threads; the others are elsewhere (barrier divergence)");
        }

        var lane = BitOperations.TrailingZeroCount(mask);
        var count = threads is { } place ? (int)warp.At<uint>(place)[lane] : 0;
        warp.Block.Barriers.Arrive(warp, (int)warp.At<uint>(id)[lane], count, waits);
    }
}

/// <summary>Fences, hints and <c>bar.warp.sync</c>: nothing to do where lanes run in lockstep and memory is coherent.</summary>
internal sealed class NothingInstruction : MachineInstruction
{
    public override void Execute(SimWarp warp, uint mask)
    {
        // Lanes are in lockstep, and a store is seen at once.
    }
}
