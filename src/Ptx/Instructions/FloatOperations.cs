using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace DPT.Engine.Ptx;

/// <summary>Single precision as PTX has it: every NaN that arithmetic makes is 0x7FFFFFFF.</summary>
internal static class Float32
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Canonical(Vector512<float> value) =>
        Vector512.ConditionalSelect(
            Vector512.Equals(value, value), value, Vector512.Create(0x7fffffff).AsSingle());

    /// <summary>Numbers below the smallest normal one become zeros of their sign.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Flush(Vector512<float> value)
    {
        var bits = value.AsUInt32();
        var isSmall = Vector512.Equals(bits & Vector512.Create(0x7f800000u), Vector512<uint>.Zero);
        return Vector512.ConditionalSelect(isSmall, bits & Vector512.Create(0x80000000u), bits).AsSingle();
    }

    /// <summary>As <see cref="Flush(Vector512{float})"/>, one number.</summary>
    public static float Flush(float value) => float.IsSubnormal(value) ? MathF.CopySign(0, value) : value;

    /// <summary>Clamped to 0..1; NaN becomes 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Saturate(Vector512<float> value) =>
        Vector512.MinNumber(Vector512.MaxNumber(value, Vector512<float>.Zero), Vector512<float>.One);

    /// <summary>NaN with PTX's bits.</summary>
    public static float Canonical(float value) => float.IsNaN(value) ? BitConverter.Int32BitsToSingle(0x7fffffff) : value;
}

/// <summary>A function of single precision with PTX's NaN.</summary>
internal readonly struct Single1<TOp> : IVectorUnary<float> where TOp : struct, IVectorUnary<float>
{
    public static Vector512<float> Apply(Vector512<float> a) => Float32.Canonical(TOp.Apply(a));
}

/// <inheritdoc cref="Single1{TOp}"/>
internal readonly struct Single2<TOp> : IVectorBinary<float> where TOp : struct, IVectorBinary<float>
{
    public static Vector512<float> Apply(Vector512<float> a, Vector512<float> b) => Float32.Canonical(TOp.Apply(a, b));
}

/// <inheritdoc cref="Single1{TOp}"/>
internal readonly struct Single3<TOp> : IVectorTernary<float> where TOp : struct, IVectorTernary<float>
{
    public static Vector512<float> Apply(Vector512<float> a, Vector512<float> b, Vector512<float> c) =>
        Float32.Canonical(TOp.Apply(a, b, c));
}

/// <summary><c>.ftz</c>: subnormal operands and results are zeros.</summary>
internal readonly struct Flushed1<TOp> : IVectorUnary<float> where TOp : struct, IVectorUnary<float>
{
    public static Vector512<float> Apply(Vector512<float> a) => Float32.Flush(TOp.Apply(Float32.Flush(a)));
}

/// <inheritdoc cref="Flushed1{TOp}"/>
internal readonly struct Flushed2<TOp> : IVectorBinary<float> where TOp : struct, IVectorBinary<float>
{
    public static Vector512<float> Apply(Vector512<float> a, Vector512<float> b) =>
        Float32.Flush(TOp.Apply(Float32.Flush(a), Float32.Flush(b)));
}

/// <inheritdoc cref="Flushed1{TOp}"/>
internal readonly struct Flushed3<TOp> : IVectorTernary<float> where TOp : struct, IVectorTernary<float>
{
    public static Vector512<float> Apply(Vector512<float> a, Vector512<float> b, Vector512<float> c) =>
        Float32.Flush(TOp.Apply(Float32.Flush(a), Float32.Flush(b), Float32.Flush(c)));
}

/// <summary><c>.sat</c>: the result is clamped to 0..1.</summary>
internal readonly struct Saturated2<TOp> : IVectorBinary<float> where TOp : struct, IVectorBinary<float>
{
    public static Vector512<float> Apply(Vector512<float> a, Vector512<float> b) => Float32.Saturate(TOp.Apply(a, b));
}

/// <inheritdoc cref="Saturated2{TOp}"/>
internal readonly struct Saturated3<TOp> : IVectorTernary<float> where TOp : struct, IVectorTernary<float>
{
    public static Vector512<float> Apply(Vector512<float> a, Vector512<float> b, Vector512<float> c) =>
        Float32.Saturate(TOp.Apply(a, b, c));
}

internal readonly struct FusedMultiplyAdd32 : IVectorTernary<float>
{
    public static Vector512<float> Apply(Vector512<float> a, Vector512<float> b, Vector512<float> c) =>
        Vector512.FusedMultiplyAdd(a, b, c);
}

internal readonly struct FusedMultiplyAdd64 : IVectorTernary<double>
{
    public static Vector512<double> Apply(Vector512<double> a, Vector512<double> b, Vector512<double> c) =>
        Vector512.FusedMultiplyAdd(a, b, c);
}

internal readonly struct DivideReal<T> : IVectorBinary<T>
{
    public static Vector512<T> Apply(Vector512<T> a, Vector512<T> b) => a / b;
}

internal readonly struct Reciprocal<T> : IVectorUnary<T>
{
    public static Vector512<T> Apply(Vector512<T> a) => Vector512<T>.One / a;
}

internal readonly struct SquareRoot<T> : IVectorUnary<T>
{
    public static Vector512<T> Apply(Vector512<T> a) => Vector512.Sqrt(a);
}

/// <summary>The other sign, of zero and NaN too.</summary>
internal readonly struct FlipSign<T> : IVectorUnary<T> where T : IFloatingPoint<T>
{
    public static Vector512<T> Apply(Vector512<T> a) => a ^ Vector512.Create(-T.Zero);
}

/// <summary>The smaller number; NaN only if both are; -0 is below 0.</summary>
internal readonly struct MinNumber<T> : IVectorBinary<T>
{
    public static Vector512<T> Apply(Vector512<T> a, Vector512<T> b) => Vector512.MinNumber(a, b);
}

/// <summary>The larger number; NaN only if both are; -0 is below 0.</summary>
internal readonly struct MaxNumber<T> : IVectorBinary<T>
{
    public static Vector512<T> Apply(Vector512<T> a, Vector512<T> b) => Vector512.MaxNumber(a, b);
}
