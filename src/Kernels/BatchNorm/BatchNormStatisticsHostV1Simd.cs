namespace DPT.Engine.Kernels;

/// <summary>
/// Rows go through eight at a time (<see cref="ChannelStatisticsHost"/>), then the few running numbers move. Limits: none.
/// Bytes: 4 Rows Channels. FLOPs: 4 Rows Channels.
/// </summary>
internal sealed unsafe class BatchNormStatisticsHostV1Simd : HostVariant<BatchNormStatisticsCall>
{
    public override string Name => "host-v1-simd";

    public override string Idea => "eight rows at a time are centred and join those before, chunks of rows join in order";

    protected override void Run<V>(HostDevice device, in BatchNormStatisticsCall call)
    {
        ChannelStatisticsHost.Run<V>(device, call.Parts, call.X, call.Mean, call.Variance);
        if (call.RunningMean.IsEmpty)
        {
            return;
        }

        Move(call.RunningMean, call.Mean, 1, in call);
        Move(call.RunningVariance, call.Variance, RunningMoments.Unbiased(call.Rows), in call);
    }

    private static void Move(Slice<float> running, Slice<float> batch, float factor, in BatchNormStatisticsCall call)
    {
        float* to = (float*)running.Address, from = (float*)batch.Address;
        HostBounds.Check(to, call.Channels);
        for (var channel = 0; channel < call.Channels; channel++)
        {
            to[channel] = RunningMoments.Moved(to[channel], from[channel] * factor, call.Momentum);
        }
    }
}
