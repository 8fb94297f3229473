using System.Numerics;

namespace DPT.Engine.Ptx;

/// <summary>
/// Races on global memory, between blocks of a launch and between warps and lanes of a block. It takes some ten times the
/// memory of the buffers and must see the blocks one after the other, so only small launches are watched.
/// </summary>
internal sealed class GlobalWatch(BlockShape shape, WarpOrder order) : IDisposable
{
    private readonly Dictionary<SimMemory.Block, AccessHistory> _histories = [];

    /// <summary>Lanes access a place of a buffer; only loads are of several lanes.</summary>
    /// <exception cref="SimFault">Nothing orders this and another access.</exception>
    public void Touch(SimWarp warp, LaunchBuffer buffer, ulong address, int bytes, AccessKind kind, uint lanes)
    {
        var history = HistoryOf(buffer);
        var at = (long)address - buffer.Memory.Address;
        switch (kind)
        {
            case AccessKind.Load:
                history.Read(warp, at, bytes, lanes);
                break;
            case AccessKind.Store:
                history.Write(warp, at, bytes, BitOperations.TrailingZeroCount(lanes));
                break;
            default:
                history.Update(warp, at, bytes, BitOperations.TrailingZeroCount(lanes));
                break;
        }
    }

    /// <summary>So many lanes, from one on, access places side by side. False if they must be looked at one by one.</summary>
    public bool TryTouchRow(SimWarp warp, LaunchBuffer buffer, ulong address, int bytes, AccessKind kind, int lane, int count)
    {
        var at = (long)address - buffer.Memory.Address;
        return kind switch
        {
            AccessKind.Load => HistoryOf(buffer).TryReadRow(warp, at, bytes, lane, count),
            AccessKind.Store => HistoryOf(buffer).TryWriteRow(warp, at, bytes, lane, count),
            _ => false,
        };
    }

    public void Dispose()
    {
        foreach (var history in _histories.Values)
        {
            history.Dispose();
        }
    }

    private AccessHistory HistoryOf(LaunchBuffer buffer)
    {
        var memory = buffer.Memory;
        if (!_histories.TryGetValue(memory, out var history))
        {
            _histories[memory] = history = new AccessHistory(
                at => buffer.NameOf((ulong)(memory.Address + at)),
                memory.Bytes, shape.Program.GlobalGrain, shape, order, spansBlocks: true);
        }

        return history;
    }
}
