using System.Diagnostics.CodeAnalysis;
using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// Windows times filter in tiles of 64 x 64 (<see cref="TileProduct"/>), for the convolution and for the gradient of its images:
/// a number of a window is looked up once for 64 products.
/// Threads: 256 in a block. Limits: none. Bytes: 8 K / 64 per number of the result. FLOPs: 2 K per number.
/// </summary>
internal static class ConvolutionTiles
{
    /// <summary>The kernel that replaces what the result holds.</summary>
    public static GpuKernel Replace { get; } =
        new(Convolve<Replacing>, TileProduct.Threads) { Unroll = TileProduct.Unroll };

    /// <summary>The kernel that adds to it.</summary>
    public static GpuKernel Add { get; } =
        new(Convolve<Adding>, TileProduct.Threads) { Unroll = TileProduct.Unroll };

    /// <summary>Whether there is room for so many columns.</summary>
    public static bool Fits(string name, int columns, [NotNullWhen(false)] out string? reason) =>
        GridCover.FitsAcross(name, columns, TileProduct.Side, out reason);

    /// <summary>The grid of a product, in so many layers.</summary>
    public static GridSize GridOf(in MatMulCall product, int layers = 1) =>
        new(GridCover.Blocks(product.M, TileProduct.Side), GridCover.Blocks(product.N, TileProduct.Side), layers);

    /// <summary>Launches the product of a group, which is only stored or added.</summary>
    public static void Launch(
        GpuDevice device, Slice<float> x, Slice<float> weight, in MatMulCall product, in WindowMap windows, in FilterMap filter) =>
        device.Prepare(product.Accumulate ? Add : Replace)
            .With(x).With(weight).With(product.C)
            .With(in windows).With(in filter)
            .With(product.M).With(product.N).With(product.RowC)
            .On(GridOf(in product));

    private static void Convolve<TEnding>(
        ArrayView<float> x, ArrayView<float> weight, ArrayView<float> result, WindowMap windows, FilterMap filter,
        int m, int n, int stride)
        where TEnding : struct, IEnding
    {
        var problem = new Problem<TEnding>
        {
            X = x,
            Weight = weight,
            Result = result,
            Windows = windows,
            Filter = filter,
            M = m,
            N = n,
            Stride = stride,
        };
        TileProduct.Run(
            problem, Grid.IdxX * TileProduct.Side, Grid.IdxY * TileProduct.Side, 0, windows.Elements);
    }

    /// <summary>What becomes of a sum.</summary>
    private interface IEnding
    {
        static abstract bool Adds { get; }
    }

    private readonly struct Replacing : IEnding
    {
        public static bool Adds => false;
    }

    private readonly struct Adding : IEnding
    {
        public static bool Adds => true;
    }

    private struct Problem<TEnding> : ITileProblem where TEnding : struct, IEnding
    {
        public ArrayView<float> X;
        public ArrayView<float> Weight;
        public ArrayView<float> Result;
        public WindowMap Windows;
        public FilterMap Filter;
        public int M;
        public int N;
        public int Stride;

        public static bool IsDeep => true;

        public readonly float Left(int row, int depth) => row < M ? Windows.Load(X, row, depth) : 0;

        public readonly float Right(int depth, int column) => column < N ? Weight[Filter.At(depth, column)] : 0;

        public readonly void Store(int row, int column, float value)
        {
            if (row < M && column < N)
            {
                var at = ((long)row * Stride) + column;
                Result[at] = TEnding.Adds ? Result[at] + value : value;
            }
        }
    }
}
