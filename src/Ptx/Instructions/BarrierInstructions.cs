using System.Numerics;

namespace DPT.Engine.Ptx;

/// <summary>What lanes do with an <c>mbarrier</c> in shared memory, one lane after the other.</summary>
internal abstract unsafe class MemoryBarrierInstruction((int Base, int Bytes, long Offset) address) : MachineInstruction, IAsyncInstruction
{
    public override void Execute(SimWarp warp, uint mask)
    {
        var at = MemoryInstruction.Evaluate(warp, address, warp.Addresses);
        for (var rest = mask; rest != 0; rest &= rest - 1)
        {
            var lane = BitOperations.TrailingZeroCount(rest);
            Execute(warp, lane, at[lane]);
        }
    }

    protected abstract void Execute(SimWarp warp, int lane, ulong at);
}

/// <summary><c>mbarrier.init</c></summary>
internal sealed unsafe class MakeBarrier((int Base, int Bytes, long Offset) address, int count) : MemoryBarrierInstruction(address)
{
    protected override void Execute(SimWarp warp, int lane, ulong at) =>
        warp.Block.Mbarriers.Make(warp, lane, at, warp.At<uint>(count)[lane]);
}

/// <summary><c>mbarrier.inval</c></summary>
internal sealed class InvalidateBarrier((int Base, int Bytes, long Offset) address) : MemoryBarrierInstruction(address)
{
    protected override void Execute(SimWarp warp, int lane, ulong at) => warp.Block.Mbarriers.Invalidate(warp, lane, at);
}

/// <summary><c>mbarrier.expect_tx</c>: bytes that the phase has to wait for.</summary>
internal sealed unsafe class ExpectBytes((int Base, int Bytes, long Offset) address, int bytes) : MemoryBarrierInstruction(address)
{
    protected override void Execute(SimWarp warp, int lane, ulong at)
    {
        var barrier = warp.Block.Mbarriers.Find(warp, lane, at);
        barrier.Expect(warp.At<uint>(bytes)[lane]);
        warp.Block.Mbarriers.Settle(barrier);
    }
}

/// <summary><c>mbarrier.arrive</c>, alone or with bytes that the phase has to wait for; its result is the phase.</summary>
internal sealed unsafe class ArriveAtBarrier(
    (int Base, int Bytes, long Offset) address, int? result, int? times, int? bytes) : MachineInstruction, IAsyncInstruction
{
    public override void Execute(SimWarp warp, uint mask)
    {
        var at = MemoryInstruction.Evaluate(warp, address, warp.Addresses);
        var handed = new Knowledge(Agents.Most, hasFences: true);
        warp.Release(mask, handed);
        for (var rest = mask; rest != 0; rest &= rest - 1)
        {
            var lane = BitOperations.TrailingZeroCount(rest);
            var barrier = warp.Block.Mbarriers.Find(warp, lane, at[lane]);
            if (result is { } place)
            {
                warp.At<ulong>(place)[lane] = (ulong)barrier.Phase;
            }

            if (bytes is { } announced)
            {
                barrier.Expect(warp.At<uint>(announced)[lane]);
            }

            barrier.Handed.Join(handed);
            barrier.Arrive(times is { } count ? warp.At<uint>(count)[lane] : 1);
            warp.Block.Mbarriers.Settle(barrier);
        }
    }
}

/// <summary>
/// <c>mbarrier.try_wait</c> and <c>test_wait</c>: whether a phase is over, named by its parity or by what an arrival gave. Where it is not,
/// the warp stops until it is, and then learns that it was not: it will ask again.
/// </summary>
internal sealed unsafe class AskBarrier(
    (int Base, int Bytes, long Offset) address, int p, int phase, bool isParity) : MachineInstruction, IAsyncInstruction
{
    public override void Execute(SimWarp warp, uint mask)
    {
        var at = MemoryInstruction.Evaluate(warp, address, warp.Addresses);
        var over = 0u;
        MemoryBarrier? awaited = null;
        for (var rest = mask; rest != 0;)
        {
            var lane = BitOperations.TrailingZeroCount(rest);
            var barrier = warp.Block.Mbarriers.Find(warp, lane, at[lane]);
            var same = SameAs(at, lane, rest);
            rest &= ~same;
            var isOver = 0u;
            for (var lanes = same; lanes != 0; lanes &= lanes - 1)
            {
                var asking = BitOperations.TrailingZeroCount(lanes);
                isOver |= IsOver(warp, barrier, asking) ? 1u << asking : 0;
            }

            over |= isOver;
            awaited = isOver == same ? awaited : barrier;
            if (isOver != 0)
            {
                warp.Acquire(isOver, barrier.Complete);
            }
        }

        PredicateInstruction.Write(warp, p, over, mask);
        if (awaited is not null)
        {
            BlockMachine.Await(warp, awaited);
        }
    }

    private bool IsOver(SimWarp warp, MemoryBarrier barrier, int lane) => isParity
        ? (barrier.Phase & 1) != (warp.At<uint>(phase)[lane] & 1)
        : (ulong)barrier.Phase != warp.At<ulong>(phase)[lane];

    private static uint SameAs(ulong* addresses, int lane, uint mask)
    {
        var same = 0u;
        for (; mask != 0; mask &= mask - 1)
        {
            var other = BitOperations.TrailingZeroCount(mask);
            same |= addresses[other] == addresses[lane] ? 1u << other : 0;
        }

        return same;
    }
}

/// <summary><c>fence.mbarrier_init</c>: bulk copies see the barriers that this warp has made.</summary>
internal sealed class AnnounceBarriers : MachineInstruction, IAsyncInstruction
{
    public override void Execute(SimWarp warp, uint mask) => warp.Block.Mbarriers.Announce(warp, mask, ownOnly: true);
}

/// <summary><c>fence.proxy.async</c>: what the lanes know of is seen by what they, and those that meet them, start in the background.</summary>
internal sealed class ProxyFence : MachineInstruction, IAsyncInstruction
{
    public override void Execute(SimWarp warp, uint mask)
    {
        warp.Block.Mbarriers.Announce(warp, mask, ownOnly: false);
        warp.FenceProxy(mask);
    }
}
