using DPT.Engine.Kernels;

namespace DPT.Engine.Autograd;

/// <summary>y = x W^T + b + residual: a linear layer with the residual connection folded into its store.</summary>
public static class LinearOp
{
    /// <summary>Applies the layer to every row.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">Input, [..., in].</param>
    /// <param name="weight">Weight, [out, in].</param>
    /// <param name="bias">Bias, [out], or null.</param>
    /// <param name="residual">Added to the result, [..., out], or null.</param>
    /// <param name="isFactor">
    /// Whether products or attention will read the result: a device that multiplies bf16 keeps it in that.
    /// </param>
    /// <returns>[..., out].</returns>
    /// <exception cref="ArgumentException">Shapes do not fit.</exception>
    public static Tensor Linear(
        this Tape tape, Tensor x, Tensor weight, Tensor? bias = null, Tensor? residual = null, bool isFactor = false)
    {
        Shapes.RequireMatrix(nameof(Linear), weight, x.Shape.Last);
        var shape = x.Shape.WithLast(weight.Shape[0]);
        var y = isFactor ? tape.NewFactor(shape) : tape.New(shape);
        Shapes.RequireIfGiven(nameof(Linear), nameof(bias), bias, new TensorShape(weight.Shape[0]));
        Shapes.RequireIfGiven(nameof(Linear), nameof(residual), residual, y.Shape);

        Compute(tape, x, weight, bias, residual, y);
        tape.Observer?.Ran(new TracedLinear(y, x, weight, bias, residual));
        if (tape.Records(x, weight, bias, residual))
        {
            tape.Record(y, new Node(y, x, weight, bias, residual));
        }

        return y;
    }

    /// <summary>The forward pass alone, into a tensor that is there.</summary>
    internal static void Compute(Tape tape, Tensor x, Tensor weight, Tensor? bias, Tensor? residual, Tensor y)
    {
        var (a, b, c) = (tape.FactorOf(x), tape.FactorOf(weight), y.AsResult);
        var call = new MatMulCall
        {
            M = x.Shape.Rows,
            N = weight.Shape[0],
            K = weight.Shape[1],
            TransposeB = true,
            A = a.Floats,
            B = b.Floats,
            C = c.Floats,
            Bias = bias?.Data ?? default,
            Residual = residual?.Data ?? default,
        };
        tape.Device.Multiply(in call, a, b, c.Rounded);
    }

    private sealed class Node(Tensor y, Tensor x, Tensor weight, Tensor? bias, Tensor? residual) : TapeNode(y)
    {
        public override void Backward(Tape tape)
        {
            using var dy = TemporaryFactor.OfGradient(tape.Device, Output);
            LinearGradients.OfInput(tape, dy.Factor, tape.FactorOf(weight), weight.Shape[1], weight.Shape[0], x);
            LinearGradients.OfWeight(tape, dy.Factor, x, weight);
            LinearGradients.OfBias(tape.Device, Output, bias);
            if (residual is not null)
            {
                Output.PassGradientTo(residual, tape.Device);
            }
        }
    }
}
