using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace DPT.Engine.Kernels;

/// <summary>8 floats in one 256-bit register.</summary>
internal readonly unsafe struct Simd256 : ISimd<Simd256>
{
    private readonly Vector256<float> _v;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal Simd256(Vector256<float> v) => _v = v;

    internal Vector256<float> Vector => _v;

    public static int Count
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 8;
    }

    public static Simd256 Zero
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new(Vector256<float>.Zero);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256 Broadcast(float value) => new(Vector256.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256 Load(float* source)
    {
        HostBounds.Check(source, Count);
        return new(Vector256.Load(source));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float* destination, Simd256 value)
    {
        HostBounds.Check(destination, Count);
        value._v.Store(destination);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256 LoadFirst(float* source, int count)
    {
        HostBounds.Check(source, count);
        if (Avx.IsSupported)
        {
            return new(Avx.MaskLoad(source, FirstLanes(count)));
        }

        var lanes = stackalloc float[8];
        Unsafe.InitBlockUnaligned(lanes, 0, 8 * sizeof(float));
        Unsafe.CopyBlockUnaligned(lanes, source, (uint)count * sizeof(float));
        return Load(lanes);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreFirst(float* destination, Simd256 value, int count)
    {
        HostBounds.Check(destination, count);
        if (Avx.IsSupported)
        {
            Avx.MaskStore(destination, FirstLanes(count), value._v);
            return;
        }

        var lanes = stackalloc float[8];
        Store(lanes, value);
        Unsafe.CopyBlockUnaligned(destination, lanes, (uint)count * sizeof(float));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256 operator +(Simd256 left, Simd256 right) => new(left._v + right._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256 operator -(Simd256 left, Simd256 right) => new(left._v - right._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256 operator *(Simd256 left, Simd256 right) => new(left._v * right._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256 operator /(Simd256 left, Simd256 right) => new(left._v / right._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256 Fma(Simd256 a, Simd256 b, Simd256 c) => new(Vector256.FusedMultiplyAdd(a._v, b._v, c._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256 Min(Simd256 left, Simd256 right) => new(Vector256.MinNative(left._v, right._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256 Max(Simd256 left, Simd256 right) => new(Vector256.MaxNative(left._v, right._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256 Abs(Simd256 value) => new(Vector256.Abs(value._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256 Sqrt(Simd256 value) => new(Vector256.Sqrt(value._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256 Round(Simd256 value) => new(Vector256.Round(value._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256 Exp2Integer(Simd256 n) =>
        new(((Vector256.ConvertToInt32Native(n._v) + Vector256.Create(127)) << 23).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256 SplitExponent(Simd256 x, out Simd256 exponent)
    {
        // Shifting the split point to sqrt(1/2) is one integer subtraction on the bit pattern.
        var half = Vector256.Create(0x3f3504f3);
        var bits = x._v.AsInt32() - half;
        exponent = new(Vector256.ConvertToSingle(bits >> 23));
        return new(((bits & Vector256.Create(0x007fffff)) + half).AsSingle());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256 SelectLess(Simd256 left, Simd256 right, Simd256 yes, Simd256 no) =>
        new(Vector256.ConditionalSelect(Vector256.LessThan(left._v, right._v), yes._v, no._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(Simd256 value)
    {
        var pairs = value._v.GetLower() + value._v.GetUpper();
        pairs += Vector128.Shuffle(pairs, Vector128.Create(2, 3, 0, 1));
        return pairs.ToScalar() + pairs.GetElement(1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float MaxLane(Simd256 value)
    {
        var pairs = Vector128.MaxNative(value._v.GetLower(), value._v.GetUpper());
        pairs = Vector128.MaxNative(pairs, Vector128.Shuffle(pairs, Vector128.Create(2, 3, 0, 1)));
        return Vector128.MaxNative(pairs, Vector128.Shuffle(pairs, Vector128.Create(1, 0, 3, 2))).ToScalar();
    }

    public static void Transpose<TFrom, TTo>(TFrom from, TTo to)
        where TFrom : struct, ISquareRows
        where TTo : struct, ISquareRows
    {
        SquareRows.Check(from, to, Count);
        if (!Avx.IsSupported)
        {
            SquareRows.Transpose(from, to, 8);
            return;
        }

        TransposeHalf(from, to, 0);
        TransposeHalf(from, to, 4);
    }

    /// <summary>Four columns; rows r and r + 4 share a register, so that only moves inside 128 bits remain.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void TransposeHalf<TFrom, TTo>(TFrom from, TTo to, int column)
        where TFrom : struct, ISquareRows
        where TTo : struct, ISquareRows
    {
        var r0 = Vector256.Create(Vector128.Load(from[0] + column), Vector128.Load(from[4] + column));
        var r1 = Vector256.Create(Vector128.Load(from[1] + column), Vector128.Load(from[5] + column));
        var r2 = Vector256.Create(Vector128.Load(from[2] + column), Vector128.Load(from[6] + column));
        var r3 = Vector256.Create(Vector128.Load(from[3] + column), Vector128.Load(from[7] + column));
        var low01 = Avx.UnpackLow(r0, r1);
        var high01 = Avx.UnpackHigh(r0, r1);
        var low23 = Avx.UnpackLow(r2, r3);
        var high23 = Avx.UnpackHigh(r2, r3);
        Avx.Shuffle(low01, low23, 0x44).Store(to[column]);
        Avx.Shuffle(low01, low23, 0xEE).Store(to[column + 1]);
        Avx.Shuffle(high01, high23, 0x44).Store(to[column + 2]);
        Avx.Shuffle(high01, high23, 0xEE).Store(to[column + 3]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> FirstLanes(int count) =>
        Vector256.LessThan(Vector256<int>.Indices, Vector256.Create(count)).AsSingle();
}
