namespace DPT.Engine.Kernels;

/// <summary>Copies between the rows of a head and the panels of <see cref="PanelProduct"/>.</summary>
internal static unsafe class AttentionPacking
{
    /// <summary>
    /// Panels of the matrix [rows, size]: element (r, c) of panel p is <c>source[r * stride + p * 2 V.Count + c]</c>,
    /// zero beyond the size.
    /// </summary>
    public static void Columns<V>(float* source, nint stride, int rows, int size, float* panels)
        where V : struct, ISimd<V>
    {
        for (var column = 0; column < size; column += 2 * V.Count)
        {
            var from = source + column;
            var left = size - column;
            for (var row = 0; row < rows; row++, from += stride, panels += 2 * V.Count)
            {
                V.Store(panels, LoadUpTo<V>(from, left));
                V.Store(panels + V.Count, LoadUpTo<V>(from + V.Count, left - V.Count));
            }
        }
    }

    /// <summary>
    /// Panels of the transposed matrix [size, rows]: element (c, j) of panel p is
    /// <c>source[(p * 2 V.Count + j) * stride + c]</c>, zero in the rest of the last vector.
    /// </summary>
    public static void Transposed<V>(float* source, nint stride, int rows, int size, float* panels)
        where V : struct, ISimd<V>
    {
        var width = 2 * V.Count;
        for (var first = 0; first < rows; first += V.Count, source += V.Count * stride)
        {
            var (panel, column) = Math.DivRem(first, width);
            var to = panels + (panel * (nint)size * width) + column;
            TransposedVector<V>(source, stride, rows - first, size, to, width);
        }
    }

    /// <summary>destination[r, c] = factor source[r, c] for c below the size; touches nothing else.</summary>
    public static void Rows<V>(
        float* source, nint sourceStride, float* destination, nint stride, int rows, int size, float factor)
        where V : struct, ISimd<V>
    {
        for (var row = 0; row < rows; row++, source += sourceStride, destination += stride)
        {
            Row<V>(source, destination, size, V.Broadcast(factor));
        }
    }

    /// <summary>destination[c] = factor source[c] for c below the size; touches nothing else.</summary>
    public static void Row<V>(float* source, float* destination, int size, V factor) where V : struct, ISimd<V>
    {
        var c = 0;
        for (; c <= size - V.Count; c += V.Count)
        {
            V.Store(destination + c, factor * V.Load(source + c));
        }

        if (c < size)
        {
            V.StoreFirst(destination + c, factor * V.LoadFirst(source + c, size - c), size - c);
        }
    }

    private static void TransposedVector<V>(
        float* source, nint stride, int rows, int size, float* destination, nint width) where V : struct, ISimd<V>
    {
        var square = stackalloc float[V.Count * V.Count];
        var c = 0;
        for (; c <= size - V.Count; c += V.Count, source += V.Count, destination += V.Count * width)
        {
            if (rows >= V.Count)
            {
                V.Transpose(new StridedRows(source, stride), new StridedRows(destination, width));
                continue;
            }

            for (var row = 0; row < V.Count; row++)
            {
                V.Store(square + (row * V.Count), row < rows ? V.Load(source + (row * stride)) : V.Zero);
            }

            V.Transpose(new StridedRows(square, V.Count), new StridedRows(destination, width));
        }

        for (; c < size; c++, source++, destination += width)
        {
            HostBounds.Check(destination, V.Count);
            for (var row = 0; row < V.Count; row++)
            {
                HostBounds.Check(source + (row * stride), row < rows ? 1 : 0);
                destination[row] = row < rows ? source[row * stride] : 0;
            }
        }
    }

    private static V LoadUpTo<V>(float* source, int count) where V : struct, ISimd<V> =>
        count >= V.Count ? V.Load(source) : count > 0 ? V.LoadFirst(source, count) : V.Zero;
}
