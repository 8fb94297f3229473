using System.Runtime.Intrinsics;

namespace DPT.Engine.Ptx;

/// <summary>How two predicates are joined.</summary>
internal enum PredicateJoin
{
    /// <summary>Only the first counts.</summary>
    None,
    And,
    Or,
    Xor,
}

/// <summary>A comparison of many lanes at once: all ones where it holds.</summary>
internal interface IComparison<T>
{
    static abstract Vector512<T> Apply(Vector512<T> a, Vector512<T> b);
}

/// <summary><c>setp</c>: p = a ? b, q = not that; both joined with another predicate if there is one.</summary>
internal sealed unsafe class Compare<T, TOp>(
    int p, int? q, int a, int b, PredicateJoin join, (int Offset, uint Flip) other) : MachineInstruction
    where T : unmanaged
    where TOp : struct, IComparison<T>
{
    public override void Execute(SimWarp warp, uint mask)
    {
        T* x = warp.At<T>(a), y = warp.At<T>(b);
        var holds = 0u;
        for (var i = 0; i < Lanes.Count; i += Vector512<T>.Count)
        {
            var result = TOp.Apply(Vector512.Load(x + i), Vector512.Load(y + i));
            holds |= (uint)result.ExtractMostSignificantBits() << i;
        }

        var joined = join == PredicateJoin.None ? 0 : *warp.At<uint>(other.Offset) ^ other.Flip;
        PredicateInstruction.Write(warp, p, Joined(holds, joined), mask);
        if (q is { } second)
        {
            PredicateInstruction.Write(warp, second, Joined(~holds, joined), mask);
        }
    }

    private uint Joined(uint holds, uint joined) => join switch
    {
        PredicateJoin.And => holds & joined,
        PredicateJoin.Or => holds | joined,
        PredicateJoin.Xor => holds ^ joined,
        _ => holds,
    };
}

/// <summary><c>and.pred</c>, <c>or.pred</c>, <c>xor.pred</c>, and <c>mov.pred</c>, <c>not.pred</c> with one operand.</summary>
internal sealed unsafe class PredicateInstruction(
    int d, (int Offset, uint Flip) a, (int Offset, uint Flip) b, PredicateJoin join) : MachineInstruction
{
    public static void Write(SimWarp warp, int predicate, uint value, uint mask)
    {
        var to = warp.At<uint>(predicate);
        *to = (*to & ~mask) | (value & mask);
    }

    public override void Execute(SimWarp warp, uint mask)
    {
        var x = *warp.At<uint>(a.Offset) ^ a.Flip;
        var y = *warp.At<uint>(b.Offset) ^ b.Flip;
        var value = join switch
        {
            PredicateJoin.And => x & y,
            PredicateJoin.Or => x | y,
            PredicateJoin.Xor => x ^ y,
            _ => x,
        };
        Write(warp, d, value, mask);
    }
}

/// <summary><c>selp</c>: d = p ? a : b.</summary>
internal sealed unsafe class Select<T>(int d, int a, int b, (int Offset, uint Flip) p) : MachineInstruction
    where T : unmanaged
{
    public override void Execute(SimWarp warp, uint mask)
    {
        T* to = warp.At<T>(d), x = warp.At<T>(a), y = warp.At<T>(b);
        var chosen = *warp.At<uint>(p.Offset) ^ p.Flip;
        for (var i = 0; i < Lanes.Count; i += Vector512<T>.Count)
        {
            var isChosen = Lanes.Expand<T>(chosen, i);
            var value = Vector512.ConditionalSelect(isChosen, Vector512.Load(x + i), Vector512.Load(y + i));
            Lanes.Store(value, to, mask, i);
        }
    }
}

internal readonly struct IsEqual<T> : IComparison<T>
{
    public static Vector512<T> Apply(Vector512<T> a, Vector512<T> b) => Vector512.Equals(a, b);
}

/// <summary>For integers, and <c>neu</c> for floats: true if either is NaN.</summary>
internal readonly struct IsNotEqual<T> : IComparison<T>
{
    public static Vector512<T> Apply(Vector512<T> a, Vector512<T> b) => ~Vector512.Equals(a, b);
}

internal readonly struct IsLess<T> : IComparison<T>
{
    public static Vector512<T> Apply(Vector512<T> a, Vector512<T> b) => Vector512.LessThan(a, b);
}

internal readonly struct IsLessOrEqual<T> : IComparison<T>
{
    public static Vector512<T> Apply(Vector512<T> a, Vector512<T> b) => Vector512.LessThanOrEqual(a, b);
}

/// <summary>The operands change places.</summary>
internal readonly struct Swapped<T, TOp> : IComparison<T> where TOp : struct, IComparison<T>
{
    public static Vector512<T> Apply(Vector512<T> a, Vector512<T> b) => TOp.Apply(b, a);
}

/// <summary>The opposite holds: with an ordered comparison of floats, true if either is NaN.</summary>
internal readonly struct Opposite<T, TOp> : IComparison<T> where TOp : struct, IComparison<T>
{
    public static Vector512<T> Apply(Vector512<T> a, Vector512<T> b) => ~TOp.Apply(a, b);
}

/// <summary>Neither is NaN.</summary>
internal readonly struct AreNumbers<T> : IComparison<T>
{
    public static Vector512<T> Apply(Vector512<T> a, Vector512<T> b) => Vector512.Equals(a, a) & Vector512.Equals(b, b);
}

/// <summary>Different, and neither is NaN.</summary>
internal readonly struct AreDifferentNumbers<T> : IComparison<T>
{
    public static Vector512<T> Apply(Vector512<T> a, Vector512<T> b) =>
        ~Vector512.Equals(a, b) & AreNumbers<T>.Apply(a, b);
}

/// <summary><c>.ftz</c>: subnormal operands are zeros.</summary>
internal readonly struct FlushedComparison<TOp> : IComparison<float> where TOp : struct, IComparison<float>
{
    public static Vector512<float> Apply(Vector512<float> a, Vector512<float> b) =>
        TOp.Apply(Float32.Flush(a), Float32.Flush(b));
}
