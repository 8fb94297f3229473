namespace DPT.Engine.Kernels;

/// <summary>Copies between the rows of a head and the panels of <see cref="PanelProduct"/>.</summary>
internal static unsafe class AttentionPacking
{
    /// <summary>
    /// Panels of the matrix [rows, size] times <paramref name="scale"/>: element (r, c) of panel p is
    /// <c>source[r * stride + p * 2 V.Count + c]</c>, zero beyond the size.
    /// </summary>
    public static void Columns<V>(float* source, nint stride, int rows, int size, float scale, float* panels)
        where V : struct, ISimd<V>
    {
        var factor = V.Broadcast(scale);
        for (var column = 0; column < size; column += 2 * V.Count)
        {
            var from = source + column;
            var left = size - column;
            for (var row = 0; row < rows; row++, from += stride, panels += 2 * V.Count)
            {
                V.Store(panels, factor * LoadUpTo<V>(from, left));
                V.Store(panels + V.Count, factor * LoadUpTo<V>(from + V.Count, left - V.Count));
            }
        }
    }

    /// <summary>
    /// Panels of the transposed matrix [size, rows]: element (c, j) of panel p is
    /// <c>scale * source[(p * 2 V.Count + j) * stride + c]</c>, zero beyond the rows.
    /// </summary>
    public static void Transposed<V>(float* source, nint stride, int rows, int size, float scale, float* panels)
        where V : struct, ISimd<V>
    {
        var width = 2 * V.Count;
        for (var first = 0; first < rows; first += width, panels += (nint)size * width)
        {
            for (var j = 0; j < width; j++)
            {
                var from = source + ((nint)(first + j) * stride);
                var exists = first + j < rows;
                var to = panels + j;
                for (var c = 0; c < size; c++, to += width)
                {
                    *to = exists ? scale * from[c] : 0;
                }
            }
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

    private static V LoadUpTo<V>(float* source, int count) where V : struct, ISimd<V> =>
        count >= V.Count ? V.Load(source) : count > 0 ? V.LoadFirst(source, count) : V.Zero;
}
