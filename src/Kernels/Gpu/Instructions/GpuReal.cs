using System.Runtime.CompilerServices;
using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// One float of one GPU thread, so that functions written against <see cref="IReal{V}"/> serve kernels too, with the
/// bits that the host's vectors give.
/// </summary>
public readonly struct GpuReal : IReal<GpuReal>
{
    /// <summary>The number itself.</summary>
    public readonly float Value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private GpuReal(float value) => Value = value;

    /// <inheritdoc/>
    public static GpuReal Zero
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new(0f);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static GpuReal Broadcast(float value) => new(value);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static GpuReal operator +(GpuReal left, GpuReal right) => new(left.Value + right.Value);

    /// <inheritdoc/>
    /// <remarks>By name: ILGPU makes a negation of 0 - x, whose zero has another sign.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static GpuReal operator -(GpuReal left, GpuReal right) => new(Scalar.Subtract(left.Value, right.Value));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static GpuReal operator *(GpuReal left, GpuReal right) => new(left.Value * right.Value);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static GpuReal operator /(GpuReal left, GpuReal right) => new(left.Value / right.Value);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static GpuReal Fma(GpuReal a, GpuReal b, GpuReal c) => new(Scalar.Fma(a.Value, b.Value, c.Value));

    /// <inheritdoc/>
    /// <remarks>Not min.f32: the second operand must come out when it is NaN.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static GpuReal Min(GpuReal left, GpuReal right) => new(Scalar.IsLess(left.Value, right.Value) ? left.Value : right.Value);

    /// <inheritdoc/>
    /// <remarks>Not max.f32, for the same reason.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static GpuReal Max(GpuReal left, GpuReal right) => new(Scalar.IsLess(right.Value, left.Value) ? left.Value : right.Value);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static GpuReal Abs(GpuReal value) => FromBits(Bits(value) & 0x7fffffff);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static GpuReal Sqrt(GpuReal value) => new(Scalar.Sqrt(value.Value));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static GpuReal Round(GpuReal value) => new(Scalar.Round(value.Value));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static GpuReal Exp2Integer(GpuReal n) => FromBits(((int)n.Value + 127) << 23);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static GpuReal SplitExponent(GpuReal x, out GpuReal exponent)
    {
        const int HalfRoot = 0x3f3504f3;
        var bits = Bits(x) - HalfRoot;
        exponent = new(bits >> 23);
        return FromBits((bits & 0x007fffff) + HalfRoot);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static GpuReal SelectLess(GpuReal left, GpuReal right, GpuReal yes, GpuReal no) =>
        new(Scalar.IsLess(left.Value, right.Value) ? yes.Value : no.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Bits(GpuReal value) => (int)Interop.FloatAsInt(value.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static GpuReal FromBits(int bits) => new(Interop.IntAsFloat((uint)bits));
}
