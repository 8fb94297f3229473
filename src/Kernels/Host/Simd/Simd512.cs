using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace DPT.Engine.Kernels;

/// <summary>16 floats in one 512-bit register.</summary>
internal readonly unsafe struct Simd512 : ISimd<Simd512>
{
    private readonly Vector512<float> _v;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Simd512(Vector512<float> v) => _v = v;

    public static int Count
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 16;
    }

    public static Simd512 Zero
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new(Vector512<float>.Zero);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512 Broadcast(float value) => new(Vector512.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512 Load(float* source)
    {
        HostBounds.Check(source, Count);
        return new(Vector512.Load(source));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float* destination, Simd512 value)
    {
        HostBounds.Check(destination, Count);
        value._v.Store(destination);
    }

    // Two 256-bit halves: masked 512-bit moves need AVX-512, and tails are off the hot path.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512 LoadFirst(float* source, int count)
    {
        HostBounds.Check(source, count);
        var lower = count >= 8 ? Vector256.Load(source) : Simd256.LoadFirst(source, count).Vector;
        var upper = count > 8 ? Simd256.LoadFirst(source + 8, count - 8).Vector : Vector256<float>.Zero;
        return new(Vector512.Create(lower, upper));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreFirst(float* destination, Simd512 value, int count)
    {
        HostBounds.Check(destination, count);
        if (count < 8)
        {
            Simd256.StoreFirst(destination, new Simd256(value._v.GetLower()), count);
            return;
        }

        value._v.GetLower().Store(destination);
        Simd256.StoreFirst(destination + 8, new Simd256(value._v.GetUpper()), count - 8);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512 operator +(Simd512 left, Simd512 right) => new(left._v + right._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512 operator -(Simd512 left, Simd512 right) => new(left._v - right._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512 operator *(Simd512 left, Simd512 right) => new(left._v * right._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512 operator /(Simd512 left, Simd512 right) => new(left._v / right._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512 Fma(Simd512 a, Simd512 b, Simd512 c) => new(Vector512.FusedMultiplyAdd(a._v, b._v, c._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512 Min(Simd512 left, Simd512 right) => new(Vector512.MinNative(left._v, right._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512 Max(Simd512 left, Simd512 right) => new(Vector512.MaxNative(left._v, right._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512 Abs(Simd512 value) => new(Vector512.Abs(value._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512 Sqrt(Simd512 value) => new(Vector512.Sqrt(value._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512 Round(Simd512 value) => new(Vector512.Round(value._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512 Exp2Integer(Simd512 n) =>
        new(((Vector512.ConvertToInt32Native(n._v) + Vector512.Create(127)) << 23).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512 SplitExponent(Simd512 x, out Simd512 exponent)
    {
        // Shifting the split point to sqrt(1/2) is one integer subtraction on the bit pattern.
        var half = Vector512.Create(0x3f3504f3);
        var bits = x._v.AsInt32() - half;
        exponent = new(Vector512.ConvertToSingle(bits >> 23));
        return new(((bits & Vector512.Create(0x007fffff)) + half).AsSingle());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512 SelectLess(Simd512 left, Simd512 right, Simd512 yes, Simd512 no) =>
        new(Vector512.ConditionalSelect(Vector512.LessThan(left._v, right._v), yes._v, no._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(Simd512 value) =>
        Simd256.Sum(new Simd256(value._v.GetLower() + value._v.GetUpper()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float MaxLane(Simd512 value) =>
        Simd256.MaxLane(new Simd256(Vector256.MaxNative(value._v.GetLower(), value._v.GetUpper())));

    public static void Transpose<TFrom, TTo>(TFrom from, TTo to)
        where TFrom : struct, ISquareRows
        where TTo : struct, ISquareRows
    {
        SquareRows.Check(from, to, Count);
        if (!Avx512F.IsSupported)
        {
            SquareRows.Transpose(from, to, 16);
            return;
        }

        // Squares of 4 by 4 inside registers, then a square of such squares.
        var (a0, a1, a2, a3) = TransposeSquares(from, 0);
        var (b0, b1, b2, b3) = TransposeSquares(from, 4);
        var (c0, c1, c2, c3) = TransposeSquares(from, 8);
        var (d0, d1, d2, d3) = TransposeSquares(from, 12);
        StoreColumns(a0, b0, c0, d0, to, 0);
        StoreColumns(a1, b1, c1, d1, to, 1);
        StoreColumns(a2, b2, c2, d2, to, 2);
        StoreColumns(a3, b3, c3, d3, to, 3);
    }

    /// <summary>Four rows from <paramref name="row"/> on: result i holds columns i, i + 4, i + 8 and i + 12 of them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector512<float> R0, Vector512<float> R1, Vector512<float> R2, Vector512<float> R3)
        TransposeSquares<TFrom>(TFrom from, int row) where TFrom : struct, ISquareRows
    {
        var r0 = Vector512.Load(from[row]);
        var r1 = Vector512.Load(from[row + 1]);
        var r2 = Vector512.Load(from[row + 2]);
        var r3 = Vector512.Load(from[row + 3]);
        var low01 = Avx512F.UnpackLow(r0, r1);
        var high01 = Avx512F.UnpackHigh(r0, r1);
        var low23 = Avx512F.UnpackLow(r2, r3);
        var high23 = Avx512F.UnpackHigh(r2, r3);
        return (
            Avx512F.Shuffle(low01, low23, 0x44), Avx512F.Shuffle(low01, low23, 0xEE),
            Avx512F.Shuffle(high01, high23, 0x44), Avx512F.Shuffle(high01, high23, 0xEE));
    }

    /// <summary>Columns <paramref name="column"/>, + 4, + 8 and + 12, of which each argument holds four rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreColumns<TTo>(
        Vector512<float> a, Vector512<float> b, Vector512<float> c, Vector512<float> d, TTo to, int column)
        where TTo : struct, ISquareRows
    {
        var evenAb = Avx512F.Shuffle4x128(a, b, 0x88);
        var oddAb = Avx512F.Shuffle4x128(a, b, 0xDD);
        var evenCd = Avx512F.Shuffle4x128(c, d, 0x88);
        var oddCd = Avx512F.Shuffle4x128(c, d, 0xDD);
        Avx512F.Shuffle4x128(evenAb, evenCd, 0x88).Store(to[column]);
        Avx512F.Shuffle4x128(oddAb, oddCd, 0x88).Store(to[column + 4]);
        Avx512F.Shuffle4x128(evenAb, evenCd, 0xDD).Store(to[column + 8]);
        Avx512F.Shuffle4x128(oddAb, oddCd, 0xDD).Store(to[column + 12]);
    }
}
