using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// One reading (<see cref="ChannelStatisticsGpu"/>); then a thread for each channel moves the running numbers, if there are any.
/// Threads: 256 in a block, 32 channels by 8 rows (coalesced). Limits: none. Bytes: 4 Rows Channels, and at most 8 numbers of 512
/// pieces for each channel. FLOPs: 4 Rows Channels.
/// </summary>
internal sealed class BatchNormStatisticsV1Pieces : GpuVariant<BatchNormStatisticsCall>
{
    private const int Threads = 256;

    private static readonly GpuKernel Running = new(Move, Threads);

    public override string Name => "v1-pieces";

    public override string Idea => "one reading: rows centred in registers eight at a time, pieces of rows joined in order";

    public override IReadOnlyList<GpuKernel> Kernels { get; } = [.. ChannelStatisticsGpu.Kernels, Running];

    protected override void Run(GpuDevice device, in BatchNormStatisticsCall call)
    {
        ChannelStatisticsGpu.Run(device, call.Parts, call.X, call.Mean, call.Variance);
        if (!call.RunningMean.IsEmpty)
        {
            device.Prepare(Running)
                .With(call.Mean).With(call.Variance).With(call.RunningMean).With(call.RunningVariance)
                .With(call.Channels).With(call.Momentum).With(RunningMoments.Unbiased(call.Rows))
                .On(new GridSize(GridCover.Blocks(call.Channels, Threads)));
        }
    }

    private static void Move(
        ArrayView<float> mean, ArrayView<float> variance, ArrayView<float> runningMean, ArrayView<float> runningVariance,
        int channels, float momentum, float unbiased)
    {
        var channel = ((long)Grid.IdxX * Threads) + Group.IdxX;
        if (channel < channels)
        {
            var (batchMean, batchVariance) = (mean[channel], variance[channel] * unbiased);
            var (oldMean, oldVariance) = (runningMean[channel], runningVariance[channel]);
            runningMean[channel] = RunningMoments.Moved(oldMean, batchMean, momentum);
            runningVariance[channel] = RunningMoments.Moved(oldVariance, batchVariance, momentum);
        }
    }
}
