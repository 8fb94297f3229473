using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace DPT.Engine.Ptx;

/// <summary><c>mov.b64 {a, b}, c</c>: parts of a register, the lowest first.</summary>
internal sealed unsafe class SplitInstruction(int[] d, int a, int size) : MachineInstruction
{
    public override void Execute(SimWarp warp, uint mask)
    {
        for (; mask != 0; mask &= mask - 1)
        {
            var lane = BitOperations.TrailingZeroCount(mask);
            var value = 0UL;
            NativeMemory.Copy(warp.At<byte>(a) + (lane * size * d.Length), &value, (nuint)(size * d.Length));
            foreach (var part in d)
            {
                NativeMemory.Copy(&value, warp.At<byte>(part) + (lane * size), (nuint)size);
                value >>= 8 * size;
            }
        }
    }
}

/// <summary><c>mov.b64 c, {a, b}</c>: a register of parts, the lowest first.</summary>
internal sealed unsafe class JoinInstruction(int d, int[] sources, int size) : MachineInstruction
{
    public override void Execute(SimWarp warp, uint mask)
    {
        for (; mask != 0; mask &= mask - 1)
        {
            var lane = BitOperations.TrailingZeroCount(mask);
            var value = 0UL;
            for (var i = 0; i < sources.Length; i++)
            {
                NativeMemory.Copy(warp.At<byte>(sources[i]) + (lane * size), (byte*)&value + (i * size), (nuint)size);
            }

            NativeMemory.Copy(&value, warp.At<byte>(d) + (lane * size * sources.Length), (nuint)(size * sources.Length));
        }
    }
}

/// <summary><c>cvta</c>: an address of one window as an address of another.</summary>
internal sealed unsafe class MoveWindow(int d, int a, ulong distance) : MachineInstruction
{
    public override void Execute(SimWarp warp, uint mask)
    {
        ulong* to = warp.At<ulong>(d), from = warp.At<ulong>(a);
        for (var i = 0; i < Lanes.Count; i += Vector512<ulong>.Count)
        {
            Lanes.Store(Vector512.Load(from + i) + Vector512.Create(distance), to, mask, i);
        }
    }
}
