using DPT.Engine.Kernels;
using F = TorchSharp.torch.nn.functional;
using TorchTensor = TorchSharp.torch.Tensor;

namespace Differential.Tests;

/// <summary>PyTorch has channels before pixels.</summary>
internal sealed class TorchGroupNormForward : TorchVariant<GroupNormForwardCall>
{
    protected override void Compute(in GroupNormForwardCall call)
    {
        var x = Read(call.X, call.Batch, call.Pixels, call.Channels).transpose(1, 2);
        var y = F.group_norm(x, call.Groups, Read(call.Gamma, call.Channels), Read(call.Beta, call.Channels), call.Epsilon);
        Write(TorchActivation.Apply(call.Activation, y).transpose(1, 2), call.Y);
        var groups = x.reshape(call.Batch, call.Groups, -1);
        Write(groups.mean([2]), call.Mean);
        Write(groups.var(2, unbiased: false), call.Variance);
    }
}

/// <summary>PyTorch's own gradients, of its own statistics, which are the given ones.</summary>
internal sealed class TorchGroupNormBackward : TorchVariant<GroupNormBackwardCall>
{
    protected override void Compute(in GroupNormBackwardCall call)
    {
        long[] shape = [call.Batch, call.Pixels, call.Channels];
        TorchTensor x = ReadLeaf(call.X, shape), gamma = ReadLeaf(call.Gamma, call.Channels), beta = ReadLeaf(call.Beta, call.Channels);
        var y = F.group_norm(x.transpose(1, 2), call.Groups, gamma, beta, call.Epsilon).transpose(1, 2);
        TorchActivation.Apply(call.Activation, y).backward([Read(call.GradientY, shape)]);
        Write(call.AccumulateX ? Read(call.GradientX, shape) + x.grad! : x.grad!, call.GradientX);
        Add(gamma.grad!, call.GradientGamma);
        Add(beta.grad!, call.GradientBeta);
    }
}
