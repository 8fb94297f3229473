using System.Runtime.CompilerServices;
using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// A thread's eighth of a row of a tile, in registers: of every 32 channels one pack, and of the 8 that may be left one
/// float. Fields that the width does not need fold away. Beyond a head that is narrower than its tile are zeros, or what
/// becomes of them; it is not stored.
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

    /// <summary>Writes a factor times this part to its place in a row in global memory, as far as the head goes.</summary>
    /// <param name="x">The array.</param>
    /// <param name="row">The row's first element in it.</param>
    /// <param name="size">Floats of the head.</param>
    /// <param name="factor">The factor.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(ArrayView<float> x, long row, int size, float factor)
    {
        Scale(factor);
        var at = row + (4 * AttentionTile.X);
        StorePack(ref x[at], _first, 0, size);
        if (T.Size >= 64)
        {
            StorePack(ref x[at + 32], _second, 32, size);
        }

        if (T.Size >= 96)
        {
            StorePack(ref x[at + 64], _third, 64, size);
        }

        if (T.Size >= 128)
        {
            StorePack(ref x[at + 96], _fourth, 96, size);
        }

        if (HasLast && (T.IsFilled || (T.Size & ~31) + AttentionTile.X < size))
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
            _last *= factor;
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

    /// <summary>Only the last channels of a tile can be beyond a head: without them a smaller tile would hold it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StorePack(ref float x, Float4 pack, int channel, int size)
    {
        if (T.IsFilled || channel + 32 < T.Size || channel + (4 * AttentionTile.X) < size)
        {
            GlobalMemory.Store4(ref x, pack);
        }
    }
}
