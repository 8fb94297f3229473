namespace DPT.Engine.Kernels;

/// <summary>
/// Blocks that captured work keeps for itself: their addresses stand in its launches. Inside the work they are reused,
/// which plans its memory once and for all; on a device that has to see fresh memory as fresh they are not.
/// </summary>
internal sealed class MemoryReservation(bool reuses)
{
    private readonly IdleBlocks _idle = new();
    private readonly HashSet<nint> _held = [];

    /// <summary>Blocks that the work has not given back.</summary>
    public int Held => _held.Count;

    /// <summary>A block that the work has used before, if there is one.</summary>
    public bool TryTake(long size, out nint address)
    {
        address = 0;
        return reuses && _idle.TryTake(size, out address) && _held.Add(address);
    }

    /// <summary>The work holds one more block.</summary>
    public void Add(nint address) => _held.Add(address);

    /// <summary>Takes a block back from the work; false if it is not of this reservation.</summary>
    public bool TryReturn(nint address, long size)
    {
        if (!_held.Remove(address))
        {
            return false;
        }

        _idle.Add(address, size);
        return true;
    }

    /// <summary>Gives up a block that nobody holds; false if none is left.</summary>
    public bool TryGiveUp(out nint address, out long size) => _idle.TryTakeAny(out address, out size);
}
