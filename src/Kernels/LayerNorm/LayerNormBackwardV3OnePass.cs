using System.Diagnostics.CodeAnalysis;
using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// All gradients in one reading of the rows: while a warp has a row and its gradient in registers for the gradient of the input
/// (<see cref="LayerNormBackwardV2Packs"/>), it adds what the row means for scale and shift to sums that it keeps in registers from row
/// to row. The warps of a block add up theirs in turn, and a second launch the blocks': always in the same order.
/// Threads: 256 in a block, eight rows at a time; a lane has every 32nd pack of four columns (coalesced). Limits: widths that are
/// multiples of 4 from 64 to 1024, rows at multiples of 16 bytes (8 in bf16). Shared memory: two rows. Bytes: 12 Rows Width (16 when
/// accumulating; 2 fewer where dy is in bf16), and 16 Width for each block. FLOPs: 14 Rows Width.
/// </summary>
internal sealed class LayerNormBackwardV3OnePass : GpuVariant<LayerNormBackwardCall>
{
    private const int Warps = 8;

    /// <summary>Two blocks on each multiprocessor of an H100, all there at once.</summary>
    private const int MaxBlocks = 264;

    /// <summary>Rows of a warp at least: its sums cost about as much as one more.</summary>
    private const int MinRowsOfWarp = 4;

    /// <summary>Packs of a lane in the longest row.</summary>
    private const int MaxPacks = RowPacks.Max / 2;

    private static readonly RowPacks Gradients = new(Kernel<Packs1>, Warps * WarpReduce.Lanes, halvings: 1);

    private static readonly GpuKernel BlockSums = new(Fold, ColumnSums.Columns * ColumnSums.Warps);

    public override string Name => "v3-one-pass";

    public override string Idea => "one reading for all gradients, sums of scale and shift stay in registers from row to row";

    public override IReadOnlyList<GpuKernel> Kernels { get; } = [.. Gradients.Kernels, BlockSums];

    public override bool Supports(in LayerNormBackwardCall call, Device device, [NotNullWhen(false)] out string? reason) =>
        Gradients.Supports(
            call.Width, call.RowX, call.RoundedGradientY, out reason, call.X, call.Gamma, call.GradientY, call.GradientX);

    protected override void Run(GpuDevice device, in LayerNormBackwardCall call)
    {
        var rowsOfWarp = Math.Max(MinRowsOfWarp, GridCover.Blocks(call.Rows, Warps * MaxBlocks));
        var blocks = GridCover.Blocks(call.Rows, Warps * rowsOfWarp);
        using var partial = device.Scratch<float>(2L * blocks * call.Width);
        device.Prepare(Gradients.For(call.Width))
            .With(call.X).With(call.Gamma).With(call.Mean).With(call.InverseDeviation)
            .With(call.GradientY).With(call.RoundedGradientY).With(call.GradientX).With(partial.Slice)
            .With(call.Rows).With(Warps * rowsOfWarp).With(call.Width).With(call.RowX).With(call.AccumulateX ? 1 : 0)
            .On(new GridSize(blocks));
        device.Prepare(BlockSums)
            .With(partial.Slice).With(call.GradientGamma).With(call.GradientBeta).With(blocks).With(call.Width)
            .On(new GridSize(GridCover.Blocks(call.Width, ColumnSums.Columns), 2));
    }

