using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// Mean and biased variance of each image's groups of channels, in one reading. A thread has a channel of a piece of an image
/// (<see cref="ChannelCut"/>): eight numbers at a time, all loads under way before the first sum, are centred in registers and join those
/// before (<see cref="ChannelMoments{V}"/>); the eight warps of a block join in their order. Then a warp has a group and joins its
/// channels and pieces, twice over the parts. Numbers are distances from the image's first pixel, so equal ones have exactly
/// their value as the mean.
/// Threads: 256 in a block, the lanes of a warp on neighbouring channels (coalesced). Shared memory: 2 KiB.
/// </summary>
internal static class ChannelStatisticsGpu
{
    private const int AtOnce = 8;

    private static readonly GpuKernel Pieces = new(OfPiece, ChannelCut.Threads) { Unroll = AtOnce };

    private static readonly GpuKernel Groups = new(OfGroup, ChannelCut.Threads);

    public static IReadOnlyList<GpuKernel> Kernels { get; } = [Pieces, Groups];

    public static void Run(GpuDevice device, ChannelNormShape shape, Slice<float> x, Slice<float> mean, Slice<float> variance)
    {
        var cut = new ChannelCut(shape);
        using var partial = device.Scratch<float>(2L * shape.Images * cut.Pieces * shape.Channels);
        device.Prepare(Pieces).With(x).With(partial.Slice).With(cut).On(cut.Over(shape.Images));
        device.Prepare(Groups)
            .With(x).With(partial.Slice).With(mean).With(variance).With(cut).With(shape.Statistics)
            .On(new GridSize(GridCover.Blocks(shape.Statistics, ColumnSums.Warps)));
    }

    /// <summary>Per piece: the means of its channels, then their sums of squares.</summary>
    private static void OfPiece(ArrayView<float> x, ArrayView<float> partial, ChannelCut cut)
    {
        var means = SharedMemory.Allocate<float>(ChannelCut.Threads);
        var sums = SharedMemory.Allocate<float>(ChannelCut.Threads);
        var piece = new ChannelPiece(cut);
        var moments = default(ChannelMoments<GpuReal>);
        if (piece.IsThere)
        {
            var origin = x[piece.Origin];
            var d = new float[AtOnce];
            for (var pixel = WarpReduce.Warp; pixel < piece.Pixels; pixel += AtOnce * ColumnSums.Warps)
            {
                var there = piece.There(pixel, AtOnce);
                for (var i = 0; i < AtOnce; i++)
                {
                    d[i] = x[piece.AtMost(pixel, i, there)] - origin;
                }

                var sum = 0f;
                for (var i = 0; i < AtOnce; i++)
                {
                    sum += i < there ? d[i] : 0f;
                }

                var mean = sum / there;
                var squares = 0f;
                for (var i = 0; i < AtOnce; i++)
                {
                    var distance = i < there ? d[i] - mean : 0f;
                    squares = Scalar.Fma(distance, distance, squares);
                }

                var before = (pixel - WarpReduce.Warp) / ColumnSums.Warps;
                moments.Join(before, there, GpuReal.Broadcast(mean), GpuReal.Broadcast(squares));
            }
        }

        means[Group.IdxX] = moments.Mean.Value;
        sums[Group.IdxX] = moments.Squares.Value;
        Group.Barrier();
        if (WarpReduce.Warp == 0 && piece.IsThere)
        {
            var before = piece.There(0, int.MaxValue);
            for (var warp = 1; warp < ColumnSums.Warps && warp < piece.Pixels; warp++)
            {
                var others = piece.There(warp, int.MaxValue);
                var at = (warp * WarpReduce.Lanes) + WarpReduce.Lane;
                moments.Join(before, others, GpuReal.Broadcast(means[at]), GpuReal.Broadcast(sums[at]));
                before += others;
            }

            var to = (2 * piece.Number * cut.Channels) + piece.Channel;
            partial[to] = moments.Mean.Value;
            partial[to + cut.Channels] = moments.Squares.Value;
        }
    }

    private static void OfGroup(
        ArrayView<float> x, ArrayView<float> partial, ArrayView<float> mean, ArrayView<float> variance, ChannelCut cut, long statistics)
    {
        var statistic = ((long)Grid.IdxX * ColumnSums.Warps) + WarpReduce.Warp;
        if (statistic >= statistics)
        {
            return;
        }

        var groups = cut.Channels / cut.GroupSize;
        var image = statistic / groups;
        var first = (statistic - (image * groups)) * cut.GroupSize;
        var pixels = image * cut.Pixels * cut.Channels;
        var origin = x[pixels + first];
        var parts = (long)cut.Pieces * cut.GroupSize;
        var terms = Scalar.FromInt64((long)cut.Pixels * cut.GroupSize);

        var sum = 0f;
        for (long part = WarpReduce.Lane; part < parts; part += WarpReduce.Lanes)
        {
            var piece = part / cut.GroupSize;
            var channel = first + (part - (piece * cut.GroupSize));
            var distance = x[pixels + channel] - origin;
            var centre = partial[(2 * ((image * cut.Pieces) + piece) * cut.Channels) + channel] + distance;
            sum = Scalar.Fma(Count(cut, piece), centre, sum);
        }

        var shift = WarpReduce.Sum(sum) / terms;
        var squares = 0f;
        for (long part = WarpReduce.Lane; part < parts; part += WarpReduce.Lanes)
        {
            var piece = part / cut.GroupSize;
            var channel = first + (part - (piece * cut.GroupSize));
            var at = (2 * ((image * cut.Pieces) + piece) * cut.Channels) + channel;
            var distance = partial[at] + (x[pixels + channel] - origin) - shift;
            squares += Scalar.Fma(Count(cut, piece) * distance, distance, partial[at + cut.Channels]);
        }

        squares = WarpReduce.Sum(squares) / terms;
        if (WarpReduce.Lane == 0)
        {
            mean[statistic] = origin + shift;
            variance[statistic] = squares;
        }
    }

    /// <summary>Pixels of a piece of an image.</summary>
    private static float Count(ChannelCut cut, long piece) =>
        Math.Min(cut.PixelsOfPiece, cut.Pixels - ((int)piece * cut.PixelsOfPiece));
}
