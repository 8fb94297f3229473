using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>
/// Copies blocks of the factors into panels that the micro-kernel reads in order: for each term the elements of one
/// tile side by side.
/// </summary>
internal static unsafe class GemmPacking
{
    /// <summary>
    /// Packs a transposed A (stored [terms, rows]) into panels of six rows: <c>panel[term * 6 + row]</c>.
    /// </summary>
    /// <param name="source">First element of the block.</param>
    /// <param name="stride">Elements from one term to the next.</param>
    /// <param name="depth">Terms.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="panels">Room for depth times rows, rounded up to whole panels.</param>
    public static void TransposedA(float* source, nint stride, int depth, int rows, float* panels)
    {
        const int Height = GemmMicroKernel.Rows;
        var whole = rows - (rows % Height);
        for (var k = 0; k < depth; k++, source += stride)
        {
            var to = panels + (k * Height);
            for (var row = 0; row < whole; row += Height, to += (nint)depth * Height)
            {
                Unsafe.CopyBlockUnaligned(to, source + row, Height * sizeof(float));
            }

            for (var row = whole; row < rows; row++)
            {
                to[row - whole] = source[row];
            }
        }
    }

    /// <summary>Packs one panel of B stored [terms, columns]; columns that do not exist become zero.</summary>
    public static void PanelOfB<V>(float* source, nint stride, int depth, int columns, float* panel)
        where V : struct, ISimd<V>
    {
        var width = GemmMicroKernel.Columns<V>();
        if (columns < width)
        {
            Gather<V>(source, stride, 1, depth, columns, panel);
            return;
        }

        for (var k = 0; k < depth; k++, source += stride, panel += width)
        {
            V.Store(panel, V.Load(source));
            V.Store(panel + V.Count, V.Load(source + V.Count));
        }
    }

    /// <summary>Packs one panel of a transposed B, stored [columns, terms]; likewise.</summary>
    public static void PanelOfTransposedB<V>(float* source, nint stride, int depth, int columns, float* panel)
        where V : struct, ISimd<V> => Gather<V>(source, 1, stride, depth, columns, panel);

    private static void Gather<V>(
        float* source, nint termStride, nint columnStride, int depth, int columns, float* panel)
        where V : struct, ISimd<V>
    {
        var width = GemmMicroKernel.Columns<V>();
        for (var k = 0; k < depth; k++, source += termStride, panel += width)
        {
            for (var j = 0; j < width; j++)
            {
                panel[j] = j < columns ? source[j * columnStride] : 0;
            }
        }
    }
}
