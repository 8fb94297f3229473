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
    /// <param name="depth">Terms of each sum, at least 1: the rows in each panel of B.</param>
    /// <param name="a">Left factor.</param>
    /// <param name="panels">Right factor, as <see cref="AttentionPacking"/> lays it out.</param>
    /// <param name="c">Product.</param>
    /// <param name="accumulate">Add to C or replace it.</param>
    public static void Multiply<V>(
        int rows, int depth, LeftFactor a, float* panels, ProductRows c, bool accumulate = false)
        where V : struct, ISimd<V>
    {
        const int Height = GemmMicroKernel.Rows;
        var panel = (nint)depth * GemmMicroKernel.Columns<V>();
        for (var vector = 0; vector < c.Vectors; vector += 2, panels += panel)
        {
            var wide = vector + 1 < c.Vectors;
            for (var row = 0; row < rows; row += Height)
            {
                var from = a.Data + (row * a.RowStride);
                var to = c.Data + (row * c.Stride) + (vector * V.Count);
                var start = accumulate ? to : null;
                var count = Math.Min(Height, rows - row);
                if (wide)
                {
                    var left = new StridedLeft(from, count, a.RowStride, a.TermStride);
                    GemmMicroKernel.Multiply<V, StridedLeft>(
                        depth, in left, panels, start, c.Stride, null, to, c.Stride);
                }
                else
                {
                    MultiplyNarrow<V>(
                        depth, from, count, a.RowStride, a.TermStride, panels, start, c.Stride, to, c.Stride);
                }
            }
        }
    }

    /// <summary><see cref="GemmMicroKernel.Multiply{V, TLeft}"/> for a tile of one vector.</summary>
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

/// <summary>A left factor where it lies: element (r, k) is <c>data[r * rowStride + k * termStride]</c>.</summary>
internal readonly unsafe struct LeftFactor(float* data, nint rowStride, nint termStride)
{
    public readonly float* Data = data;
    public readonly nint RowStride = rowStride;
    public readonly nint TermStride = termStride;
}

/// <summary>Rows of whole vectors that take a product.</summary>
internal readonly unsafe struct ProductRows(float* data, nint stride, int vectors)
{
    public readonly float* Data = data;
    public readonly nint Stride = stride;
    public readonly int Vectors = vectors;
}
