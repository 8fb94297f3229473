using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// Two readings of the matrix, cut as in the forward pass (<see cref="ChannelCut"/>). The first leaves, for each channel of a piece, the
/// sums of dv n and of dv, with n the normalised number and dv the gradient before the activation; they are added over the pieces of an
/// image, then over images for scale and shift (<see cref="ColumnSums"/>), and, times the scale, over groups, a warp a group. The second
/// makes the gradient of each number. All sums are in an order that follows from the shape.
/// Threads: 256 in a block, the lanes of a warp on neighbouring channels (coalesced). Shared memory: 2 KiB.
/// </summary>
internal static class ChannelBackwardGpu
{
    private const int AtOnce = 4;

    private static readonly Pair LeakyRelu = Pair.Of<LeakyReluAfter>();

    private static readonly Pair Silu = Pair.Of<SiluAfter>();

    private static readonly GpuKernel Images = new(OfImage, ChannelCut.Threads);

    private static readonly GpuKernel Groups = new(OfGroup, ChannelCut.Threads);

    /// <summary>The kernels with an activation.</summary>
    public static IReadOnlyList<GpuKernel> Kernels<F>() where F : struct, INormActivation =>
        [Of<F>().Sums, Images, Groups, ColumnSums.Kernel, Of<F>().Input];

    public static void Run<F>(GpuDevice device, in ChannelBackward call) where F : struct, INormActivation
    {
        var (forward, shape) = (call.Forward, call.Forward.Shape);
        var cut = new ChannelCut(shape);
        var twice = 2L * shape.Channels;
        using var partial = device.Scratch<float>(shape.Images * cut.Pieces * twice);
        using var sums = device.Scratch<float>(shape.Images * twice);
        using var means = device.Scratch<float>(2 * shape.Statistics);
        device.Prepare(Of<F>().Sums)
            .With(forward.X).With(forward.Gamma).With(forward.Beta).With(forward.Mean).With(forward.Variance).With(call.GradientY)
            .With(partial.Slice).With(cut).With(forward.Epsilon).With(forward.Bend)
            .On(cut.Over(shape.Images));
        device.Prepare(Images)
            .With(partial.Slice).With(sums.Slice).With(cut.Pieces).With(twice)
            .On(new GridSize(GridCover.Blocks(shape.Images * (long)GridCover.Blocks(twice, ColumnSums.Columns), 1)));
        ColumnSums.Add(device, sums.Slice, shape.Images, shape.Channels, twice, call.GradientGamma);
        ColumnSums.Add(device, sums.Slice.From(shape.Channels), shape.Images, shape.Channels, twice, call.GradientBeta);
        if (!call.HasFixedStatistics)
        {
            device.Prepare(Groups)
                .With(sums.Slice).With(forward.Gamma).With(means.Slice).With(cut).With(shape.Statistics)
                .On(new GridSize(GridCover.Blocks(shape.Statistics, ColumnSums.Warps)));
        }

        device.Prepare(Of<F>().Input)
            .With(forward.X).With(forward.Gamma).With(forward.Beta).With(forward.Mean).With(forward.Variance).With(call.GradientY)
            .With(call.HasFixedStatistics ? default : means.Slice).With(call.GradientX)
            .With(cut).With(forward.Epsilon).With(forward.Bend).With(call.AccumulateX ? 1 : 0)
            .On(cut.Over(shape.Images));
    }

    private static Pair Of<F>() where F : struct, INormActivation => typeof(F) == typeof(SiluAfter) ? Silu : LeakyRelu;

    /// <summary>Per piece: the sums of dv n of its channels, then those of dv.</summary>
    private static void SumsOfPiece<F>(
        ArrayView<float> x, ArrayView<float> gamma, ArrayView<float> beta, ArrayView<float> mean, ArrayView<float> variance,
        ArrayView<float> gradientY, ArrayView<float> partial, ChannelCut cut, float epsilon, float bend)
        where F : struct, INormActivation
    {
        var products = SharedMemory.Allocate<float>(ChannelCut.Threads);
        var sums = SharedMemory.Allocate<float>(ChannelCut.Threads);
        var piece = new ChannelPiece(cut);
        var product = 0f;
        var sum = 0f;
        if (piece.IsThere)
        {
            var centre = mean[piece.Statistic];
            var inverse = 1 / Scalar.Sqrt(variance[piece.Statistic] + epsilon);
            var scale = gamma[piece.Channel];
            var shift = beta[piece.Channel];
            float[] n = new float[AtOnce], dv = new float[AtOnce];
            for (var pixel = WarpReduce.Warp; pixel < piece.Pixels; pixel += AtOnce * ColumnSums.Warps)
            {
                var there = piece.There(pixel, AtOnce);
                for (var i = 0; i < AtOnce; i++)
                {
                    var at = piece.AtMost(pixel, i, there);
                    n[i] = x[at];
                    dv[i] = gradientY[at];
                }

                for (var i = 0; i < AtOnce; i++)
                {
                    n[i] = (n[i] - centre) * inverse;
                    var slope = F.Slope(GpuReal.Broadcast(Scalar.Fma(n[i], scale, shift)), GpuReal.Broadcast(bend)).Value;
                    dv[i] = i < there ? dv[i] * slope : 0f;
                    product = Scalar.Fma(dv[i], n[i], product);
                    sum += dv[i];
                }
            }
        }

        product = ColumnSums.OverWarps(products, product);
        sum = ColumnSums.OverWarps(sums, sum);
        if (WarpReduce.Warp == 0 && piece.IsThere)
        {
            var to = (2 * piece.Number * cut.Channels) + piece.Channel;
            partial[to] = product;
            partial[to + cut.Channels] = sum;
        }
    }

