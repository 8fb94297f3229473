using DPT.Engine.Kernels;
using F = TorchSharp.torch.nn.functional;
using TorchTensor = TorchSharp.torch.Tensor;

namespace Differential.Tests;

/// <summary>PyTorch's batch norm keeps its statistics to itself; those of a batch are what running ones become with momentum 1.</summary>
internal sealed class TorchBatchNormStatistics : TorchVariant<BatchNormStatisticsCall>
{
    protected override void Compute(in BatchNormStatisticsCall call)
    {
        var x = Read(call.X, call.Rows, call.Channels);
        Write(x.mean([0]), call.Mean);
        Write(x.var(0, unbiased: false), call.Variance);
        if (!call.RunningMean.IsEmpty)
        {
            var (mean, variance) = (Read(call.RunningMean, call.Channels), Read(call.RunningVariance, call.Channels));
            F.batch_norm(x, mean, variance, training: true, momentum: call.Momentum);
            Write(mean, call.RunningMean);
            Write(variance, call.RunningVariance);
        }
    }
}

internal sealed class TorchBatchNormForward : TorchVariant<BatchNormForwardCall>
{
    protected override void Compute(in BatchNormForwardCall call) => Write(
        F.leaky_relu(
            F.batch_norm(
                Read(call.X, call.Rows, call.Channels), Read(call.Mean, call.Channels), Read(call.Variance, call.Channels),
                Read(call.Gamma, call.Channels), Read(call.Beta, call.Channels), training: false, eps: call.Epsilon),
            call.NegativeSlope),
        call.Y);
}

/// <summary>PyTorch's own gradients; in training of its own statistics, which are the given ones.</summary>
internal sealed class TorchBatchNormBackward : TorchVariant<BatchNormBackwardCall>
{
    protected override void Compute(in BatchNormBackwardCall call)
    {
        TorchTensor x = ReadLeaf(call.X, call.Rows, call.Channels), gamma = ReadLeaf(call.Gamma, call.Channels), beta = ReadLeaf(call.Beta, call.Channels);
        var y = F.batch_norm(
            x, Read(call.Mean, call.Channels), Read(call.Variance, call.Channels), gamma, beta,
            training: !call.HasFixedStatistics, eps: call.Epsilon);
        F.leaky_relu(y, call.NegativeSlope).backward([Read(call.GradientY, call.Rows, call.Channels)]);
        Write(call.AccumulateX ? Read(call.GradientX, call.Rows, call.Channels) + x.grad! : x.grad!, call.GradientX);
        Add(gamma.grad!, call.GradientGamma);
        Add(beta.grad!, call.GradientBeta);
    }
}
