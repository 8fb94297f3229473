using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// A warp owns a row: it is summed, centred and squared, then normalised; the second and third reading come from the
/// caches. Sums go over lanes by shuffles, so there is neither shared memory nor a barrier. What the mean lost by rounding
/// is summed along with the squares and taken back, so rows of one value come out as 0 (the corrected two-pass algorithm of
/// Chan, Golub and LeVeque, 1983).
/// Threads: 256 in a block, eight rows; the lanes of a warp on neighbouring columns (coalesced). Limits: none.
/// Bytes: 8 Rows Width, or 6 where the result is rounded. FLOPs: 10 Rows Width.
/// </summary>
internal sealed class LayerNormForwardV1Warp : GpuVariant<LayerNormForwardCall>
{
    private const int Rows = 8;

    private static readonly GpuKernel Normalise =
        new(Kernel, Rows * WarpReduce.Lanes);

    public override string Name => "v1-warp";

    public override string Idea => "a warp per row, two passes, sums by shuffles";

    public override IReadOnlyList<GpuKernel> Kernels { get; } = [Normalise];

    protected override void Run(GpuDevice device, in LayerNormForwardCall call) =>
        device.Prepare(Normalise)
            .With(call.X).With(call.Gamma).With(call.Beta)
            .With(call.Y).With(call.RoundedY).With(call.Mean).With(call.InverseDeviation)
            .With(call.Rows).With(call.Width).With(call.RowX).With(call.Epsilon)
            .On(new GridSize(GridCover.Blocks(call.Rows, Rows)));

    private static void Kernel(
        ArrayView<float> x, ArrayView<float> gamma, ArrayView<float> beta,
        ArrayView<float> y, ArrayView<BFloat16> roundedY, ArrayView<float> mean, ArrayView<float> inverse,
        int rows, int width, int stride, float epsilon)
    {
        var row = ((long)Grid.IdxX * Rows) + WarpReduce.Warp;
        if (row >= rows)
        {
            return;
        }

        var from = row * stride;
        var sum = 0f;
        for (var i = WarpReduce.Lane; i < width; i += WarpReduce.Lanes)
        {
            sum += x[from + i];
        }

        var centre = WarpReduce.Sum(sum) / width;
        var differences = 0f;
        var squares = 0f;
        for (var i = WarpReduce.Lane; i < width; i += WarpReduce.Lanes)
        {
            var difference = x[from + i] - centre;
            differences += difference;
            squares = Scalar.Fma(difference, difference, squares);
        }

        var lost = WarpReduce.Sum(differences) / width;
        var variance = (WarpReduce.Sum(squares) / width) - (lost * lost);
        variance = Scalar.IsLess(variance, 0) ? 0f : variance;
        var scale = 1 / Scalar.Sqrt(variance + epsilon);
        if (WarpReduce.Lane == 0)
        {
            mean[row] = centre + lost;
            inverse[row] = scale;
        }

        var to = row * width;
        for (var i = WarpReduce.Lane; i < width; i += WarpReduce.Lanes)
        {
            var normal = (x[from + i] - centre - lost) * scale;
            Bf16Memory.StoreEither(y, roundedY, to + i, Scalar.Fma(normal, gamma[i], beta[i]));
        }
    }
}