    /// <summary>Adds the pieces of an image: a block has 32 columns of one image.</summary>
    private static void OfImage(ArrayView<float> partial, ArrayView<float> sums, int pieces, long columns)
    {
        var shared = SharedMemory.Allocate<float>(ChannelCut.Threads);
        var across = (columns + ColumnSums.Columns - 1) / ColumnSums.Columns;
        var image = Grid.IdxX / across;
        var column = ((Grid.IdxX - (image * across)) * ColumnSums.Columns) + WarpReduce.Lane;
        var total = 0f;
        if (column < columns)
        {
            for (var piece = WarpReduce.Warp; piece < pieces; piece += ColumnSums.Warps)
            {
                total += partial[(((image * pieces) + piece) * columns) + column];
            }
        }

        total = ColumnSums.OverWarps(shared, total);
        if (WarpReduce.Warp == 0 && column < columns)
        {
            sums[(image * columns) + column] = total;
        }
    }

    /// <summary>Means over each group, a warp a group: of g = dv gamma, then of g n.</summary>
    private static void OfGroup(ArrayView<float> sums, ArrayView<float> gamma, ArrayView<float> means, ChannelCut cut, long statistics)
    {
        var statistic = ((long)Grid.IdxX * ColumnSums.Warps) + WarpReduce.Warp;
        if (statistic >= statistics)
        {
            return;
        }

        var groups = cut.Channels / cut.GroupSize;
        var image = statistic / groups;
        var first = (statistic - (image * groups)) * cut.GroupSize;
        var from = (2 * image * cut.Channels) + first;
        var gradient = 0f;
        var product = 0f;
        for (var i = WarpReduce.Lane; i < cut.GroupSize; i += WarpReduce.Lanes)
        {
            product = Scalar.Fma(gamma[first + i], sums[from + i], product);
            gradient = Scalar.Fma(gamma[first + i], sums[from + cut.Channels + i], gradient);
        }

        var terms = Scalar.FromInt64((long)cut.Pixels * cut.GroupSize);
        gradient = WarpReduce.Sum(gradient) / terms;
        product = WarpReduce.Sum(product) / terms;
        if (WarpReduce.Lane == 0)
        {
            means[2 * statistic] = gradient;
            means[(2 * statistic) + 1] = product;
        }
    }

    /// <summary>dx = (g - mean(g) - n mean(g n)) / deviation; without means, g / deviation.</summary>
    private static void OfInput<F>(
        ArrayView<float> x, ArrayView<float> gamma, ArrayView<float> beta, ArrayView<float> mean, ArrayView<float> variance,
        ArrayView<float> gradientY, ArrayView<float> means, ArrayView<float> gradientX,
        ChannelCut cut, float epsilon, float bend, int accumulate)
        where F : struct, INormActivation
    {
        var piece = new ChannelPiece(cut);
        if (!piece.IsThere)
        {
            return;
        }

        var centre = mean[piece.Statistic];
        var inverse = 1 / Scalar.Sqrt(variance[piece.Statistic] + epsilon);
        var scale = gamma[piece.Channel];
        var shift = beta[piece.Channel];
        var isFixed = means.Length == 0;
        var meanOfGradient = isFixed ? 0f : means[2 * piece.Statistic];
        var meanOfProduct = isFixed ? 0f : means[(2 * piece.Statistic) + 1];
        float[] n = new float[AtOnce], g = new float[AtOnce], before = new float[AtOnce];
        for (var pixel = WarpReduce.Warp; pixel < piece.Pixels; pixel += AtOnce * ColumnSums.Warps)
        {
            var there = piece.There(pixel, AtOnce);
            for (var i = 0; i < AtOnce; i++)
            {
                var at = piece.AtMost(pixel, i, there);
                n[i] = x[at];
                g[i] = gradientY[at];
                before[i] = accumulate != 0 ? gradientX[at] : 0f;
            }

            for (var i = 0; i < AtOnce; i++)
            {
                n[i] = (n[i] - centre) * inverse;
                var slope = F.Slope(GpuReal.Broadcast(Scalar.Fma(n[i], scale, shift)), GpuReal.Broadcast(bend)).Value;
                g[i] = g[i] * slope * scale;
                var rest = isFixed ? g[i] : g[i] - meanOfGradient - (n[i] * meanOfProduct);
                g[i] = rest * inverse;
            }

            for (var i = 0; i < AtOnce; i++)
            {
                if (i < there)
                {
                    gradientX[piece.At(pixel + (i * ColumnSums.Warps))] = accumulate != 0 ? before[i] + g[i] : g[i];
                }
            }
        }
    }

    /// <summary>The two kernels that bend.</summary>
    private sealed record Pair(GpuKernel Sums, GpuKernel Input)
    {
        public static Pair Of<F>() where F : struct, INormActivation => new(
            new(SumsOfPiece<F>, ChannelCut.Threads) { Unroll = AtOnce },
            new(OfInput<F>, ChannelCut.Threads) { Unroll = AtOnce });
    }
}
