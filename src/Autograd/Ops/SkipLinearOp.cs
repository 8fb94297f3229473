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
        var (a, b) = (tape.FactorOf(x), tape.FactorOf(weight));
        var half = new MatMulCall
        {
            M = x.Shape.Rows,
            N = outs,
            K = width,
            TransposeB = true,
            A = a.Floats,
            B = b.Floats,
            StrideB = 2 * width,
            C = y.Data,
            Bias = bias.Data,
        };
        tape.Device.Multiply(in half, a, b);
        (a, b) = (tape.FactorOf(skip), b.From(width));
        tape.Device.Multiply(half with { A = a.Floats, B = b.Floats, Bias = default, Accumulate = true }, a, b);
        tape.Observer?.Ran(new TracedSkipLinear(y, x, skip, weight, bias));
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
            using var gradient = TemporaryFactor.OfGradient(tape.Device, Output);
            var (dy, w) = (gradient.Factor, tape.FactorOf(weight));
            var (width, outs, stride) = (x.Shape.Last, weight.Shape[0], weight.Shape[1]);
            LinearGradients.OfInput(tape, dy, w, stride, outs, x);
            LinearGradients.OfInput(tape, dy, w.From(width), stride, outs, skip);
            if (weight.NeedsGradient)
            {
                using var dw = GradientSink.Open(tape.Device, weight);
                LinearGradients.OfWeight(tape, dy, x, dw.Target, stride, outs, dw.Accumulate);
                LinearGradients.OfWeight(tape, dy, skip, dw.Target.From(width), stride, outs, dw.Accumulate);
            }

            LinearGradients.OfBias(tape.Device, Output, bias);
        }
    }
}
