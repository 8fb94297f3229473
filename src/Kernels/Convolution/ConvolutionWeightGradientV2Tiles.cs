using System.Diagnostics.CodeAnalysis;
using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// Gradients times windows in tiles of 64 x 64 (<see cref="TileProduct"/>), a sum for each part of the pixels, and the parts added in
/// order (<see cref="SplitK"/>, <see cref="ColumnSums"/>); a launch for each group.
/// Threads: 256 in a block. Scratch: at most 64 copies of a group's filter. Limits: none. FLOPs: 2 B H' W' C' kh kw C/g.
/// </summary>
internal sealed class ConvolutionWeightGradientV2Tiles : GpuVariant<ConvolutionWeightGradientCall>
{
    /// <summary>Enough blocks for every multiprocessor of a large card to have a few.</summary>
    private const int WantedBlocks = 512;

    private const int Depth = 16;

    private static readonly GpuKernel Tiles = new(Kernel, TileProduct.Threads) { Unroll = TileProduct.Unroll };

    public override string Name => "v2-tiles";

    public override string Idea => "64 x 64 tiles of gradients times windows for each part of the pixels, parts added in order";

    public override IReadOnlyList<GpuKernel> Kernels { get; } = [Tiles, ColumnSums.Kernel];

    public override bool Supports(in ConvolutionWeightGradientCall call, Device device, [NotNullWhen(false)] out string? reason) =>
        ConvolutionTiles.Fits("numbers of a window", call.Sizes.Windows.Elements, out reason);

    protected override void Run(GpuDevice device, in ConvolutionWeightGradientCall call)
    {
        for (var group = 0; group < call.Sizes.Groups; group++)
        {
            var product = call.Product(group);
            var cut = new SplitK(product.Sizes, TileProduct.Side, TileProduct.Side, Depth, WantedBlocks);
            var numbers = (long)product.M * product.N;
            using var sums = device.Scratch<float>(cut.Parts * numbers);
            device.Prepare(Tiles)
                .With(call.X.From((long)group * call.Sizes.GroupChannels)).With(product.A).With(sums.Slice)
                .With(call.Sizes.Windows)
                .With(product.M).With(product.N).With(product.K).With(product.RowA).With(cut.PartK)
                .On(ConvolutionTiles.GridOf(in product, cut.Parts));
            ColumnSums.Fold(device, sums.Slice, cut.Parts, numbers, numbers, product.C);
        }
    }

    private static void Kernel(
        ArrayView<float> x, ArrayView<float> gradient, ArrayView<float> sums, WindowMap windows,
        int m, int n, int k, int outs, int partK)
    {
        var problem = new Problem
        {
            X = x,
            Gradient = gradient,
            Sums = sums,
            Windows = windows,
            First = (long)Grid.IdxZ * m * n,
            M = m,
            N = n,
            Outs = outs,
        };
        var start = Grid.IdxZ * partK;
        TileProduct.Run(
            problem, Grid.IdxX * TileProduct.Side, Grid.IdxY * TileProduct.Side, start, Math.Min(k - start, partK) + start);
    }

    private struct Problem : ITileProblem
    {
        public ArrayView<float> X;
        public ArrayView<float> Gradient;
        public ArrayView<float> Sums;
        public WindowMap Windows;
        public long First;
        public int M;
        public int N;
        public int Outs;

        public static bool IsDeep => false;

        public readonly float Left(int row, int depth) => row < M ? Gradient[((long)depth * Outs) + row] : 0;

        public readonly float Right(int depth, int column) => column < N ? Windows.Load(X, depth, column) : 0;

        public readonly void Store(int row, int column, float value)
        {
            if (row < M && column < N)
            {
                Sums[First + ((long)row * N) + column] = value;
            }
        }
    }
}
