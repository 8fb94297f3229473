using System.Numerics;

namespace DPT.Engine.Ptx;

/// <summary>A bulk copy or store, which each lane does for itself.</summary>
internal abstract unsafe class BulkInstruction : MachineInstruction, IAsyncInstruction
{
    public override void Execute(SimWarp warp, uint mask)
    {
        for (var rest = mask; rest != 0; rest &= rest - 1)
        {
            Execute(warp, BitOperations.TrailingZeroCount(rest));
        }
    }

    protected abstract void Execute(SimWarp warp, int lane);

    /// <summary>An address of one lane.</summary>
    protected static ulong At(SimWarp warp, (int Base, int Bytes, long Offset) address, int lane) =>
        (address.Bytes == sizeof(uint) ? warp.At<uint>(address.Base)[lane] : warp.At<ulong>(address.Base)[lane]) + (ulong)address.Offset;

    /// <summary>An address in shared memory of one lane.</summary>
    protected static int Shared(SimWarp warp, (int Base, int Bytes, long Offset) address, int alignment, int lane)
    {
        var at = At(warp, address, lane);
        return at <= int.MaxValue && at % (ulong)alignment == 0
            ? (int)at
            : throw new SimFault($"moves a block at {unchecked((long)at)} of shared memory, which is no multiple of {alignment}", lane);
    }

    /// <summary>The coordinates of one lane.</summary>
    protected static int[] Coordinates(SimWarp warp, int[] places, int lane) =>
        [.. places.Select(p => warp.At<int>(p)[lane])];

    /// <summary>Bytes of global memory.</summary>
    protected static void Load(SimWarp warp, int lane, ulong address, Span<byte> to)
    {
        var from = warp.Block.Global.AccessRange(warp, address, to.Length, AccessKind.Load, lane);
        if (from != null)
        {
            new ReadOnlySpan<byte>(from, to.Length).CopyTo(to);
        }
    }

    /// <summary>Bytes to global memory.</summary>
    protected static void Store(SimWarp warp, int lane, ulong address, ReadOnlySpan<byte> from)
    {
        var to = warp.Block.Global.AccessRange(warp, address, from.Length, AccessKind.Store, lane);
        if (to != null)
        {
            from.CopyTo(new Span<byte>(to, from.Length));
        }
    }
}

/// <summary><c>cp.async.bulk.tensor</c> to shared memory: a box, zeros where it lies beyond the edges.</summary>
internal sealed class TensorCopyInstruction(
    (int Base, int Bytes, long Offset) to,
    (int Base, int Bytes, long Offset) map,
    int[] coordinates,
    (int Base, int Bytes, long Offset) barrier) : BulkInstruction
{
    protected override void Execute(SimWarp warp, int lane)
    {
        var tensor = TensorBox.Map(warp, At(warp, map, lane), coordinates.Length, lane);
        var box = new TensorBox(tensor, Coordinates(warp, coordinates, lane));
        var data = new byte[tensor.BoxBytes];
        warp.Counter.GlobalRequests++;
        for (var row = 0; row < box.Rows; row++)
        {
            var (address, start, bytes) = box.Row(row);
            if (bytes > 0)
            {
                Load(warp, lane, address, data.AsSpan((row * tensor.RowBytes) + start, bytes));
            }
        }

        var places = box.Places(Shared(warp, to, TensorBox.Alignment, lane));
        warp.Block.Copies.Begin(warp, lane, places, data, warp.Block.Mbarriers.Find(warp, lane, At(warp, barrier, lane)));
    }
}

/// <summary><c>cp.async.bulk</c> to shared memory: adjacent bytes.</summary>
internal sealed unsafe class BulkCopyInstruction(
    (int Base, int Bytes, long Offset) to,
    (int Base, int Bytes, long Offset) from,
    int size,
    (int Base, int Bytes, long Offset) barrier) : BulkInstruction
{
    protected override void Execute(SimWarp warp, int lane)
    {
        var data = new byte[BulkStoreInstruction.Size(warp, size, lane)];
        var address = BulkStoreInstruction.Aligned(At(warp, from, lane), lane);
        warp.Counter.GlobalRequests++;
        Load(warp, lane, address, data);
        var start = Shared(warp, to, BulkCopies.PieceBytes, lane);
        int[] places = [.. Enumerable.Range(0, data.Length / BulkCopies.PieceBytes).Select(i => start + (i * BulkCopies.PieceBytes))];
        warp.Block.Copies.Begin(warp, lane, places, data, warp.Block.Mbarriers.Find(warp, lane, At(warp, barrier, lane)));
    }
}

