using DPT.Engine.Kernels;

namespace DPT.Engine.Autograd;

/// <summary>
/// y = x * w + b + residual: a convolution of images with channels last, of any filter, stride, padding and groups, see
/// <see cref="ConvolutionForwardCall"/>. For 3 x 3 filters on many small images <see cref="ConvolutionOp"/> has them with a border.
/// </summary>
public static class Conv2dOp
{
    /// <summary>Convolves.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">Images, [B, H, W, C].</param>
    /// <param name="weight">Filter, [C', kh, kw, C/g]: PyTorch's [C', C/g, kh, kw] with its channel last.</param>
    /// <param name="options">Stride, padding and groups; null for a stride of 1 without any.</param>
    /// <param name="bias">[C'], or null.</param>
    /// <param name="residual">Added to the result, [B, H', W', C'], or null.</param>
    /// <returns>[B, H', W', C'] with H' = (H + top + bottom - kh) / stride + 1, rounded down, and W' likewise.</returns>
    /// <exception cref="ArgumentException">Shapes do not fit.</exception>
    /// <exception cref="KernelException">Sizes or options are out of range, or channels are no multiple of the groups.</exception>
    public static Tensor Conv2d(
        this Tape tape, Tensor x, Tensor weight, Conv2dOptions? options = null, Tensor? bias = null, Tensor? residual = null)
    {
        Shapes.RequireRank(nameof(Conv2d), nameof(x), x, 4);
        Shapes.RequireRank(nameof(Conv2d), nameof(weight), weight, 4);
        options ??= new Conv2dOptions();
        var sizes = options.SizesFor(x.Shape, weight.Shape);
        sizes.Validate(nameof(Conv2d));
        Shapes.Require(
            nameof(Conv2d), nameof(weight), weight, weight.Shape.WithLast(sizes.Channels / sizes.Groups));
        var y = tape.New(new TensorShape(sizes.Batch, sizes.Vertical.Count, sizes.Horizontal.Count, sizes.Outs));
        Shapes.RequireIfGiven(nameof(Conv2d), nameof(bias), bias, new TensorShape(sizes.Outs));
        Shapes.RequireIfGiven(nameof(Conv2d), nameof(residual), residual, y.Shape);
        tape.Device.Run(ConvolutionOperators.Forward, new ConvolutionForwardCall
        {
            Sizes = sizes,
            X = x.Data,
            Weight = weight.Data,
            Bias = bias?.Data ?? default,
            Residual = residual?.Data ?? default,
            Y = y.Data,
        });
        tape.Observer?.Ran(new TracedConv2d(y, x, weight, options, bias, residual));
        if (tape.Records(x, weight, bias, residual))
        {
            tape.Record(y, new Node(y, sizes, x, weight, bias, residual));
        }

        return y;
    }

    private sealed class Node(Tensor y, ConvolutionShape sizes, Tensor x, Tensor weight, Tensor? bias, Tensor? residual) : TapeNode(y)
    {
        public override void Backward(Tape tape)
        {
            if (x.NeedsGradient)
            {
                OfInput(tape.Device);
            }

            if (weight.NeedsGradient)
            {
                OfWeight(tape.Device);
            }

            LinearGradients.OfBias(tape.Device, Output, bias);
            if (residual is not null)
            {
                Output.PassGradientTo(residual, tape.Device);
            }
        }

        private void OfInput(Device device)
        {
            using var dx = GradientSink.Open(device, x);
            device.Run(ConvolutionOperators.InputGradient, new ConvolutionInputGradientCall
            {
                Sizes = sizes,
                OutputGradient = Output.Gradient,
                Weight = weight.Data,
                InputGradient = dx.Target,
                Accumulate = dx.Accumulate,
            });
        }

        private void OfWeight(Device device)
        {
            using var dw = GradientSink.ForAdding(device, weight);
            device.Run(ConvolutionOperators.WeightGradient, new ConvolutionWeightGradientCall
            {
                Sizes = sizes,
                X = x.Data,
                OutputGradient = Output.Gradient,
                WeightGradient = dw.Target,
            });
        }
    }
}
