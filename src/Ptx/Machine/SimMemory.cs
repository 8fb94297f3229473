using System.Runtime.InteropServices;

namespace DPT.Engine.Ptx;

/// <summary>
/// The memory of a simulated device, and for every byte whether anything was ever written to it. Safe for use from
/// several threads; marking single bytes needs no lock.
/// </summary>
/// <param name="virtualFrom">
/// Allocations of at least so many bytes are addresses alone: what is written there is dropped, and zeros are read.
/// </param>
public sealed unsafe class SimMemory(long virtualFrom = long.MaxValue)
{
    /// <summary>Virtual addresses begin where no address of this machine is.</summary>
    private const nint VirtualStart = 1 << 48;

    /// <summary>What lies between two of them at least: no kernel gets from one into the next by mistake.</summary>
    private const long VirtualGap = 1L << 40;

    private readonly SortedList<nint, Block> _blocks = [];
    private readonly Lock _lock = new();
    private nint _nextVirtual = VirtualStart;

    private bool HasVirtual => virtualFrom < long.MaxValue;

    /// <summary>The address of new memory, a multiple of 256; nothing of it counts as written.</summary>
    public nint Allocate(long bytes)
    {
        lock (_lock)
        {
            var block = bytes >= virtualFrom
                ? new Block(_nextVirtual, bytes, isVirtual: true)
                : new Block((nint)NativeMemory.AlignedAlloc((nuint)bytes, 256), bytes, isVirtual: false);
            if (HasVirtual)
            {
                // Most blocks of a grid do not run, so nobody can rely on what they write.
                block.Clear(block.Address, bytes);
            }

            if (block.IsVirtual)
            {
                _nextVirtual += (nint)(((bytes / VirtualGap) + 2) * VirtualGap);
            }

            _blocks.Add(block.Address, block);
            return block.Address;
        }
    }

    /// <summary>Frees what <see cref="Allocate"/> gave.</summary>
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

    /// <summary>One allocation.</summary>
    public sealed class Block
    {
        /// <summary>1 for every byte that was written.</summary>
        private readonly byte* _written;
        private readonly Lock _lock = new();
        private long _writtenBefore;
        private ulong _first = ulong.MaxValue;
        private ulong _last;

        internal Block(nint address, long bytes, bool isVirtual)
        {
            (Address, Bytes, IsVirtual) = (address, bytes, isVirtual);
            _written = isVirtual ? null : (byte*)NativeMemory.AllocZeroed((nuint)bytes);
            _writtenBefore = isVirtual ? long.MaxValue : 0;
        }

        internal nint Address { get; }

        /// <summary>Its size.</summary>
        public long Bytes { get; }

        /// <summary>Whether there is no storage behind the addresses.</summary>
        internal bool IsVirtual { get; }

        /// <summary>The first byte that a kernel touched and the one behind the last, of virtual memory.</summary>
        public (ulong First, ulong End) Touched => (_first, _last);

        /// <summary>Whether every byte of the range was written.</summary>
        internal bool IsWritten(ulong at, int count)
        {
            var start = (long)at - Address;
            return start + count <= _writtenBefore || !new ReadOnlySpan<byte>(_written + start, count).Contains((byte)0);
        }

        /// <summary>Marks what a kernel wrote.</summary>
        internal void MarkStore(ulong at, int count)
        {
            var start = (long)at - Address;
            if (start + count > _writtenBefore)
            {
                new Span<byte>(_written + start, count).Fill(1);
            }
        }

        /// <summary>Notes that a kernel touched virtual memory.</summary>
        internal void Touch(ulong at, int count)
        {
            if (at < Volatile.Read(ref _first) || at + (ulong)count > Volatile.Read(ref _last))
            {
                lock (_lock)
                {
                    _first = Math.Min(_first, at);
                    _last = Math.Max(_last, at + (ulong)count);
                }
            }
        }

        /// <summary>Copies from the host, while no kernel runs.</summary>
        public void CopyIn(ReadOnlySpan<byte> source, nint at)
        {
            if (!IsVirtual)
            {
                source.CopyTo(new Span<byte>((void*)at, source.Length));
                MarkCopy(at, source.Length);
            }
        }

        /// <summary>Copies to the host.</summary>
        public void CopyOut(nint at, Span<byte> destination)
        {
            if (IsVirtual)
            {
                destination.Clear();
            }
            else
            {
                new ReadOnlySpan<byte>((void*)at, destination.Length).CopyTo(destination);
            }
        }

        /// <summary>Sets to zero.</summary>
        public void Clear(nint at, long count)
        {
            if (!IsVirtual)
            {
                NativeMemory.Clear((void*)at, (nuint)count);
                MarkCopy(at, count);
            }
        }

        /// <summary>Copies from memory of which perhaps not everything was written.</summary>
        public void CopyFrom(Block source, nint from, nint at, long count)
        {
            if (source.IsVirtual)
            {
                Clear(at, count);
            }
            else if (!IsVirtual)
            {
                NativeMemory.Copy((void*)from, (void*)at, (nuint)count);
                CopyMarks(at, source, from, count);
            }
        }

        internal void Free()
        {
            if (!IsVirtual)
            {
                NativeMemory.AlignedFree((void*)Address);
                NativeMemory.Free(_written);
            }
        }

        /// <summary>Marks what the host wrote.</summary>
        private void MarkCopy(nint at, long count)
        {
            var start = at - Address;
            NativeMemory.Fill(_written + start, (nuint)count, 1);
            if (start <= _writtenBefore)
            {
                _writtenBefore = Math.Max(_writtenBefore, start + count);
            }
        }

        private void CopyMarks(nint at, Block source, nint from, long count)
        {
            var start = at - Address;
            NativeMemory.Copy(source._written + (from - source.Address), _written + start, (nuint)count);
            if (from - source.Address + count > source._writtenBefore)
            {
                _writtenBefore = Math.Min(_writtenBefore, start);
            }
        }
    }
}
