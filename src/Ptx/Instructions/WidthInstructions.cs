using System.Runtime.Intrinsics;

namespace DPT.Engine.Ptx;

/// <summary>16 words of 32 bits as two times 8 of 64 bits: what every address is computed with.</summary>
internal interface IWiden
{
    static abstract (Vector512<ulong> Lower, Vector512<ulong> Upper) Widen(Vector512<uint> a);
}

internal readonly struct WidenUnsigned : IWiden
{
    public static (Vector512<ulong> Lower, Vector512<ulong> Upper) Widen(Vector512<uint> a) => Vector512.Widen(a);
}

internal readonly struct WidenSigned : IWiden
{
    public static (Vector512<ulong> Lower, Vector512<ulong> Upper) Widen(Vector512<uint> a)
    {
        var (lower, upper) = Vector512.Widen(a.AsInt32());
        return (lower.AsUInt64(), upper.AsUInt64());
    }
}

/// <summary><c>cvt.u64.u32</c> and its like.</summary>
internal sealed unsafe class WidenInstruction<TWiden>(int d, int a) : MachineInstruction where TWiden : struct, IWiden
{
    public override void Execute(SimWarp warp, uint mask)
    {
        var to = warp.At<ulong>(d);
        var from = warp.At<uint>(a);
        for (var i = 0; i < Lanes.Count; i += Vector512<uint>.Count)
        {
            var (lower, upper) = TWiden.Widen(Vector512.Load(from + i));
            Lanes.Store(lower, to, mask, i);
            Lanes.Store(upper, to, mask, i + Vector512<ulong>.Count);
        }
    }
}

/// <summary><c>cvt.u32.u64</c> and its like: the lower half.</summary>
internal sealed unsafe class NarrowInstruction(int d, int a) : MachineInstruction
{
    public override void Execute(SimWarp warp, uint mask)
    {
        var to = warp.At<uint>(d);
        var from = warp.At<ulong>(a);
        for (var i = 0; i < Lanes.Count; i += Vector512<uint>.Count)
        {
            var lower = Vector512.Load(from + i);
            var upper = Vector512.Load(from + i + Vector512<ulong>.Count);
            Lanes.Store(Vector512.Narrow(lower, upper), to, mask, i);
        }
    }
}

/// <summary><c>mul.wide</c> and <c>mad.wide</c> of 32 bits: d = a b, plus c if it is given.</summary>
internal sealed unsafe class MultiplyWideInstruction<TWiden>(int d, int a, int b, int? c) : MachineInstruction
    where TWiden : struct, IWiden
{
    public override void Execute(SimWarp warp, uint mask)
    {
        var to = warp.At<ulong>(d);
        uint* x = warp.At<uint>(a), y = warp.At<uint>(b);
        for (var i = 0; i < Lanes.Count; i += Vector512<uint>.Count)
        {
            var (lowerX, upperX) = TWiden.Widen(Vector512.Load(x + i));
            var (lowerY, upperY) = TWiden.Widen(Vector512.Load(y + i));
            Store(warp, to, lowerX * lowerY, mask, i);
            Store(warp, to, upperX * upperY, mask, i + Vector512<ulong>.Count);
        }
    }

    private void Store(SimWarp warp, ulong* to, Vector512<ulong> product, uint mask, int first)
    {
        var sum = c is { } addend ? product + Vector512.Load(warp.At<ulong>(addend) + first) : product;
        Lanes.Store(sum, to, mask, first);
    }
}