/// <summary><c>cp.async.bulk.tensor</c> to global memory: of a box, what is inside the tensor.</summary>
internal sealed unsafe class TensorStoreInstruction(
    (int Base, int Bytes, long Offset) map, int[] coordinates, (int Base, int Bytes, long Offset) from) : BulkInstruction
{
    protected override void Execute(SimWarp warp, int lane)
    {
        var tensor = TensorBox.Map(warp, At(warp, map, lane), coordinates.Length, lane);
        var box = new TensorBox(tensor, Coordinates(warp, coordinates, lane));
        var mark = warp.Stores.Begin(lane);
        var data = new byte[tensor.BoxBytes];
        foreach (var (i, place) in box.Places(Shared(warp, from, TensorBox.Alignment, lane)).Index())
        {
            var piece = warp.Block.Shared.ReadInBackground(warp, 1u << lane, (ulong)place, BulkCopies.PieceBytes, mark);
            new ReadOnlySpan<byte>(piece, BulkCopies.PieceBytes).CopyTo(data.AsSpan(i * BulkCopies.PieceBytes));
        }

        warp.Counter.GlobalRequests++;
        for (var row = 0; row < box.Rows; row++)
        {
            var (address, start, bytes) = box.Row(row);
            if (bytes > 0)
            {
                Store(warp, lane, address, data.AsSpan((row * tensor.RowBytes) + start, bytes));
            }
        }
    }
}

/// <summary><c>cp.async.bulk</c> to global memory: adjacent bytes.</summary>
internal sealed unsafe class BulkStoreInstruction(
    (int Base, int Bytes, long Offset) to, (int Base, int Bytes, long Offset) from, int size) : BulkInstruction
{
    /// <summary>The bytes that a lane moves.</summary>
    public static int Size(SimWarp warp, int place, int lane) => warp.At<int>(place)[lane] is var bytes and > 0
        && bytes % BulkCopies.PieceBytes == 0
        ? bytes
        : throw new SimFault($"moves {warp.At<int>(place)[lane]} bytes, which is no multiple of {BulkCopies.PieceBytes}", lane);

    /// <summary>The address if it is aligned.</summary>
    public static ulong Aligned(ulong address, int lane) => address % BulkCopies.PieceBytes == 0
        ? address
        : throw new SimFault($"moves a block at 0x{address:x} of global memory, which is no multiple of {BulkCopies.PieceBytes}", lane);

    protected override void Execute(SimWarp warp, int lane)
    {
        var data = new byte[Size(warp, size, lane)];
        var start = Shared(warp, from, BulkCopies.PieceBytes, lane);
        var mark = warp.Stores.Begin(lane);
        for (var at = 0; at < data.Length; at += BulkCopies.PieceBytes)
        {
            var piece = warp.Block.Shared.ReadInBackground(warp, 1u << lane, (ulong)(start + at), BulkCopies.PieceBytes, mark);
            new ReadOnlySpan<byte>(piece, BulkCopies.PieceBytes).CopyTo(data.AsSpan(at));
        }

        warp.Counter.GlobalRequests++;
        Store(warp, lane, Aligned(At(warp, to, lane), lane), data);
    }
}

/// <summary><c>cp.async.bulk.commit_group</c></summary>
internal sealed class CommitBulkStores : MachineInstruction, IAsyncInstruction
{
    public override void Execute(SimWarp warp, uint mask) => warp.Stores.Commit(mask);
}

/// <summary><c>cp.async.bulk.wait_group</c>, with <c>.read</c> or without: what a store writes is there at once, what it reads is kept till now.</summary>
internal sealed class WaitBulkStores(int groups) : MachineInstruction, IAsyncInstruction
{
    public override void Execute(SimWarp warp, uint mask) => warp.Stores.Wait(mask, groups);
}
