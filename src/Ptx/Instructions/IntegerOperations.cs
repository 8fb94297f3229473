using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace DPT.Engine.Ptx;

internal readonly struct Move<T> : IVectorUnary<T>
{
    public static Vector512<T> Apply(Vector512<T> a) => a;
}

internal readonly struct Not<T> : IVectorUnary<T>
{
    public static Vector512<T> Apply(Vector512<T> a) => ~a;
}

internal readonly struct Negate<T> : IVectorUnary<T>
{
    public static Vector512<T> Apply(Vector512<T> a) => Vector512<T>.Zero - a;
}

internal readonly struct Abs<T> : IVectorUnary<T>
{
    public static Vector512<T> Apply(Vector512<T> a) => Vector512.Abs(a);
}

internal readonly struct Add<T> : IVectorBinary<T>
{
    public static Vector512<T> Apply(Vector512<T> a, Vector512<T> b) => a + b;
}

internal readonly struct Subtract<T> : IVectorBinary<T>
{
    public static Vector512<T> Apply(Vector512<T> a, Vector512<T> b) => a - b;
}

internal readonly struct Multiply<T> : IVectorBinary<T>
{
    public static Vector512<T> Apply(Vector512<T> a, Vector512<T> b) => a * b;
}

internal readonly struct Min<T> : IVectorBinary<T>
{
    public static Vector512<T> Apply(Vector512<T> a, Vector512<T> b) => Vector512.Min(a, b);
}

internal readonly struct Max<T> : IVectorBinary<T>
{
    public static Vector512<T> Apply(Vector512<T> a, Vector512<T> b) => Vector512.Max(a, b);
}

internal readonly struct And<T> : IVectorBinary<T>
{
    public static Vector512<T> Apply(Vector512<T> a, Vector512<T> b) => a & b;
}

internal readonly struct Or<T> : IVectorBinary<T>
{
    public static Vector512<T> Apply(Vector512<T> a, Vector512<T> b) => a | b;
}

internal readonly struct Xor<T> : IVectorBinary<T>
{
    public static Vector512<T> Apply(Vector512<T> a, Vector512<T> b) => a ^ b;
}

internal readonly struct MultiplyAdd<T> : IVectorTernary<T>
{
    public static Vector512<T> Apply(Vector512<T> a, Vector512<T> b, Vector512<T> c) => (a * b) + c;
}

/// <summary>Quotient towards zero; by zero, all bits set, as the hardware gives.</summary>
internal readonly struct Divide<T> : ILaneBinary<T, T, T> where T : IBinaryInteger<T>
{
    public static T Apply(T a, T b) =>
        T.IsZero(b) ? T.AllBitsSet : T.IsNegative(b) && b == T.AllBitsSet ? T.Zero - a : a / b;
}

/// <summary>Remainder with the sign of the dividend; by zero, the dividend.</summary>
internal readonly struct Remainder<T> : ILaneBinary<T, T, T> where T : IBinaryInteger<T>
{
    public static T Apply(T a, T b) =>
        T.IsZero(b) ? a : T.IsNegative(b) && b == T.AllBitsSet ? T.Zero : a % b;
}

/// <summary>Upper half of the product.</summary>
internal readonly struct MultiplyHigh<T> : ILaneBinary<T, T, T> where T : IBinaryInteger<T>
{
    public static T Apply(T a, T b)
    {
        var bits = Unsafe.SizeOf<T>() * 8;
        return bits == 64
            ? T.CreateTruncating((Int128.CreateTruncating(a) * Int128.CreateTruncating(b)) >> bits)
            : T.CreateTruncating((long.CreateTruncating(a) * long.CreateTruncating(b)) >> bits);
    }
}

/// <summary>Upper half of the product, plus c.</summary>
internal readonly struct MultiplyHighAdd<T> : ILaneTernary<T, T, T, T> where T : IBinaryInteger<T>
{
    public static T Apply(T a, T b, T c) => MultiplyHigh<T>.Apply(a, b) + c;
}

/// <summary>The whole product, twice as wide.</summary>
internal readonly struct MultiplyWide<T, TWide> : ILaneBinary<T, T, TWide>
    where T : IBinaryInteger<T>
    where TWide : IBinaryInteger<TWide>
{
    public static TWide Apply(T a, T b) => TWide.CreateTruncating(a) * TWide.CreateTruncating(b);
}

