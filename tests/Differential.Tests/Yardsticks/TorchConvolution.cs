using DPT.Engine.Kernels;
using TorchSharp;
using Tensor = TorchSharp.torch.Tensor;

namespace Differential.Tests;

internal sealed class TorchConvolutionForward : TorchVariant<ConvolutionForwardCall>
{
    protected override void Compute(in ConvolutionForwardCall call)
    {
        var sizes = call.Sizes;
        var sum = TorchModules.Convolve(ReadImages(call.X, sizes), ReadFilter(call.Weight, sizes), sizes);
        if (!call.Bias.IsEmpty)
        {
            sum += Read(call.Bias, sizes.Outs);
        }

        if (!call.PreActivation.IsEmpty)
        {
            Write(sum, call.PreActivation);
        }

        var result = TorchActivation.Apply(call.Activation, sum);
        Write(call.Residual.IsEmpty ? result : result + Read(call.Residual, sum.shape), call.Y);
    }

    public static Tensor ReadImages(Slice<float> x, ConvolutionShape sizes) =>
        Read(x, sizes.Batch, sizes.Vertical.Size, sizes.Horizontal.Size, sizes.Channels);

    public static Tensor ReadResult(Slice<float> y, ConvolutionShape sizes) =>
        Read(y, sizes.Batch, sizes.Vertical.Count, sizes.Horizontal.Count, sizes.Outs);

    public static Tensor ReadFilter(Slice<float> w, ConvolutionShape sizes) =>
        Read(w, sizes.Outs, sizes.Vertical.Kernel, sizes.Horizontal.Kernel, sizes.Channels / sizes.Groups);
}

internal sealed class TorchConvolutionInputGradient : TorchVariant<ConvolutionInputGradientCall>
{
    protected override void Compute(in ConvolutionInputGradientCall call)
    {
        var sizes = call.Sizes;
        var x = torch.zeros(sizes.Batch, sizes.Vertical.Size, sizes.Horizontal.Size, sizes.Channels).requires_grad_();
        TorchModules.Convolve(x, TorchConvolutionForward.ReadFilter(call.Weight, sizes), sizes)
            .backward([TorchConvolutionForward.ReadResult(call.OutputGradient, sizes)]);
        Write(call.Accumulate ? TorchConvolutionForward.ReadImages(call.InputGradient, sizes) + x.grad! : x.grad!, call.InputGradient);
    }
}

internal sealed class TorchConvolutionWeightGradient : TorchVariant<ConvolutionWeightGradientCall>
{
    protected override void Compute(in ConvolutionWeightGradientCall call)
    {
        var sizes = call.Sizes;
        var w = torch.zeros(sizes.Outs, sizes.Vertical.Kernel, sizes.Horizontal.Kernel, sizes.Channels / sizes.Groups).requires_grad_();
        TorchModules.Convolve(TorchConvolutionForward.ReadImages(call.X, sizes), w, sizes)
            .backward([TorchConvolutionForward.ReadResult(call.OutputGradient, sizes)]);
        Add(w.grad!, call.WeightGradient);
    }
}
