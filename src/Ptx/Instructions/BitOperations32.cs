using System.Numerics;

namespace DPT.Engine.Ptx;

/// <summary><c>prmt</c>: four bytes chosen among the eight of a and b; with bit 3 of a choice, its sign everywhere.</summary>
internal readonly struct PermuteBytes : ILaneTernary<uint, uint, uint, uint>
{
    public static uint Apply(uint a, uint b, uint c)
    {
        var bytes = a | ((ulong)b << 32);
        var result = 0u;
        for (var i = 0; i < 4; i++)
        {
            var choice = (int)(c >> (4 * i)) & 15;
            var chosen = (uint)(bytes >> (8 * (choice & 7))) & 0xff;
            var value = (choice & 8) == 0 ? chosen : (chosen & 0x80) != 0 ? 0xffu : 0;
            result |= value << (8 * i);
        }

        return result;
    }
}

/// <summary><c>shf.l.wrap</c>: the upper word of b:a shifted left.</summary>
internal readonly struct FunnelLeft : ILaneTernary<uint, uint, uint, uint>
{
    public static uint Apply(uint a, uint b, uint c) => (uint)((((ulong)b << 32) | a) >> (32 - (int)(c & 31)));
}

/// <summary><c>shf.r.wrap</c>: the lower word of b:a shifted right.</summary>
internal readonly struct FunnelRight : ILaneTernary<uint, uint, uint, uint>
{
    public static uint Apply(uint a, uint b, uint c) => (uint)((((ulong)b << 32) | a) >> (int)(c & 31));
}

/// <summary><c>lop3</c>: any function of three bits, by its table.</summary>
internal sealed unsafe class LogicInstruction(int d, int a, int b, int c, int table) : MachineInstruction
{
    public override void Execute(SimWarp warp, uint mask)
    {
        uint* to = warp.At<uint>(d), x = warp.At<uint>(a), y = warp.At<uint>(b), z = warp.At<uint>(c);
        for (; mask != 0; mask &= mask - 1)
        {
            var lane = BitOperations.TrailingZeroCount(mask);
            var result = 0u;
            for (var row = 0; row < 8; row++)
            {
                if ((table >> row & 1) != 0)
                {
                    result |= ((row & 4) != 0 ? x[lane] : ~x[lane])
                        & ((row & 2) != 0 ? y[lane] : ~y[lane])
                        & ((row & 1) != 0 ? z[lane] : ~z[lane]);
                }
            }

            to[lane] = result;
        }
    }
}
