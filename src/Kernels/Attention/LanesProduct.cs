using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>
/// Products of small matrices, one for each lane: plain scalar algebra with vectors for numbers, in register tiles. Any
/// of the matrices may be transposed: that only exchanges its strides.
/// </summary>
internal static unsafe class LanesProduct
{
    /// <summary>Rows of a tile.</summary>
    private const int Height = 4;

    /// <summary>Columns of a tile: twelve sums, three of B and one of A fill the sixteen registers of AVX2.</summary>
    private const int Width = 3;

    /// <summary>C = A B^T: element (r, c) is the product of row r of A and row c of B.</summary>
    public static void Multiply<V>(LaneMatrix<V> a, LaneMatrix<V> b, LaneMatrix<V> c) where V : struct, ISimd<V>
    {
        // C^T = B A^T has the same sums; tiles may fit better that way round.
        if (Tiles(c.Columns, c.Rows) < Tiles(c.Rows, c.Columns))
        {
            (a, b, c) = (b, a, c.Transposed);
        }

        for (var row = 0; row < c.Rows; row += Height)
        {
            for (var column = 0; column < c.Columns; column += Width)
            {
                Tile(in a, in b, in c, row, column);
            }
        }
    }

    private static int Tiles(int rows, int columns) =>
        ((rows + Height - 1) / Height) * ((columns + Width - 1) / Width);

    /// <summary>
    /// A tile that reaches over an edge repeats the last row or column: it is computed and stored more than once, each
    /// time the same.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void Tile<V>(in LaneMatrix<V> a, in LaneMatrix<V> b, in LaneMatrix<V> c, int row, int column)
        where V : struct, ISimd<V>
    {
        V c00 = V.Zero, c01 = V.Zero, c02 = V.Zero, c10 = V.Zero, c11 = V.Zero, c12 = V.Zero;
        V c20 = V.Zero, c21 = V.Zero, c22 = V.Zero, c30 = V.Zero, c31 = V.Zero, c32 = V.Zero;
        int lastRow = c.Rows - 1, lastColumn = c.Columns - 1;
        int row1 = Math.Min(row + 1, lastRow), row2 = Math.Min(row + 2, lastRow), row3 = Math.Min(row + 3, lastRow);
        int column1 = Math.Min(column + 1, lastColumn), column2 = Math.Min(column + 2, lastColumn);
        float* a0 = a.Row(row), a1 = a.Row(row1), a2 = a.Row(row2), a3 = a.Row(row3);
        float* b0 = b.Row(column), b1 = b.Row(column1), b2 = b.Row(column2);
        var (stepA, stepB) = (a.ColumnStride, b.ColumnStride);
        nint atA = 0, atB = 0;
        for (var term = a.Columns; term > 0; term--)
        {
            V y0 = V.Load(b0 + atB), y1 = V.Load(b1 + atB), y2 = V.Load(b2 + atB);
            var x = V.Load(a0 + atA);
            c00 = V.Fma(x, y0, c00);
            c01 = V.Fma(x, y1, c01);
            c02 = V.Fma(x, y2, c02);
            x = V.Load(a1 + atA);
            c10 = V.Fma(x, y0, c10);
            c11 = V.Fma(x, y1, c11);
            c12 = V.Fma(x, y2, c12);
            x = V.Load(a2 + atA);
            c20 = V.Fma(x, y0, c20);
            c21 = V.Fma(x, y1, c21);
            c22 = V.Fma(x, y2, c22);
            x = V.Load(a3 + atA);
            c30 = V.Fma(x, y0, c30);
            c31 = V.Fma(x, y1, c31);
            c32 = V.Fma(x, y2, c32);
            atA += stepA;
            atB += stepB;
        }

        float* to0 = c.Row(row), to1 = c.Row(row1), to2 = c.Row(row2), to3 = c.Row(row3);
        nint at0 = column * c.ColumnStride, at1 = column1 * c.ColumnStride, at2 = column2 * c.ColumnStride;
        Store(to0, at0, at1, at2, c00, c01, c02);
        Store(to1, at0, at1, at2, c10, c11, c12);
        Store(to2, at0, at1, at2, c20, c21, c22);
        Store(to3, at0, at1, at2, c30, c31, c32);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<V>(float* row, nint at0, nint at1, nint at2, V c0, V c1, V c2) where V : struct, ISimd<V>
    {
        V.Store(row + at0, c0);
        V.Store(row + at1, c1);
        V.Store(row + at2, c2);
    }
}
