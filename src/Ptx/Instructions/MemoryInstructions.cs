using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace DPT.Engine.Ptx;

/// <summary>The memory that an instruction names.</summary>
internal enum SpaceKind
{
    Generic,
    Global,
    Shared,
    Local,
}

/// <summary>An instruction that addresses memory: <c>[base + offset]</c>.</summary>
internal abstract unsafe class MemoryInstruction(SpaceKind space, (int Base, int Bytes, long Offset) address)
    : MachineInstruction
{
    /// <summary>Whether it may touch shared memory.</summary>
    public bool MayShare => space is SpaceKind.Shared or SpaceKind.Generic;

    /// <summary>Whether it may touch global memory.</summary>
    public bool MayBeGlobal => space is SpaceKind.Global or SpaceKind.Generic;

    /// <summary>Bytes of one element.</summary>
    public abstract int ElementBytes { get; }

    /// <summary>Checks the access; the addresses that come back are those of this machine.</summary>
    protected ulong* Access(SimWarp warp, uint mask, int bytes, AccessKind kind)
    {
        var addresses = Evaluate(warp, address, warp.Addresses);
        AddressSpace memory = space switch
        {
            SpaceKind.Global => warp.Block.Global,
            SpaceKind.Shared => warp.Block.Shared,
            SpaceKind.Local => warp.Block.Local,
            _ => warp.Block.Generic,
        };
        warp.Repeated = 0;
        memory.Access(warp, addresses, mask, bytes, kind);
        return addresses;
    }

    /// <summary>Base plus offset in every lane.</summary>
    public static ulong* Evaluate(SimWarp warp, (int Base, int Bytes, long Offset) address, ulong* to)
    {
        var offset = Vector512.Create((ulong)address.Offset);
        if (address.Bytes == sizeof(uint))
        {
            var narrow = warp.At<uint>(address.Base);
            for (var lane = 0; lane < Lanes.Count; lane++)
            {
                to[lane] = narrow[lane] + (ulong)address.Offset;
            }

            return to;
        }

        var wide = warp.At<ulong>(address.Base);
        for (var i = 0; i < Lanes.Count; i += Vector512<ulong>.Count)
        {
            (Vector512.Load(wide + i) + offset).Store(to + i);
        }

        return to;
    }
}

/// <summary><c>ld</c>: elements of one type in memory to registers of a type at least as wide.</summary>
internal sealed unsafe class LoadInstruction<TMemory, TRegister>(
    SpaceKind space, (int Base, int Bytes, long Offset) address, int[] d) : MemoryInstruction(space, address)
    where TMemory : unmanaged, IBinaryInteger<TMemory>
    where TRegister : unmanaged, IBinaryInteger<TRegister>
{
    public override int ElementBytes => sizeof(TMemory);

    public override void Execute(SimWarp warp, uint mask)
    {
        var from = Access(warp, mask, d.Length * sizeof(TMemory), AccessKind.Load);
        if (mask == Lanes.All && d.Length == 1 && sizeof(TMemory) == sizeof(TRegister)
            && Lanes.AreContiguous(from, sizeof(TMemory)))
        {
            NativeMemory.Copy((void*)from[0], warp.At<TRegister>(d[0]), (nuint)(Lanes.Count * sizeof(TMemory)));
            return;
        }

        for (var i = 0; i < d.Length; i++)
        {
            var to = warp.At<TRegister>(d[i]);
            for (var rest = mask; rest != 0; rest &= rest - 1)
            {
                var lane = BitOperations.TrailingZeroCount(rest);
                to[lane] = TRegister.CreateTruncating(((TMemory*)from[lane])[i]);
            }
        }
    }
}

/// <summary><c>st</c>: the low bytes of registers to memory.</summary>
internal sealed unsafe class StoreInstruction<TMemory, TRegister>(
    SpaceKind space, (int Base, int Bytes, long Offset) address, int[] sources) : MemoryInstruction(space, address)
    where TMemory : unmanaged, IBinaryInteger<TMemory>
    where TRegister : unmanaged, IBinaryInteger<TRegister>
{
    public override int ElementBytes => sizeof(TMemory);

    public override void Execute(SimWarp warp, uint mask)
    {
        var to = Access(warp, mask, sources.Length * sizeof(TMemory), AccessKind.Store);
        if (warp.Repeated != 0)
        {
            RequireSameValues(warp, to, mask);
        }

        if (mask == Lanes.All && sources.Length == 1 && sizeof(TMemory) == sizeof(TRegister)
            && Lanes.AreContiguous(to, sizeof(TMemory)))
        {
            NativeMemory.Copy(warp.At<TRegister>(sources[0]), (void*)to[0], (nuint)(Lanes.Count * sizeof(TMemory)));
            return;
        }

        for (var i = 0; i < sources.Length; i++)
        {
            var from = warp.At<TRegister>(sources[i]);
            for (var rest = mask; rest != 0; rest &= rest - 1)
            {
                var lane = BitOperations.TrailingZeroCount(rest);
                ((TMemory*)to[lane])[i] = TMemory.CreateTruncating(from[lane]);
            }
        }
    }

    /// <summary>Throws if lanes write different values to one place: which of them stays is not defined.</summary>
    private void RequireSameValues(SimWarp warp, ulong* to, uint mask)
    {
        for (var rest = warp.Repeated; rest != 0; rest &= rest - 1)
        {
            var lane = BitOperations.TrailingZeroCount(rest);
            var other = 0;
            while ((mask >> other & 1) == 0 || to[other] != to[lane])
            {
                other++;
            }

            foreach (var source in sources)
            {
                var from = warp.At<TRegister>(source);
                if (TMemory.CreateTruncating(from[lane]) != TMemory.CreateTruncating(from[other]))
                {
                    throw new SimFault(
                        $"writes another value to the same place as lane {other}, in one instruction (a write-after-write race)",
                        lane);
                }
            }
        }
    }
}

/// <summary><c>atom</c> and <c>red</c>: lanes take their turn, the lowest first.</summary>
internal interface IAtomicInstruction
{
    /// <summary>Whether blocks can meet there.</summary>
    bool MayBeGlobal { get; }
}

/// <summary><c>ld.param</c> of a kernel: the same value in every lane.</summary>
internal sealed unsafe class LoadParameter(int at, int bytes, int d, int registerBytes, bool isSigned) : MachineInstruction
{
    public override void Execute(SimWarp warp, uint mask)
    {
        var value = 0UL;
        warp.Block.Arguments.AsSpan(at, bytes).CopyTo(new Span<byte>(&value, bytes));
        if (isSigned)
        {
            var unused = 64 - (8 * bytes);
            value = (ulong)((long)(value << unused) >> unused);
        }

        for (var rest = mask; rest != 0; rest &= rest - 1)
        {
            var lane = BitOperations.TrailingZeroCount(rest);
            NativeMemory.Copy(&value, warp.At<byte>(d) + (lane * registerBytes), (nuint)registerBytes);
        }
    }
}
