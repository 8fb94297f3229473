using System.Numerics;
using System.Runtime.CompilerServices;

namespace DPT.Engine.Ptx;

/// <summary>How a conversion rounds.</summary>
internal enum PtxRounding
{
    /// <summary>Nothing is lost, or low bits are cut off.</summary>
    None,

    /// <summary>To the nearest, ties to even.</summary>
    Nearest,

    /// <summary>Towards zero.</summary>
    Zero,

    /// <summary>Towards minus infinity.</summary>
    Down,

    /// <summary>Towards plus infinity.</summary>
    Up,
}

/// <summary>How a conversion is done, besides its types.</summary>
/// <param name="Rounding">Of the result.</param>
/// <param name="ToInteger">The result has an integral value.</param>
/// <param name="IsFlushed">Subnormal numbers of single precision are zeros.</param>
/// <param name="IsSaturated">Integers are clamped to the type, floats to 0..1.</param>
internal readonly record struct ConversionMode(PtxRounding Rounding, bool ToInteger, bool IsFlushed, bool IsSaturated);

/// <summary><c>cvt</c>: registers may be wider than the types in them.</summary>
internal sealed unsafe class ConvertInstruction<TFrom, TA, TR, TTo>(int d, int a, ConversionMode mode) : MachineInstruction
    where TFrom : unmanaged, INumber<TFrom>
    where TA : unmanaged, INumber<TA>
    where TR : unmanaged, INumber<TR>
    where TTo : unmanaged, INumber<TTo>
{
    public override void Execute(SimWarp warp, uint mask)
    {
        var to = warp.At<TTo>(d);
        var from = warp.At<TFrom>(a);
        for (; mask != 0; mask &= mask - 1)
        {
            var lane = BitOperations.TrailingZeroCount(mask);
            var value = typeof(TFrom) == typeof(TA) ? (TA)(object)from[lane] : TA.CreateTruncating(from[lane]);
            var result = Conversion.Apply<TA, TR>(value, mode);
            to[lane] = typeof(TR) == typeof(TTo) ? (TTo)(object)result : TTo.CreateTruncating(result);
        }
    }
}

/// <summary>One number from one type to another.</summary>
internal static unsafe class Conversion
{
    /// <summary>The value of <paramref name="a"/> in another type.</summary>
    public static TR Apply<TA, TR>(TA a, ConversionMode mode)
        where TA : unmanaged, INumber<TA>
        where TR : unmanaged, INumber<TR>
    {
        a = mode.IsFlushed ? Flush(a) : a;
        var result = IsFloat<TR>() ? ToFloat<TA, TR>(a, mode) : ToInteger<TA, TR>(a, mode);
        return mode.IsFlushed ? Flush(result) : result;
    }

    /// <summary>Of single precision alone; halves and doubles keep their subnormal numbers.</summary>
    private static T Flush<T>(T value) where T : unmanaged, INumber<T> =>
        typeof(T) == typeof(float) && T.IsSubnormal(value) ? T.CopySign(T.Zero, value) : value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsFloat<T>() => typeof(T) == typeof(float) || typeof(T) == typeof(double) || typeof(T) == typeof(Half);

    private static TR ToInteger<TA, TR>(TA a, ConversionMode mode)
        where TA : unmanaged, INumber<TA>
        where TR : unmanaged, INumber<TR>
    {
        if (!IsFloat<TA>())
        {
            return mode.IsSaturated ? TR.CreateSaturating(a) : TR.CreateTruncating(a);
        }

        if (!TA.IsNaN(a))
        {
            return TR.CreateSaturating(Integral(double.CreateTruncating(a), mode.Rounding));
        }

        // Zero, except where 64 bits are involved: then the highest bit alone.
        return typeof(TA) != typeof(double) && sizeof(TR) < 8
            ? TR.Zero
            : TR.CreateTruncating(1UL << ((8 * sizeof(TR)) - 1));
    }

    private static TR ToFloat<TA, TR>(TA a, ConversionMode mode)
        where TA : unmanaged, INumber<TA>
        where TR : unmanaged, INumber<TR>
    {
        var exact = mode.ToInteger ? TA.CreateTruncating(Integral(double.CreateTruncating(a), mode.Rounding)) : a;
        var result = TR.CreateTruncating(exact);
        if (!mode.ToInteger && mode.Rounding > PtxRounding.Nearest)
        {
            result = Directed(exact, result, mode.Rounding);
        }

        if (TR.IsNaN(result))
        {
            return mode.IsSaturated ? TR.Zero : CanonicalNaN<TR>();
        }

        return mode.IsSaturated ? TR.Clamp(result, TR.Zero, TR.One) : result;
    }

