using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

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
    public static Simd512 Load(float* source) => new(Vector512.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float* destination, Simd512 value) => value._v.Store(destination);

    // Two 256-bit halves: masked 512-bit moves need AVX-512, and tails are off the hot path.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512 LoadFirst(float* source, int count)
    {
        var lower = count >= 8 ? Vector256.Load(source) : Simd256.LoadFirst(source, count).Vector;
        var upper = count > 8 ? Simd256.LoadFirst(source + 8, count - 8).Vector : Vector256<float>.Zero;
        return new(Vector512.Create(lower, upper));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreFirst(float* destination, Simd512 value, int count)
    {
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

    // Four squares of 8 by 8: their moves keep the ports as busy as 512-bit shuffles would.
    public static void Transpose(float* source, nint sourceStride, float* destination, nint destinationStride)
    {
        Simd256.Transpose(source, sourceStride, destination, destinationStride);
        Simd256.Transpose(source + 8, sourceStride, destination + (8 * destinationStride), destinationStride);
        source += 8 * sourceStride;
        destination += 8;
        Simd256.Transpose(source, sourceStride, destination, destinationStride);
        Simd256.Transpose(source + 8, sourceStride, destination + (8 * destinationStride), destinationStride);
    }
}
