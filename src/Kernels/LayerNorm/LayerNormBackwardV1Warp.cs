using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// Two readings of the rows. For the gradient of the input a warp owns a row and sums by shuffles; for those of scale
/// and shift a block owns 32 columns of a chunk of rows, and the partial sums of the chunks are folded in their order.
/// Threads: 256 in a block, neighbours on neighbouring columns (coalesced). Limits: none.
/// Bytes: 20 Rows Width (24 when accumulating; 4 fewer where dy is in bf16). FLOPs: 16 Rows Width.
/// </summary>
internal sealed class LayerNormBackwardV1Warp : GpuVariant<LayerNormBackwardCall>
{
    private const int Rows = 8;

    private static readonly GpuKernel InputGradient =
        new(Input, Rows * WarpReduce.Lanes);

    private static readonly GpuKernel ParameterSums =
        new(Parameters, ColumnSums.Columns * ColumnSums.Warps);

    public override string Name => "v1-warp";

    public override string Idea => "a warp per row for the input, column sums in chunks of rows for scale and shift";

    public override IReadOnlyList<GpuKernel> Kernels { get; } = [InputGradient, .. ParameterKernels];

    /// <summary>The kernels of <see cref="RunParameters"/>.</summary>
    public static IReadOnlyList<GpuKernel> ParameterKernels => [ParameterSums, ColumnSums.Kernel];

    protected override void Run(GpuDevice device, in LayerNormBackwardCall call)
    {
        device.Prepare(InputGradient)
            .With(call.X).With(call.Gamma).With(call.Mean).With(call.InverseDeviation)
            .With(call.GradientY).With(call.RoundedGradientY).With(call.GradientX)
            .With(call.Rows).With(call.Width).With(call.RowX).With(call.AccumulateX ? 1 : 0)
            .On(new GridSize(GridCover.Blocks(call.Rows, Rows)));
        RunParameters(device, in call);
    }

    /// <summary>The gradients of scale and shift.</summary>
    public static void RunParameters(GpuDevice device, in LayerNormBackwardCall call)
    {
        var cut = new RowPartition(call.Rows);
        var width = call.Width;
        using var partial = device.Scratch<float>(2L * cut.Chunks * width);
        device.Prepare(ParameterSums)
            .With(call.X).With(call.Mean).With(call.InverseDeviation).With(call.GradientY).With(call.RoundedGradientY)
            .With(partial.Slice)
            .With(call.Rows).With(width).With(call.RowX).With(cut.RowsPerChunk)
            .On(new GridSize(GridCover.Blocks(width, ColumnSums.Columns), cut.Chunks));
        ColumnSums.Fold(device, partial.Slice, cut.Chunks, width, 2L * width, call.GradientGamma);
        ColumnSums.Fold(device, partial.Slice.From(width), cut.Chunks, width, 2L * width, call.GradientBeta);
    }

    /// <summary>dx = (g - mean(g) - n mean(g n)) / deviation, with n the normalised x and g = dy gamma.</summary>
    private static void Input(
        ArrayView<float> x, ArrayView<float> gamma, ArrayView<float> mean, ArrayView<float> inverse,
        ArrayView<float> gradientY, ArrayView<BFloat16> roundedGradientY, ArrayView<float> gradientX,
        int rows, int width, int stride, int accumulate)
    {
        var row = ((long)Grid.IdxX * Rows) + WarpReduce.Warp;
        if (row >= rows)
        {
            return;
        }

        var atX = row * stride;
        var atY = row * width;
        var centre = mean[row];
        var scale = inverse[row];
        var sum = 0f;
        var product = 0f;
        for (var i = WarpReduce.Lane; i < width; i += WarpReduce.Lanes)
        {
            var normal = (x[atX + i] - centre) * scale;
            var g = Bf16Memory.LoadEither(gradientY, roundedGradientY, atY + i) * gamma[i];
            sum += g;
            product = Scalar.Fma(g, normal, product);
        }

        var meanOfGradient = WarpReduce.Sum(sum) / width;
        var meanOfProduct = WarpReduce.Sum(product) / width;
        for (var i = WarpReduce.Lane; i < width; i += WarpReduce.Lanes)
        {
            var normal = (x[atX + i] - centre) * scale;
            var g = Bf16Memory.LoadEither(gradientY, roundedGradientY, atY + i) * gamma[i];
            var rest = g - meanOfGradient - (normal * meanOfProduct);
            var dx = rest * scale;
            gradientX[atX + i] = accumulate != 0 ? gradientX[atX + i] + dx : dx;
        }
    }

    /// <summary>Per chunk of rows: the sums of dy n, then those of dy.</summary>
    private static void Parameters(
        ArrayView<float> x, ArrayView<float> mean, ArrayView<float> inverse, ArrayView<float> gradientY,
        ArrayView<BFloat16> roundedGradientY, ArrayView<float> partial, int rows, int width, int stride, int rowsPerChunk)
    {
        var gammaSums = SharedMemory.Allocate<float>(ColumnSums.Columns * ColumnSums.Warps);
        var betaSums = SharedMemory.Allocate<float>(ColumnSums.Columns * ColumnSums.Warps);
        var column = ((long)Grid.IdxX * ColumnSums.Columns) + WarpReduce.Lane;
        var start = (long)Grid.IdxY * rowsPerChunk;
        var end = Math.Min(rows, start + rowsPerChunk);
        var gammaSum = 0f;
        var betaSum = 0f;
        if (column < width)
        {
            for (var row = start + WarpReduce.Warp; row < end; row += ColumnSums.Warps)
            {
                var normal = (x[(row * stride) + column] - mean[row]) * inverse[row];
                var dy = Bf16Memory.LoadEither(gradientY, roundedGradientY, (row * width) + column);
                gammaSum = Scalar.Fma(dy, normal, gammaSum);
                betaSum += dy;
            }
        }

        gammaSum = ColumnSums.OverWarps(gammaSums, gammaSum);
        betaSum = ColumnSums.OverWarps(betaSums, betaSum);
        if (WarpReduce.Warp == 0 && column < width)
        {
            var at = (2L * Grid.IdxY * width) + column;
            partial[at] = gammaSum;
            partial[at + width] = betaSum;
        }
    }
}
