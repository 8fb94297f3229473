namespace DPT.Engine.Ptx;

/// <summary>
/// Races on global memory, between blocks of a launch and between warps and lanes of a block. It takes some ten times the
/// memory of the buffers and must see the blocks one after the other, so only small launches are watched.
/// </summary>
internal sealed class GlobalWatch(BlockShape shape, WarpOrder order) : IDisposable
{
    private readonly Dictionary<SimMemory.Block, AccessHistory> _histories = [];

    /// <summary>A lane accesses a place of a buffer.</summary>
    /// <exception cref="SimFault">Nothing orders this and another access.</exception>
    public void Touch(SimWarp warp, LaunchBuffer buffer, ulong address, int bytes, AccessKind kind, int lane)
    {
        var memory = buffer.Memory;
        if (!_histories.TryGetValue(memory, out var history))
        {
            _histories[memory] = history = new AccessHistory(
                at => buffer.NameOf((ulong)(memory.Address + at)),
                memory.Bytes, shape.Program.GlobalGrain, shape, order, spansBlocks: true);
        }

        var at = (long)address - memory.Address;
        switch (kind)
        {
            case AccessKind.Load:
                history.Read(warp, at, bytes, 1u << lane);
                break;
            case AccessKind.Store:
                history.Write(warp, at, bytes, lane);
                break;
            default:
                history.Update(warp, at, bytes, lane);
                break;
        }
    }

    public void Dispose()
    {
        foreach (var history in _histories.Values)
        {
            history.Dispose();
        }
    }
}
