using System.Numerics;

namespace DPT.Engine.Ptx;

/// <summary>A function of one operand on one lane.</summary>
internal interface ILaneUnary<TA, TR>
{
    static abstract TR Apply(TA a);
}

/// <summary>A function of two operands on one lane.</summary>
internal interface ILaneBinary<TA, TB, TR>
{
    static abstract TR Apply(TA a, TB b);
}

/// <summary>A function of three operands on one lane.</summary>
internal interface ILaneTernary<TA, TB, TC, TR>
{
    static abstract TR Apply(TA a, TB b, TC c);
}

/// <summary>d = f(a), lane by lane: for what has no vector form or is rare.</summary>
internal sealed unsafe class LaneUnary<TA, TR, TOp>(int d, int a) : MachineInstruction
    where TA : unmanaged
    where TR : unmanaged
    where TOp : struct, ILaneUnary<TA, TR>
{
    public override void Execute(SimWarp warp, uint mask)
    {
        var to = warp.At<TR>(d);
        var x = warp.At<TA>(a);
        for (; mask != 0; mask &= mask - 1)
        {
            var lane = BitOperations.TrailingZeroCount(mask);
            to[lane] = TOp.Apply(x[lane]);
        }
    }
}

/// <summary>d = f(a, b), lane by lane.</summary>
internal sealed unsafe class LaneBinary<TA, TB, TR, TOp>(int d, int a, int b) : MachineInstruction
    where TA : unmanaged
    where TB : unmanaged
    where TR : unmanaged
    where TOp : struct, ILaneBinary<TA, TB, TR>
{
    public override void Execute(SimWarp warp, uint mask)
    {
        var to = warp.At<TR>(d);
        var x = warp.At<TA>(a);
        var y = warp.At<TB>(b);
        for (; mask != 0; mask &= mask - 1)
        {
            var lane = BitOperations.TrailingZeroCount(mask);
            to[lane] = TOp.Apply(x[lane], y[lane]);
        }
    }
}

/// <summary>d = f(a, b, c), lane by lane.</summary>
internal sealed unsafe class LaneTernary<TA, TB, TC, TR, TOp>(int d, int a, int b, int c) : MachineInstruction
    where TA : unmanaged
    where TB : unmanaged
    where TC : unmanaged
    where TR : unmanaged
    where TOp : struct, ILaneTernary<TA, TB, TC, TR>
{
    public override void Execute(SimWarp warp, uint mask)
    {
        var to = warp.At<TR>(d);
        var x = warp.At<TA>(a);
        var y = warp.At<TB>(b);
        var z = warp.At<TC>(c);
        for (; mask != 0; mask &= mask - 1)
        {
            var lane = BitOperations.TrailingZeroCount(mask);
            to[lane] = TOp.Apply(x[lane], y[lane], z[lane]);
        }
    }
}

/// <summary><c>bfi</c>: d = b with the low bits of a put into a field of it.</summary>
internal sealed unsafe class InsertFieldInstruction<T>(int d, int a, int b, int position, int length) : MachineInstruction
    where T : unmanaged, IBinaryInteger<T>
{
    public override void Execute(SimWarp warp, uint mask)
    {
        T* to = warp.At<T>(d), x = warp.At<T>(a), y = warp.At<T>(b);
        uint* start = warp.At<uint>(position), bits = warp.At<uint>(length);
        for (; mask != 0; mask &= mask - 1)
        {
            var lane = BitOperations.TrailingZeroCount(mask);
            to[lane] = InsertField<T>.Apply(x[lane], y[lane], start[lane], bits[lane]);
        }
    }
}
