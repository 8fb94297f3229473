namespace DPT.Engine.Kernels;

/// <summary>Blocks of memory that wait for their next use, by size.</summary>
internal sealed class IdleBlocks
{
    private readonly Dictionary<long, Stack<nint>> _bySize = [];

    public bool TryTake(long size, out nint address)
    {
        address = 0;
        return _bySize.TryGetValue(size, out var stack) && stack.TryPop(out address);
    }

    public void Add(nint address, long size)
    {
        if (!_bySize.TryGetValue(size, out var stack))
        {
            _bySize[size] = stack = new Stack<nint>();
        }

        stack.Push(address);
    }

    /// <summary>Takes any block; false if none is left.</summary>
    public bool TryTakeAny(out nint address, out long size)
    {
        foreach (var (key, stack) in _bySize)
        {
            if (stack.TryPop(out address))
            {
                size = key;
                return true;
            }
        }

        (address, size) = (0, 0);
        return false;
    }
}
