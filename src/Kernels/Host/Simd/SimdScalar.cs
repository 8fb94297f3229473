using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>A vector of one float: the same kernels as plain C#, for processors without vectors and as a check.</summary>
internal readonly unsafe struct SimdScalar : ISimd<SimdScalar>
{
    private readonly float _v;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private SimdScalar(float v) => _v = v;

    public static int Count
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 1;
    }

    public static SimdScalar Zero
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new(0f);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar Broadcast(float value) => new(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar Load(float* source)
    {
        HostBounds.Check(source, Count);
        return new(*source);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float* destination, SimdScalar value)
    {
        HostBounds.Check(destination, Count);
        *destination = value._v;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar LoadFirst(float* source, int count) => Zero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreFirst(float* destination, SimdScalar value, int count)
    {
        // A tail shorter than one lane is empty.
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar operator +(SimdScalar left, SimdScalar right) => new(left._v + right._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar operator -(SimdScalar left, SimdScalar right) => new(left._v - right._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar operator *(SimdScalar left, SimdScalar right) => new(left._v * right._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar operator /(SimdScalar left, SimdScalar right) => new(left._v / right._v);

    // Without hardware a fused multiply-add is a slow library call, so the product is rounded separately here.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar Fma(SimdScalar a, SimdScalar b, SimdScalar c) => new((a._v * b._v) + c._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar Min(SimdScalar left, SimdScalar right) => new(left._v < right._v ? left._v : right._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar Max(SimdScalar left, SimdScalar right) => new(left._v > right._v ? left._v : right._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar Abs(SimdScalar value) => new(MathF.Abs(value._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar Sqrt(SimdScalar value) => new(MathF.Sqrt(value._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar Round(SimdScalar value) => new(MathF.Round(value._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar Exp2Integer(SimdScalar n) =>
        new(BitConverter.Int32BitsToSingle(((int)n._v + 127) << 23));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar SplitExponent(SimdScalar x, out SimdScalar exponent)
    {
        const int HalfRoot = 0x3f3504f3;
        var bits = BitConverter.SingleToInt32Bits(x._v) - HalfRoot;
        exponent = new(bits >> 23);
        return new(BitConverter.Int32BitsToSingle((bits & 0x007fffff) + HalfRoot));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar SelectLess(SimdScalar left, SimdScalar right, SimdScalar yes, SimdScalar no) =>
        left._v < right._v ? yes : no;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(SimdScalar value) => value._v;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float MaxLane(SimdScalar value) => value._v;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Transpose<TFrom, TTo>(TFrom from, TTo to)
        where TFrom : struct, ISquareRows
        where TTo : struct, ISquareRows => *to[0] = *from[0];
}
