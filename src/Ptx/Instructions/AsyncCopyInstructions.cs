using System.Numerics;

namespace DPT.Engine.Ptx;

/// <summary><c>cp.async</c>: global to shared memory, there when it is waited for; what is not copied is zero.</summary>
internal sealed unsafe class AsyncCopyInstruction(
    (int Base, int Bytes, long Offset) destination,
    (int Base, int Bytes, long Offset) source,
    int bytes,
    int? sourceBytes) : MemoryInstruction(SpaceKind.Shared, destination)
{
    private readonly (int Base, int Bytes, long Offset) _destination = destination;

    public override int ElementBytes => bytes;

    public override void Execute(SimWarp warp, uint mask)
    {
        var scratch = stackalloc ulong[Lanes.Count];
        var to = Evaluate(warp, _destination, scratch);
        var from = Evaluate(warp, source, warp.Addresses);
        warp.Counter.SharedRequests++;
        warp.Counter.BankConflicts += BankConflicts.Count(to, mask, bytes);
        Read(warp, from, mask);
        Span<byte> data = stackalloc byte[bytes];
        for (var rest = mask; rest != 0; rest &= rest - 1)
        {
            var lane = BitOperations.TrailingZeroCount(rest);
            data.Clear();
            new ReadOnlySpan<byte>((void*)from[lane], SourceBytes(warp, lane)).CopyTo(data);
            warp.Copies.Begin(lane, warp.Block.Shared.BeginCopy(warp, to[lane], bytes, lane), data);
        }
    }

    private void Read(SimWarp warp, ulong* from, uint mask)
    {
        var whole = 0u;
        for (var rest = mask; rest != 0; rest &= rest - 1)
        {
            var lane = BitOperations.TrailingZeroCount(rest);
            var size = SourceBytes(warp, lane);
            if (size == bytes)
            {
                whole |= 1u << lane;
            }
            else if (size > 0)
            {
                warp.Block.Global.AccessPart(warp, from, bytes, size, lane);
            }
        }

        if (whole != 0)
        {
            warp.Block.Global.Access(warp, from, whole, bytes, AccessKind.Load);
        }
    }

    private int SourceBytes(SimWarp warp, int lane) =>
        sourceBytes is { } place ? (int)Math.Min(warp.At<uint>(place)[lane], (uint)bytes) : bytes;
}

/// <summary><c>cp.async.commit_group</c></summary>
internal sealed class CommitInstruction : MachineInstruction
{
    public override void Execute(SimWarp warp, uint mask) => warp.Copies.Commit(mask);
}

/// <summary><c>cp.async.wait_group</c>, or <c>wait_all</c> with no number.</summary>
internal sealed class WaitInstruction(int? groups) : MachineInstruction
{
    public override void Execute(SimWarp warp, uint mask)
    {
        if (groups is { } count)
        {
            warp.Copies.Wait(warp, mask, count);
        }
        else
        {
            warp.Copies.WaitAll(warp, mask);
        }
    }
}
