using DPT.Engine.Kernels;

namespace DPT.Engine.Autograd;

/// <summary>y = [x | skip] W^T + b without the concatenation: two products into one result.</summary>
public static class SkipLinearOp
{
    /// <summary>Joins the current stream and a long skip connection (U-ViT).</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">The current stream, [..., D].</param>
    /// <param name="skip">The earlier block's output, [..., D].</param>
    /// <param name="weight">[D', 2D]; the columns of x come first.</param>
    /// <param name="bias">[D'].</param>
    /// <returns>[..., D'].</returns>
    /// <exception cref="ArgumentException">Shapes do not fit.</exception>
    public static Tensor SkipLinear(this Tape tape, Tensor x, Tensor skip, Tensor weight, Tensor bias)
    {
        var width = x.Shape.Last;
        Shapes.Require(nameof(SkipLinear), nameof(skip), skip, x.Shape);
        Shapes.RequireMatrix(nameof(SkipLinear), weight, 2 * width);
        var outs = weight.Shape[0];
        Shapes.Require(nameof(SkipLinear), nameof(bias), bias, new TensorShape(outs));

        var y = tape.New(x.Shape.WithLast(outs));
        var half = new MatMulCall
        {
            M = x.Shape.Rows,
            N = outs,
            K = width,
            TransposeB = true,
            A = x.Data,
            B = weight.Data,
            StrideB = 2 * width,
            C = y.Data,
            Bias = bias.Data,
        };
        tape.Device.Run(MatMulOperators.MatMul, half);
        tape.Device.Run(MatMulOperators.MatMul, half with
        {
            A = skip.Data,
            B = weight.Data.From(width),
            Bias = default,
            Accumulate = true,
        });
        if (tape.Records(x, skip, weight, bias))
        {
            tape.Record(y, new Node(y, x, skip, weight, bias));
        }

        return y;
    }

    private sealed class Node(Tensor y, Tensor x, Tensor skip, Tensor weight, Tensor bias) : TapeNode(y)
    {
        public override void Backward(Tape tape)
        {
            var (device, dy) = (tape.Device, Output.Gradient);
            var (width, outs, stride) = (x.Shape.Last, weight.Shape[0], weight.Shape[1]);
            LinearGradients.OfInput(device, dy, weight.Data, stride, outs, x);
            LinearGradients.OfInput(device, dy, weight.Data.From(width), stride, outs, skip);
            if (weight.NeedsGradient)
            {
                using var dw = GradientSink.Open(device, weight);
                LinearGradients.OfWeight(device, dy, x, dw.Target, stride, outs, dw.Accumulate);
                LinearGradients.OfWeight(device, dy, skip, dw.Target.From(width), stride, outs, dw.Accumulate);
            }

            LinearGradients.OfBias(device, dy, x.Shape.Rows, bias);
        }
    }
}
