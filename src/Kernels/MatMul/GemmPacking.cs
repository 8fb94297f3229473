using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace DPT.Engine.Kernels;

/// <summary>
/// Copies blocks of the operands into panels that the micro-kernel reads in order: for each k the elements of one
/// tile side by side.
/// </summary>
internal static unsafe class GemmPacking
{
    /// <summary>Side of the squares that are transposed in registers.</summary>
    private const int Side = 4;

    /// <summary>Rows are far apart in memory: the processor does not guess the next one, so it is told this far ahead.</summary>
    private const int Ahead = 16;

    /// <summary>
    /// Packs a transposed A (stored [K, M]) into panels of six rows: <c>panel[k * 6 + row]</c>.
    /// </summary>
    /// <param name="source">First element of the block.</param>
    /// <param name="stride">Elements from one k to the next.</param>
    /// <param name="depth">The kc of the block.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="panels">Room for depth times rows, rounded up to whole panels.</param>
    public static void TransposedA(float* source, nint stride, int depth, int rows, float* panels)
    {
        const int Height = GemmMicroKernel.Rows;
        var whole = rows - (rows % Height);
        for (var k = 0; k < depth; k++, source += stride)
        {
            var to = panels + (k * Height);
            PrefetchRow(source + (Ahead * stride), rows);
            for (var row = 0; row < whole; row += Height, to += (nint)depth * Height)
            {
                HostBounds.Check(source + row, Height);
                HostBounds.Check(to, Height);
                Unsafe.CopyBlockUnaligned(to, source + row, Height * sizeof(float));
            }

            for (var row = whole; row < rows; row++)
            {
                HostBounds.Check(source + row, 1);
                HostBounds.Check(to + row - whole, 1);
                to[row - whole] = source[row];
            }
        }
    }

    /// <summary>Packs one panel of B stored [K, N]; columns that do not exist become zero.</summary>
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
            PrefetchRow(source + (Ahead * stride), width);
            V.Store(panel, V.Load(source));
            V.Store(panel + V.Count, V.Load(source + V.Count));
        }
    }

    /// <summary>Packs one panel of a transposed B, stored [N, K]; likewise.</summary>
    public static void PanelOfTransposedB<V>(float* source, nint stride, int depth, int columns, float* panel)
        where V : struct, ISimd<V>
    {
        var width = GemmMicroKernel.Columns<V>();
        var square = Sse.IsSupported && columns == width && width % Side == 0 ? depth - (depth % Side) : 0;
        for (var j = 0; j < width && square > 0; j += Side)
        {
            var from = source + (j * stride);
            for (var k = 0; k < square; k += Side)
            {
                TransposeSquare(from + k, stride, panel + (k * width) + j, width);
            }
        }

        Gather<V>(source + square, 1, stride, depth - square, columns, panel + (square * width));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void TransposeSquare(float* source, nint stride, float* target, nint targetStride)
    {
        for (var row = 0; row < Side; row++)
        {
            HostBounds.Check(source + (row * stride), Side);
            HostBounds.Check(target + (row * targetStride), Side);
        }

        var r0 = Vector128.Load(source);
        var r1 = Vector128.Load(source + stride);
        var r2 = Vector128.Load(source + (2 * stride));
        var r3 = Vector128.Load(source + (3 * stride));
        var low01 = Sse.UnpackLow(r0, r1);
        var high01 = Sse.UnpackHigh(r0, r1);
        var low23 = Sse.UnpackLow(r2, r3);
        var high23 = Sse.UnpackHigh(r2, r3);
        Sse.MoveLowToHigh(low01, low23).Store(target);
        Sse.MoveHighToLow(low23, low01).Store(target + targetStride);
        Sse.MoveLowToHigh(high01, high23).Store(target + (2 * targetStride));
        Sse.MoveHighToLow(high23, high01).Store(target + (3 * targetStride));
    }

    /// <summary>Asks for a row that will be read soon; an address that does not exist is ignored.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void PrefetchRow(float* row, int count)
    {
        if (Sse.IsSupported)
        {
            for (var i = 0; i < count; i += 16)
            {
                Sse.Prefetch0(row + i);
            }
        }
    }

    private static void Gather<V>(
        float* source, nint kStride, nint columnStride, int depth, int columns, float* panel)
        where V : struct, ISimd<V>
    {
        var width = GemmMicroKernel.Columns<V>();
        for (var k = 0; k < depth; k++, source += kStride, panel += width)
        {
            HostBounds.Check(panel, width);
            for (var j = 0; j < width; j++)
            {
                HostBounds.Check(source + (j * columnStride), j < columns ? 1 : 0);
                panel[j] = j < columns ? source[j * columnStride] : 0;
            }
        }
    }
}
