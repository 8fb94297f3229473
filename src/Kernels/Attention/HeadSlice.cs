using System.Runtime.CompilerServices;
using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// A thread's eighth of a row of a head, in registers: of every 32 channels one pack, and of the 8 that may be left one
/// float. Fields that the head size does not need fold away.
/// </summary>
internal struct HeadSlice<T> where T : struct, IHeadSize
{
    private Float4 _first;
    private Float4 _second;
    private Float4 _third;
    private Float4 _fourth;
    private float _last;

    private static bool HasLast => (T.Size & 31) != 0;

    /// <summary>This thread's part of a row in shared memory.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static HeadSlice<T> Load(ArrayView<Float4> rows, int row)
    {
        var at = (row * AttentionTile.RowPacks(T.Size)) + AttentionTile.X;
        var slice = default(HeadSlice<T>);
        slice._first = rows[at];
        if (T.Size >= 64)
        {
            slice._second = rows[at + 8];
        }

        if (T.Size >= 96)
        {
            slice._third = rows[at + 16];
        }

        if (T.Size >= 128)
        {
            slice._fourth = rows[at + 24];
        }

        if (HasLast)
        {
            slice._last = rows.Cast<float>()[
                (4 * row * AttentionTile.RowPacks(T.Size)) + (T.Size & ~31) + AttentionTile.X];
        }

        return slice;
    }

    /// <summary>Writes a factor times this part to its place in a row in global memory.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(ArrayView<float> x, long row, float factor)
    {
        Scale(factor);
        var at = row + (4 * AttentionTile.X);
        GlobalMemory.Store4(ref x[at], _first);
        if (T.Size >= 64)
        {
            GlobalMemory.Store4(ref x[at + 32], _second);
        }

        if (T.Size >= 96)
        {
            GlobalMemory.Store4(ref x[at + 64], _third);
        }

        if (T.Size >= 128)
        {
            GlobalMemory.Store4(ref x[at + 96], _fourth);
        }

        if (HasLast)
        {
            x[row + (T.Size & ~31) + AttentionTile.X] = _last;
        }
    }

    /// <summary>Adds a weight times another row's part.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AddScaled(float weight, HeadSlice<T> other)
    {
        _first.AddScaled(weight, other._first);
        if (T.Size >= 64)
        {
            _second.AddScaled(weight, other._second);
        }

        if (T.Size >= 96)
        {
            _third.AddScaled(weight, other._third);
        }

        if (T.Size >= 128)
        {
            _fourth.AddScaled(weight, other._fourth);
        }

        if (HasLast)
        {
            _last = Scalar.Fma(weight, other._last, _last);
        }
    }

    /// <summary>Multiplies this part.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Scale(float factor)
    {
        _first.Scale(factor);
        if (T.Size >= 64)
        {
            _second.Scale(factor);
        }

        if (T.Size >= 96)
        {
            _third.Scale(factor);
        }

        if (T.Size >= 128)
        {
            _fourth.Scale(factor);
        }

        if (HasLast)
        {
            _last = Scalar.Multiply(_last, factor);
        }
    }

    /// <summary>Adds four passing rows of shared memory, each with a weight.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AddRows(Float4 weights, HeadSlice<T> x, HeadSlice<T> y, HeadSlice<T> z, HeadSlice<T> w)
    {
        AddScaled(weights.X, x);
        AddScaled(weights.Y, y);
        AddScaled(weights.Z, z);
        AddScaled(weights.W, w);
    }
}
