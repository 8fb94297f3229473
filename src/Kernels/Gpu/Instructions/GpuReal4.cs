using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>
/// Four floats of one GPU thread, lane by lane with the bits of <see cref="GpuReal"/>: functions written against
/// <see cref="IReal{V}"/> serve kernels that move packs of 16 bytes.
/// </summary>
public readonly struct GpuReal4 : IReal<GpuReal4>
{
    private readonly GpuReal _x;
    private readonly GpuReal _y;
    private readonly GpuReal _z;
    private readonly GpuReal _w;

    /// <summary>The numbers of a pack.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public GpuReal4(Float4 lanes)
    {
        _x = GpuReal.Broadcast(lanes.X);
        _y = GpuReal.Broadcast(lanes.Y);
        _z = GpuReal.Broadcast(lanes.Z);
        _w = GpuReal.Broadcast(lanes.W);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private GpuReal4(GpuReal x, GpuReal y, GpuReal z, GpuReal w)
    {
        _x = x;
        _y = y;
        _z = z;
        _w = w;
    }

    /// <summary>The four numbers.</summary>
    public Float4 Lanes
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new() { X = _x.Value, Y = _y.Value, Z = _z.Value, W = _w.Value };
    }

    /// <inheritdoc/>
    public static GpuReal4 Zero
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Broadcast(0f);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static GpuReal4 Broadcast(float value) => new(Float4.Broadcast(value));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static GpuReal4 operator +(GpuReal4 left, GpuReal4 right) =>
        new(left._x + right._x, left._y + right._y, left._z + right._z, left._w + right._w);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static GpuReal4 operator -(GpuReal4 left, GpuReal4 right) =>
        new(left._x - right._x, left._y - right._y, left._z - right._z, left._w - right._w);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static GpuReal4 operator *(GpuReal4 left, GpuReal4 right) =>
        new(left._x * right._x, left._y * right._y, left._z * right._z, left._w * right._w);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static GpuReal4 operator /(GpuReal4 left, GpuReal4 right) =>
        new(left._x / right._x, left._y / right._y, left._z / right._z, left._w / right._w);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static GpuReal4 Fma(GpuReal4 a, GpuReal4 b, GpuReal4 c) => new(
        GpuReal.Fma(a._x, b._x, c._x), GpuReal.Fma(a._y, b._y, c._y), GpuReal.Fma(a._z, b._z, c._z), GpuReal.Fma(a._w, b._w, c._w));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static GpuReal4 Min(GpuReal4 left, GpuReal4 right) => new(
        GpuReal.Min(left._x, right._x), GpuReal.Min(left._y, right._y), GpuReal.Min(left._z, right._z), GpuReal.Min(left._w, right._w));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static GpuReal4 Max(GpuReal4 left, GpuReal4 right) => new(
        GpuReal.Max(left._x, right._x), GpuReal.Max(left._y, right._y), GpuReal.Max(left._z, right._z), GpuReal.Max(left._w, right._w));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static GpuReal4 Abs(GpuReal4 value) =>
        new(GpuReal.Abs(value._x), GpuReal.Abs(value._y), GpuReal.Abs(value._z), GpuReal.Abs(value._w));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static GpuReal4 Sqrt(GpuReal4 value) =>
        new(GpuReal.Sqrt(value._x), GpuReal.Sqrt(value._y), GpuReal.Sqrt(value._z), GpuReal.Sqrt(value._w));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static GpuReal4 Round(GpuReal4 value) =>
        new(GpuReal.Round(value._x), GpuReal.Round(value._y), GpuReal.Round(value._z), GpuReal.Round(value._w));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static GpuReal4 Exp2Integer(GpuReal4 n) => new(
        GpuReal.Exp2Integer(n._x), GpuReal.Exp2Integer(n._y), GpuReal.Exp2Integer(n._z), GpuReal.Exp2Integer(n._w));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static GpuReal4 SplitExponent(GpuReal4 x, out GpuReal4 exponent)
    {
        var split = new GpuReal4(
            GpuReal.SplitExponent(x._x, out var ex), GpuReal.SplitExponent(x._y, out var ey),
            GpuReal.SplitExponent(x._z, out var ez), GpuReal.SplitExponent(x._w, out var ew));
        exponent = new GpuReal4(ex, ey, ez, ew);
        return split;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static GpuReal4 SelectLess(GpuReal4 left, GpuReal4 right, GpuReal4 yes, GpuReal4 no) => new(
        GpuReal.SelectLess(left._x, right._x, yes._x, no._x), GpuReal.SelectLess(left._y, right._y, yes._y, no._y),
        GpuReal.SelectLess(left._z, right._z, yes._z, no._z), GpuReal.SelectLess(left._w, right._w, yes._w, no._w));
}
