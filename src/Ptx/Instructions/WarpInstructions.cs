using System.Numerics;

namespace DPT.Engine.Ptx;

/// <summary>An instruction that lanes of a warp do together: all that it names must be there.</summary>
internal abstract unsafe class WarpInstruction : MachineInstruction
{
    /// <summary>Throws unless exactly the lanes of the member mask execute this.</summary>
    protected static void Expect(SimWarp warp, uint mask, int members)
    {
        var named = warp.At<uint>(members)[BitOperations.TrailingZeroCount(mask)];
        ExpectLanes(mask, named & warp.Alive);
    }

    /// <summary>Throws unless all 32 lanes execute this.</summary>
    public static void ExpectAll(uint mask) => ExpectLanes(mask, Lanes.All);

    private static void ExpectLanes(uint mask, uint named)
    {
        if (mask != named)
        {
            throw new SimFault($"does together what lanes 0x{named:x8} must do, but lanes 0x{mask:x8} are here");
        }
    }
}

/// <summary>Where a shuffle takes its value from.</summary>
internal enum ShuffleKind
{
    Up,
    Down,
    Butterfly,
    Index,
}

/// <summary><c>shfl.sync</c>: every lane takes another lane's value; p says whether there was one in its segment.</summary>
internal sealed unsafe class ShuffleInstruction(
    ShuffleKind kind, int d, int? p, int a, int b, int c, int members) : WarpInstruction
{
    public override void Execute(SimWarp warp, uint mask)
    {
        Expect(warp, mask, members);
        uint* to = warp.At<uint>(d), value = warp.At<uint>(a), offset = warp.At<uint>(b), control = warp.At<uint>(c);
        var taken = stackalloc uint[Lanes.Count];
        var inRange = 0u;
        for (var rest = mask; rest != 0; rest &= rest - 1)
        {
            var lane = BitOperations.TrailingZeroCount(rest);
            var source = SourceLane(lane, (int)(offset[lane] & 31), (int)control[lane], out var isInside);
            inRange |= isInside ? 1u << lane : 0;
            if ((mask >> source & 1) == 0)
            {
                throw new SimFault($"takes a value from lane {source}, which is not here", lane);
            }

            taken[lane] = value[source];
        }

        for (var rest = mask; rest != 0; rest &= rest - 1)
        {
            var lane = BitOperations.TrailingZeroCount(rest);
            to[lane] = taken[lane];
        }

        if (p is { } predicate)
        {
            PredicateInstruction.Write(warp, predicate, inRange, mask);
        }
    }

    private int SourceLane(int lane, int offset, int control, out bool isInside)
    {
        var clamp = control & 31;
        var segment = (control >> 8) & 31;
        var last = (lane & segment) | (clamp & ~segment);
        var first = lane & segment;
        var source = kind switch
        {
            ShuffleKind.Up => lane - offset,
            ShuffleKind.Down => lane + offset,
            ShuffleKind.Butterfly => lane ^ offset,
            _ => first | (offset & ~segment),
        };
        isInside = kind == ShuffleKind.Up ? source >= last : source <= last;
        return isInside ? source : lane;
    }
}

/// <summary>What a vote asks.</summary>
internal enum VoteKind
{
    All,
    Any,
    Uniform,
    Ballot,
}

/// <summary><c>vote.sync</c></summary>
internal sealed unsafe class VoteInstruction(VoteKind kind, int d, (int Offset, uint Flip) p, int members) : WarpInstruction
{
    public override void Execute(SimWarp warp, uint mask)
    {
        Expect(warp, mask, members);
        var votes = (*warp.At<uint>(p.Offset) ^ p.Flip) & mask;
        if (kind == VoteKind.Ballot)
        {
            Broadcast.Write(warp, d, votes, mask);
            return;
        }

        var holds = kind switch
        {
            VoteKind.All => votes == mask,
            VoteKind.Any => votes != 0,
            _ => votes == mask || votes == 0,
        };
        PredicateInstruction.Write(warp, d, holds ? Lanes.All : 0, mask);
    }
}

/// <summary><c>elect.sync</c>: the lowest lane is the one.</summary>
internal sealed class ElectInstruction(int d, int p, int members) : WarpInstruction
{
    public override void Execute(SimWarp warp, uint mask)
    {
        Expect(warp, mask, members);
        Broadcast.Write(warp, d, (uint)BitOperations.TrailingZeroCount(mask), mask);
        PredicateInstruction.Write(warp, p, mask & (0 - mask), mask);
    }
}

/// <summary><c>activemask</c></summary>
internal sealed class ActiveMaskInstruction(int d) : MachineInstruction
{
    public override void Execute(SimWarp warp, uint mask) => Broadcast.Write(warp, d, mask, mask);
}

/// <summary><c>bar.warp.sync</c>: all lanes that it names must be here, and see each other's accesses from here on.</summary>
internal sealed class WarpBarrierInstruction(int members) : WarpInstruction
{
    public override void Execute(SimWarp warp, uint mask)
    {
        Expect(warp, mask, members);
        warp.Block.MeetLanes(warp);
    }
}

/// <summary>One value for all lanes.</summary>
internal static unsafe class Broadcast
{
    public static void Write(SimWarp warp, int register, uint value, uint mask)
    {
        for (; mask != 0; mask &= mask - 1)
        {
            warp.At<uint>(register)[BitOperations.TrailingZeroCount(mask)] = value;
        }
    }
}
