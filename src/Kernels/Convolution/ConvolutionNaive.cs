using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// What one thread per number of the result has in common, for the convolution and for the gradient of its images: its place, and its
/// sum. Where a number of a window lies is worked out for each factor.
/// Threads: 32 x 8 in a block, a warp along the channels of a pixel, so that the result is written whole and a window is the same for
/// the warp. Bytes: 8 K per number of the result, less what the caches keep. FLOPs: 2 K per number.
/// </summary>
internal static class ConvolutionNaive
{
    /// <summary>Threads of a block.</summary>
    public const int Threads = Columns * Rows;

    private const int Columns = 32;
    private const int Rows = 8;

    /// <summary>The calling thread's row of the result.</summary>
    public static int Row => (Grid.IdxX * Rows) + (Group.IdxX / Columns);

    /// <summary>The calling thread's column of the result.</summary>
    public static int Column => (Grid.IdxY * Columns) + (Group.IdxX & (Columns - 1));

    /// <summary>Whether there is room for so many columns.</summary>
    public static bool Fits(string name, int columns, [NotNullWhen(false)] out string? reason) =>
        GridCover.FitsAcross(name, columns, Columns, out reason);

    /// <summary>The grid of a product.</summary>
    public static GridSize GridOf(in MatMulCall product) =>
        new(GridCover.Blocks(product.M, Rows), GridCover.Blocks(product.N, Columns));

    /// <summary>A window times a column of the filter.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(ArrayView<float> x, ArrayView<float> weight, WindowMap windows, FilterMap filter, int row, int column)
    {
        var sum = 0f;
        var elements = windows.Elements;
        for (var i = 0; i < elements; i++)
        {
            sum = Scalar.Fma(windows.Load(x, row, i), weight[filter.At(i, column)], sum);
        }

        return sum;
    }
}
