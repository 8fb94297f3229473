using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>
/// Products of small matrices whose right factor lies in panels: 2 vectors of columns side by side for each term, so
/// that the micro-kernel reads memory in order. The last panel may have one vector; it keeps the stride of two.
/// </summary>
internal static unsafe class PanelProduct
{
    /// <summary>C = A B, or C += A B. Rows of C are written in whole tiles of six: there must be room.</summary>
    /// <param name="rows">Rows of A and C, at least 1.</param>
    /// <param name="depth">Terms of each sum, at least 1.</param>
    /// <param name="a">First element of A.</param>
    /// <param name="rowStride">Elements from one row of A to the next.</param>
    /// <param name="termStride">Elements from one term of a row of A to the next.</param>
    /// <param name="panels">B, see <see cref="AttentionPacking"/>: depth rows in each panel.</param>
    /// <param name="vectors">Vectors in a row of C.</param>
    /// <param name="c">First element of C.</param>
    /// <param name="stride">Elements from one row of C to the next.</param>
    /// <param name="accumulate">Add to C or replace it.</param>
    public static void Multiply<V>(
        int rows, int depth, float* a, nint rowStride, nint termStride, float* panels, int vectors,
        float* c, nint stride, bool accumulate)
        where V : struct, ISimd<V>
    {
        const int Height = GemmMicroKernel.Rows;
        var panel = (nint)depth * GemmMicroKernel.Columns<V>();
        for (var vector = 0; vector < vectors; vector += 2, panels += panel)
        {
            var wide = vector + 1 < vectors;
            for (var row = 0; row < rows; row += Height)
            {
                var from = a + (row * rowStride);
                var to = c + (row * stride) + (vector * V.Count);
                var count = Math.Min(Height, rows - row);
                var start = accumulate ? to : null;
                if (wide)
                {
                    GemmMicroKernel.Multiply<V>(depth, from, count, rowStride, termStride, panels, start, stride, to, stride);
                }
                else
                {
                    MultiplyNarrow<V>(depth, from, count, rowStride, termStride, panels, start, stride, to, stride);
                }
            }
        }
    }

    /// <summary><see cref="GemmMicroKernel.Multiply"/> for a tile of one vector.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void MultiplyNarrow<V>(
        int depth, float* a, int rows, nint rowStride, nint termStride, float* b,
        float* start, nint startStride, float* tile, nint tileStride)
        where V : struct, ISimd<V>
    {
        V c0 = V.Zero, c1 = V.Zero, c2 = V.Zero, c3 = V.Zero, c4 = V.Zero, c5 = V.Zero;
        if (start != null)
        {
            c0 = V.Load(start);
            c1 = V.Load(start + startStride);
            c2 = V.Load(start + (2 * startStride));
            c3 = V.Load(start + (3 * startStride));
            c4 = V.Load(start + (4 * startStride));
            c5 = V.Load(start + (5 * startStride));
        }

        var a1 = rows > 1 ? a + rowStride : a;
        var a2 = rows > 2 ? a1 + rowStride : a1;
        var a3 = rows > 3 ? a2 + rowStride : a2;
        var a4 = rows > 4 ? a3 + rowStride : a3;
        var a5 = rows > 5 ? a4 + rowStride : a4;
        var end = b + ((nint)depth * 2 * V.Count);
        nint term = 0;
        do
        {
            var column = V.Load(b);
            b += 2 * V.Count;
            c0 = V.Fma(V.Broadcast(a[term]), column, c0);
            c1 = V.Fma(V.Broadcast(a1[term]), column, c1);
            c2 = V.Fma(V.Broadcast(a2[term]), column, c2);
            c3 = V.Fma(V.Broadcast(a3[term]), column, c3);
            c4 = V.Fma(V.Broadcast(a4[term]), column, c4);
            c5 = V.Fma(V.Broadcast(a5[term]), column, c5);
            term += termStride;
        }
        while (b < end);

        V.Store(tile, c0);
        V.Store(tile + tileStride, c1);
        V.Store(tile + (2 * tileStride), c2);
        V.Store(tile + (3 * tileStride), c3);
        V.Store(tile + (4 * tileStride), c4);
        V.Store(tile + (5 * tileStride), c5);
    }
}