/// <summary>The whole product, twice as wide, plus c.</summary>
internal readonly struct MultiplyWideAdd<T, TWide> : ILaneTernary<T, T, TWide, TWide>
    where T : IBinaryInteger<T>
    where TWide : IBinaryInteger<TWide>
{
    public static TWide Apply(T a, T b, TWide c) => MultiplyWide<T, TWide>.Apply(a, b) + c;
}

/// <summary>Left shift; a count beyond the width gives zero.</summary>
internal readonly struct ShiftLeft<T> : ILaneBinary<T, uint, T> where T : IBinaryInteger<T>
{
    public static T Apply(T a, uint count) => count >= Unsafe.SizeOf<T>() * 8 ? T.Zero : a << (int)count;
}

/// <summary>Right shift; a count beyond the width gives zero, or the sign of a signed type everywhere.</summary>
internal readonly struct ShiftRight<T> : ILaneBinary<T, uint, T> where T : IBinaryInteger<T>
{
    public static T Apply(T a, uint count) =>
        count < Unsafe.SizeOf<T>() * 8 ? a >> (int)count : T.IsNegative(a) ? T.AllBitsSet : T.Zero;
}

internal readonly struct PopCount<T> : ILaneUnary<T, uint> where T : IBinaryInteger<T>
{
    public static uint Apply(T a) => uint.CreateTruncating(T.PopCount(a));
}

internal readonly struct LeadingZeros<T> : ILaneUnary<T, uint> where T : IBinaryInteger<T>
{
    public static uint Apply(T a) => uint.CreateTruncating(T.LeadingZeroCount(a));
}

internal readonly struct ReverseBits<T> : ILaneUnary<T, T> where T : IBinaryInteger<T>
{
    public static T Apply(T a)
    {
        var reversed = T.Zero;
        for (var i = 0; i < Unsafe.SizeOf<T>() * 8; i++)
        {
            reversed = (reversed << 1) | (a & T.One);
            a >>>= 1;
        }

        return reversed;
    }
}

/// <summary>Place of the highest bit that differs from the sign; all ones if there is none.</summary>
internal readonly struct FindLead<T> : ILaneUnary<T, uint> where T : IBinaryInteger<T>
{
    public static uint Apply(T a)
    {
        var magnitude = T.IsNegative(a) ? ~a : a;
        return (uint)(Unsafe.SizeOf<T>() * 8) - 1 - uint.CreateTruncating(T.LeadingZeroCount(magnitude));
    }
}

/// <summary>A field of bits, extended by its highest bit for a signed type.</summary>
internal readonly struct ExtractField<T> : ILaneTernary<T, uint, uint, T> where T : IBinaryInteger<T>
{
    public static T Apply(T a, uint position, uint length)
    {
        var bits = (uint)(Unsafe.SizeOf<T>() * 8);
        (position, length) = (position & 0xff, length & 0xff);
        if (length == 0)
        {
            return T.Zero;
        }

        var last = Math.Min(position + length - 1, bits - 1);
        var isNegative = T.IsNegative(T.AllBitsSet) && !T.IsZero((a >>> (int)last) & T.One);
        var present = position >= bits ? 0 : Math.Min(length, bits - position);
        var inside = present == bits ? T.AllBitsSet : ~(T.AllBitsSet << (int)present);
        var field = present == 0 ? T.Zero : (a >>> (int)position) & inside;
        return isNegative ? field | ~inside : field;
    }
}

/// <summary>a's low bits put into b at a place.</summary>
internal readonly struct InsertField<T> where T : IBinaryInteger<T>
{
    public static T Apply(T a, T b, uint position, uint length)
    {
        var bits = (uint)(Unsafe.SizeOf<T>() * 8);
        (position, length) = (position & 0xff, length & 0xff);
        if (position >= bits || length == 0)
        {
            return b;
        }

        var field = (length >= bits ? T.AllBitsSet : ~(T.AllBitsSet << (int)length)) << (int)position;
        return ((a << (int)position) & field) | (b & ~field);
    }
}