    /// <summary>dx = (g - mean(g) - n mean(g n)) / deviation, with n the normalised x and g = dy gamma; sums of dy n and of dy.</summary>
    private static void Kernel<T>(
        ArrayView<float> x, ArrayView<float> gamma, ArrayView<float> mean, ArrayView<float> inverse,
        ArrayView<float> gradientY, ArrayView<BFloat16> roundedGradientY, ArrayView<float> gradientX, ArrayView<float> partial,
        int rows, int rowsOfBlock, int width, int stride, int accumulate)
        where T : struct, IRowPacks
    {
        Float4[] n = new Float4[MaxPacks], g = new Float4[MaxPacks], dGamma = new Float4[MaxPacks], dBeta = new Float4[MaxPacks];
        for (var p = 0; p < T.Count; p++)
        {
            dGamma[p] = default;
            dBeta[p] = default;
        }

        var first = (long)Grid.IdxX * rowsOfBlock;
        var end = Math.Min(rows, first + rowsOfBlock);
        for (var row = first + WarpReduce.Warp; row < end; row += Warps)
        {
            for (var p = 0; p < T.Count; p++)
            {
                n[p] = RowPacks.Load(x, row * stride, p, width);
                g[p] = RowPacks.Load(gradientY, roundedGradientY, row * width, p, width);
            }

            var centre = mean[row];
            var scale = inverse[row];
            float sum = 0f, product = 0f;
            for (var p = 0; p < T.Count; p++)
            {
                // Behind the end of the row g is 0, and so is all that n means.
                n[p] = (n[p] - centre) * scale;
                dGamma[p] = Float4.Fma(g[p], n[p], dGamma[p]);
                dBeta[p] += g[p];
                g[p] *= RowPacks.Load(gamma, 0, p, width);
                sum += g[p].Sum();
                product = g[p].Dot(n[p], product);
            }

            var meanOfGradient = WarpReduce.Sum(sum) / width;
            var meanOfProduct = WarpReduce.Sum(product) / width;
            for (var p = 0; p < T.Count; p++)
            {
                g[p] = (g[p] - meanOfGradient - (n[p] * meanOfProduct)) * scale;
                g[p] = accumulate != 0 ? RowPacks.Load(gradientX, row * stride, p, width) + g[p] : g[p];
            }

            for (var p = 0; p < T.Count; p++)
            {
                RowPacks.Store(gradientX, row * stride, p, width, g[p]);
            }
        }

        AddWarps<T>(dGamma, dBeta);
        if (WarpReduce.Warp == 0)
        {
            var at = 2L * Grid.IdxX * width;
            for (var p = 0; p < T.Count; p++)
            {
                RowPacks.Store(partial, at, p, width, dGamma[p]);
                RowPacks.Store(partial, at + width, p, width, dBeta[p]);
            }
        }
    }

    /// <summary>Warp 0 gets the sums over the block: one warp after another hands over what it has, from the last to the first.</summary>
    private static void AddWarps<T>(Float4[] dGamma, Float4[] dBeta)
        where T : struct, IRowPacks
    {
        var handed = SharedMemory.Allocate<Float4>(2 * T.Count * WarpReduce.Lanes);
        for (var warp = Warps - 1; warp >= 0; warp--)
        {
            if (WarpReduce.Warp == warp)
            {
                for (var p = 0; p < T.Count; p++)
                {
                    var at = (2 * p * WarpReduce.Lanes) + WarpReduce.Lane;
                    dGamma[p] = warp == Warps - 1 ? dGamma[p] : dGamma[p] + handed[at];
                    dBeta[p] = warp == Warps - 1 ? dBeta[p] : dBeta[p] + handed[at + WarpReduce.Lanes];
                    if (warp > 0)
                    {
                        handed[at] = dGamma[p];
                        handed[at + WarpReduce.Lanes] = dBeta[p];
                    }
                }
            }

            if (warp > 0)
            {
                Group.Barrier();
            }
        }
    }

    /// <summary>Adds the sums of the blocks, always in the same order: those of the scale, or, in the second row of the grid, of the shift.</summary>
    private static void Fold(ArrayView<float> partial, ArrayView<float> gradientGamma, ArrayView<float> gradientBeta, int blocks, int width)
    {
        var sums = SharedMemory.Allocate<float>(ColumnSums.Columns * ColumnSums.Warps);
        var column = ((long)Grid.IdxX * ColumnSums.Columns) + WarpReduce.Lane;
        var total = 0f;
        if (column < width)
        {
            for (var block = WarpReduce.Warp; block < blocks; block += ColumnSums.Warps)
            {
                total += partial[(((2L * block) + Grid.IdxY) * width) + column];
            }
        }

        total = ColumnSums.OverWarps(sums, total);
        if (WarpReduce.Warp != 0 || column >= width)
        {
            return;
        }

        if (Grid.IdxY == 0)
        {
            gradientGamma[column] += total;
        }
        else
        {
            gradientBeta[column] += total;
        }
    }
}
