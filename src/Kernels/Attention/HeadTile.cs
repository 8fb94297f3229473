using System.Runtime.CompilerServices;
using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>A thread's part of four rows of a head, 16 apart, in registers: sums of weighted rows that pass by.</summary>
internal struct HeadTile<T> where T : struct, IHeadSize
{
    public HeadSlice<T> Row0;
    public HeadSlice<T> Row1;
    public HeadSlice<T> Row2;
    public HeadSlice<T> Row3;

    /// <summary>Adds the 32 passing rows with the weights of this thread's four rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AddRows(ArrayView<Float4> weights, ArrayView<Float4> passing)
    {
        var own = AttentionTile.Y * AttentionTile.WeightRowPacks;
        for (var i = 0; i < AttentionTile.Passing; i += 4)
        {
            var x = HeadSlice<T>.Load(passing, i);
            var y = HeadSlice<T>.Load(passing, i + 1);
            var z = HeadSlice<T>.Load(passing, i + 2);
            var w = HeadSlice<T>.Load(passing, i + 3);
            var at = own + (i / 4);
            Row0.AddRows(weights[at], x, y, z, w);
            Row1.AddRows(weights[at + ScoreTile.NextWeightRow], x, y, z, w);
            Row2.AddRows(weights[at + (2 * ScoreTile.NextWeightRow)], x, y, z, w);
            Row3.AddRows(weights[at + (3 * ScoreTile.NextWeightRow)], x, y, z, w);
        }
    }

    /// <summary>Multiplies each row by a factor of its own.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Scale(Float4 factors)
    {
        Row0.Scale(factors.X);
        Row1.Scale(factors.Y);
        Row2.Scale(factors.Z);
        Row3.Scale(factors.W);
    }

    /// <summary>Writes those of the four rows that exist, each times a factor, as far as the head goes.</summary>
    /// <param name="x">The array.</param>
    /// <param name="first">The head's first element in it.</param>
    /// <param name="stride">Elements from one row to the next.</param>
    /// <param name="row">This thread's first row.</param>
    /// <param name="rows">Rows that there are.</param>
    /// <param name="size">Floats of the head.</param>
    /// <param name="factors">One for each row.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(ArrayView<float> x, long first, int stride, int row, int rows, int size, Float4 factors)
    {
        Store(Row0, x, first, stride, row, rows, size, factors.X);
        Store(Row1, x, first, stride, row + AttentionTile.Down, rows, size, factors.Y);
        Store(Row2, x, first, stride, row + (2 * AttentionTile.Down), rows, size, factors.Z);
        Store(Row3, x, first, stride, row + (3 * AttentionTile.Down), rows, size, factors.W);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(
        HeadSlice<T> slice, ArrayView<float> x, long first, int stride, int row, int rows, int size, float factor)
    {
        if (row < rows)
        {
            slice.Store(x, first + ((long)row * stride), size, factor);
        }
    }
}
