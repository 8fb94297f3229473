namespace DPT.Engine.Kernels;

/// <summary>
/// A matrix for each lane of a vector: element (r, c) of all of them is the vector at
/// <c>Data[r * RowStride + c * ColumnStride]</c>.
/// </summary>
/// <typeparam name="V">The vector.</typeparam>
internal readonly unsafe struct LaneMatrix<V> where V : struct, ISimd<V>
{
    public readonly float* Data;
    public readonly int Rows;
    public readonly int Columns;
    public readonly nint RowStride;
    public readonly nint ColumnStride;

    /// <summary>
    /// Rows one behind the other, an odd number of vectors apart: at powers of two the rows of a column would fight for the
    /// same cache sets.
    /// </summary>
    public LaneMatrix(float* data, int rows, int columns)
        : this(data, rows, columns, (nint)(columns | 1) * V.Count, V.Count)
    {
    }

    private LaneMatrix(float* data, int rows, int columns, nint rowStride, nint columnStride)
    {
        Data = data;
        Rows = rows;
        Columns = columns;
        RowStride = rowStride;
        ColumnStride = columnStride;
    }

    /// <summary>Behind a matrix in memory, with room for a vector's worth of columns in the last row.</summary>
    public float* End => Data + (Rows * RowStride) + (V.Count * V.Count);

    /// <summary>The same memory, read with rows and columns exchanged.</summary>
    public LaneMatrix<V> Transposed => new(Data, Columns, Rows, ColumnStride, RowStride);

    /// <summary>Where a row begins.</summary>
    public float* Row(int row) => Data + (row * RowStride);

    /// <summary>Where an element lies.</summary>
    public float* At(int row, int column) => Row(row) + (column * ColumnStride);
}