    private static double Integral(double value, PtxRounding rounding) => rounding switch
    {
        PtxRounding.Zero => Math.Truncate(value),
        PtxRounding.Down => Math.Floor(value),
        PtxRounding.Up => Math.Ceiling(value),
        _ => Math.Round(value, MidpointRounding.ToEven),
    };

    /// <summary>The neighbour of the nearest result that lies in the wanted direction, if the nearest does not.</summary>
    private static TR Directed<TA, TR>(TA exact, TR nearest, PtxRounding rounding)
        where TA : unmanaged, INumber<TA>
        where TR : unmanaged, INumber<TR>
    {
        var order = Compare(nearest, exact);
        var isUp = rounding == PtxRounding.Up || (rounding == PtxRounding.Zero && TA.IsNegative(exact));
        return order == 0 || (isUp ? order > 0 : order < 0) || TA.IsNaN(exact) ? nearest : Neighbour(nearest, isUp);
    }

    private static int Compare<TR, TA>(TR rounded, TA exact)
        where TR : unmanaged, INumber<TR>
        where TA : unmanaged, INumber<TA> =>
        IsFloat<TA>()
            ? double.CreateTruncating(rounded).CompareTo(double.CreateTruncating(exact))
            : Int128.CreateSaturating(double.CreateTruncating(rounded)).CompareTo(Int128.CreateTruncating(exact));

    private static T Neighbour<T>(T value, bool isUp) where T : unmanaged, INumber<T> => value switch
    {
        float f => (T)(object)(isUp ? MathF.BitIncrement(f) : MathF.BitDecrement(f)),
        double d => (T)(object)(isUp ? Math.BitIncrement(d) : Math.BitDecrement(d)),
        Half h => (T)(object)(isUp ? Half.BitIncrement(h) : Half.BitDecrement(h)),
        _ => value,
    };

    private static T CanonicalNaN<T>() where T : unmanaged, INumber<T> =>
        typeof(T) == typeof(float) ? (T)(object)BitConverter.Int32BitsToSingle(0x7fffffff)
        : typeof(T) == typeof(Half) ? (T)(object)BitConverter.Int16BitsToHalf(0x7fff)
        : (T)(object)BitConverter.Int64BitsToDouble(0x7fffffffffffffff);
}

/// <summary>Half formats as bits.</summary>
internal static class Halves
{
    /// <summary>To the nearest bfloat16, ties to even.</summary>
    public static ushort ToBFloat16(float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        return float.IsNaN(value) ? (ushort)0x7fff : (ushort)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
    }

    public static float FromBFloat16(ushort bits) => BitConverter.UInt32BitsToSingle((uint)bits << 16);

    /// <summary>To the nearest half, ties to even.</summary>
    public static ushort ToHalf(float value) =>
        float.IsNaN(value) ? (ushort)0x7fff : BitConverter.HalfToUInt16Bits((Half)value);

    public static float FromHalf(ushort bits) => (float)BitConverter.UInt16BitsToHalf(bits);
}

/// <summary>Two floats as two bfloat16: the first operand is the upper half.</summary>
internal readonly struct PackBFloat16 : ILaneBinary<float, float, uint>
{
    public static uint Apply(float a, float b) => ((uint)Halves.ToBFloat16(a) << 16) | Halves.ToBFloat16(b);
}

/// <summary>Two floats as two halves: the first operand is the upper half.</summary>
internal readonly struct PackHalf : ILaneBinary<float, float, uint>
{
    public static uint Apply(float a, float b) => ((uint)Halves.ToHalf(a) << 16) | Halves.ToHalf(b);
}

internal readonly struct RoundToBFloat16 : ILaneUnary<float, ushort>
{
    public static ushort Apply(float a) => Halves.ToBFloat16(a);
}

/// <summary>To 10 bits of mantissa, ties away from zero; the other bits are zero.</summary>
internal readonly struct RoundToTensorFloat32 : ILaneUnary<float, uint>
{
    public static uint Apply(float a)
    {
        var bits = BitConverter.SingleToUInt32Bits(a);
        return float.IsNaN(a) ? 0x7fffffff : float.IsInfinity(a) ? bits : (bits + 0x1000) & ~0x1fffu;
    }
}
