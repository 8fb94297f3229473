using System.Numerics;

namespace DPT.Engine.Ptx;

/// <summary><c>atom</c> and <c>red</c> with one operand: memory = f(memory, b), d = what was there before.</summary>
internal sealed unsafe class AtomicInstruction<T, TOp>(
    SpaceKind space, (int Base, int Bytes, long Offset) address, int? d, int b)
    : MemoryInstruction(space, address), IAtomicInstruction
    where T : unmanaged
    where TOp : struct, ILaneBinary<T, T, T>
{
    public override int ElementBytes => sizeof(T);

    public override void Execute(SimWarp warp, uint mask)
    {
        var at = Access(warp, mask, sizeof(T), AccessKind.Atomic);
        var value = warp.At<T>(b);
        for (var rest = mask; rest != 0; rest &= rest - 1)
        {
            var lane = BitOperations.TrailingZeroCount(rest);
            var memory = (T*)at[lane];
            var before = *memory;
            *memory = TOp.Apply(before, value[lane]);
            if (d is { } result)
            {
                warp.At<T>(result)[lane] = before;
            }
        }
    }
}

/// <summary><c>atom.cas</c>: memory = c if it was b.</summary>
internal sealed unsafe class CompareAndSwapInstruction<T>(
    SpaceKind space, (int Base, int Bytes, long Offset) address, int d, int b, int c)
    : MemoryInstruction(space, address), IAtomicInstruction
    where T : unmanaged, IBinaryInteger<T>
{
    public override int ElementBytes => sizeof(T);

    public override void Execute(SimWarp warp, uint mask)
    {
        var at = Access(warp, mask, sizeof(T), AccessKind.Atomic);
        T* to = warp.At<T>(d), expected = warp.At<T>(b), value = warp.At<T>(c);
        for (var rest = mask; rest != 0; rest &= rest - 1)
        {
            var lane = BitOperations.TrailingZeroCount(rest);
            var memory = (T*)at[lane];
            var before = *memory;
            *memory = before == expected[lane] ? value[lane] : before;
            to[lane] = before;
        }
    }
}

internal readonly struct AtomicAdd<T> : ILaneBinary<T, T, T> where T : INumber<T>
{
    public static T Apply(T a, T b) => a + b;
}

internal readonly struct AtomicMin<T> : ILaneBinary<T, T, T> where T : INumber<T>
{
    public static T Apply(T a, T b) => T.Min(a, b);
}

internal readonly struct AtomicMax<T> : ILaneBinary<T, T, T> where T : INumber<T>
{
    public static T Apply(T a, T b) => T.Max(a, b);
}

internal readonly struct AtomicAnd<T> : ILaneBinary<T, T, T> where T : IBinaryInteger<T>
{
    public static T Apply(T a, T b) => a & b;
}

internal readonly struct AtomicOr<T> : ILaneBinary<T, T, T> where T : IBinaryInteger<T>
{
    public static T Apply(T a, T b) => a | b;
}

internal readonly struct AtomicXor<T> : ILaneBinary<T, T, T> where T : IBinaryInteger<T>
{
    public static T Apply(T a, T b) => a ^ b;
}

internal readonly struct AtomicExchange<T> : ILaneBinary<T, T, T>
{
    public static T Apply(T a, T b) => b;
}
