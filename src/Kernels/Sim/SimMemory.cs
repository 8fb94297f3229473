using System.Runtime.InteropServices;

namespace DPT.Engine.Kernels;

/// <summary>
/// The memory of a simulated device, and for every byte whether anything was ever written to it. Safe for use from
/// several threads; marking single bytes needs no lock.
/// </summary>
internal sealed unsafe class SimMemory
{
    private readonly SortedList<nint, Block> _blocks = [];
    private readonly Lock _lock = new();

    public nint Allocate(long bytes)
    {
        var block = new Block((nint)NativeMemory.AlignedAlloc((nuint)bytes, 256), bytes);
        lock (_lock)
        {
            _blocks.Add(block.Address, block);
        }

        return block.Address;
    }

    public void Free(nint address, long bytes)
    {
        Block? block;
        lock (_lock)
        {
            _blocks.Remove(address, out block);
        }

        block?.Free();
    }

    /// <summary>The block that holds the whole range; null if none does.</summary>
    public Block? Find(nint address, long bytes)
    {
        lock (_lock)
        {
            var (low, high) = (0, _blocks.Count);
            while (low < high)
            {
                var middle = (low + high) / 2;
                (low, high) = _blocks.Keys[middle] <= address ? (middle + 1, high) : (low, middle);
            }

            return low > 0 && _blocks.Values[low - 1] is var block && address + bytes <= block.Address + block.Bytes
                ? block
                : null;
        }
    }

    /// <summary>The block that holds the whole range.</summary>
    /// <param name="address">First byte.</param>
    /// <param name="bytes">Length of the range.</param>
    /// <param name="name">What to call the range in a message.</param>
    /// <exception cref="KernelException">The range is not memory of this device, or was freed.</exception>
    public Block Get(nint address, long bytes, string name = "a slice") =>
        Find(address, bytes)
        ?? throw new KernelException(
            $"{name}: {bytes} bytes at 0x{address:x} are not memory of this device, or were freed");

    /// <summary>One allocation.</summary>
    internal sealed class Block(nint address, long bytes)
    {
        /// <summary>1 for every byte that was written.</summary>
        private readonly byte* _written = (byte*)NativeMemory.AllocZeroed((nuint)bytes);
        private long _writtenBefore;

        public nint Address { get; } = address;

        public long Bytes { get; } = bytes;

        /// <summary>Whether every byte of the range was written.</summary>
        public bool IsWritten(ulong at, int count)
        {
            var start = (long)at - Address;
            return start + count <= _writtenBefore || !new ReadOnlySpan<byte>(_written + start, count).Contains((byte)0);
        }

        /// <summary>Marks what a kernel wrote.</summary>
        public void MarkStore(ulong at, int count)
        {
            var start = (long)at - Address;
            if (start + count > _writtenBefore)
            {
                new Span<byte>(_written + start, count).Fill(1);
            }
        }

        /// <summary>Marks what the host wrote, while no kernel runs.</summary>
        public void MarkCopy(nint at, long count)
        {
            var start = at - Address;
            NativeMemory.Fill(_written + start, (nuint)count, 1);
            if (start <= _writtenBefore)
            {
                _writtenBefore = Math.Max(_writtenBefore, start + count);
            }
        }

        /// <summary>Marks a copy of memory of which perhaps not everything was written.</summary>
        public void CopyMarks(nint at, Block source, nint from, long count)
        {
            var start = at - Address;
            NativeMemory.Copy(source._written + (from - source.Address), _written + start, (nuint)count);
            if (from - source.Address + count > source._writtenBefore)
            {
                _writtenBefore = Math.Min(_writtenBefore, start);
            }
        }

        public void Free()
        {
            NativeMemory.AlignedFree((void*)Address);
            NativeMemory.Free(_written);
        }
    }
}
