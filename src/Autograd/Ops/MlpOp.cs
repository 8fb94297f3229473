using DPT.Engine.Kernels;

namespace DPT.Engine.Autograd;

/// <summary>
/// y = act(x W1^T + b1) W2^T + b2 + residual: the MLP of a transformer block as one operator, so that the activation's
/// derivative is folded into the matrix product that produces its gradient.
/// </summary>
public static class MlpOp
{
    /// <summary>Applies the MLP to every row.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">Input, [..., D].</param>
    /// <param name="weight1">[M, D].</param>
    /// <param name="bias1">[M].</param>
    /// <param name="weight2">[D', M].</param>
    /// <param name="bias2">[D'].</param>
    /// <param name="activation">Between the layers.</param>
    /// <param name="residual">Added to the result, [..., D'], or null.</param>
    /// <returns>[..., D'].</returns>
    /// <exception cref="ArgumentException">Shapes do not fit.</exception>
    public static Tensor Mlp(
        this Tape tape,
        Tensor x,
        Tensor weight1,
        Tensor bias1,
        Tensor weight2,
        Tensor bias2,
        Activation activation = Activation.Gelu,
        Tensor? residual = null)
    {
        Shapes.RequireMatrix(nameof(Mlp), weight1, x.Shape.Last);
        Shapes.RequireMatrix(nameof(Mlp), weight2, weight1.Shape[0]);
        Shapes.Require(nameof(Mlp), nameof(bias1), bias1, new TensorShape(weight1.Shape[0]));
        Shapes.Require(nameof(Mlp), nameof(bias2), bias2, new TensorShape(weight2.Shape[0]));
        var y = tape.New(x.Shape.WithLast(weight2.Shape[0]));
        Shapes.RequireIfGiven(nameof(Mlp), nameof(residual), residual, y.Shape);

        var hidden = tape.NewFactor(x.Shape.WithLast(weight1.Shape[0]));
        var before = tape.Records(x, weight1, bias1) ? tape.NewFactor(hidden.Shape) : null;
        FirstLayer(tape, x, weight1, bias1, activation, hidden, before);
        LinearOp.Compute(tape, hidden, weight2, bias2, residual, y);
        tape.Observer?.Ran(new TracedMlp(y, x, weight1, bias1, weight2, bias2, activation, residual));
        if (tape.Records(x, weight1, bias1, weight2, bias2, residual))
        {
            tape.Record(y, new Node(y, x, weight1, bias1, weight2, bias2, residual, hidden, before, activation));
        }

        return y;
    }

    private static void FirstLayer(
        Tape tape, Tensor x, Tensor weight, Tensor bias, Activation activation, Tensor hidden, Tensor? before)
    {
        var (a, b, c) = (tape.FactorOf(x), tape.FactorOf(weight), hidden.AsResult);
        var pre = before?.AsResult ?? default;
        var call = new MatMulCall
        {
            M = x.Shape.Rows,
            N = weight.Shape[0],
            K = weight.Shape[1],
            TransposeB = true,
            A = a.Floats,
            B = b.Floats,
            C = c.Floats,
            Bias = bias.Data,
            Activation = activation,
            PreActivation = pre.Floats,
        };
        tape.Device.Multiply(in call, a, b, c.Rounded, pre.Rounded);
    }

    private sealed class Node(
        Tensor y, Tensor x, Tensor weight1, Tensor bias1, Tensor weight2, Tensor bias2, Tensor? residual,
        Tensor hidden, Tensor? before, Activation activation) : TapeNode(y)
    {
        public override void Backward(Tape tape)
        {
            using (var dy = TemporaryFactor.OfGradient(tape.Device, Output))
            {
                LinearGradients.OfWeight(tape, dy.Factor, hidden, weight2);
                LinearGradients.OfBias(tape.Device, Output, bias2);
                if (before is not null)
                {
                    OfFirstLayer(tape, dy.Factor, tape.FactorOf(before));
                }
            }

            if (residual is not null)
            {
                Output.PassGradientTo(residual, tape.Device);
            }
        }

        public override void Release()
        {
            base.Release();
            hidden.Release();
            before?.Release();
        }

        private void OfFirstLayer(Tape tape, Factor dy, Factor pre)
        {
            // Nobody needs the hidden values any more: the gradient before the activation takes their place.
            var dBefore = hidden.AsResult;
            var weight = tape.FactorOf(weight2);
            var call = new MatMulCall
            {
                M = hidden.Shape.Rows,
                N = hidden.Shape.Last,
                K = weight2.Shape[0],
                A = dy.Floats,
                B = weight.Floats,
                C = dBefore.Floats,
                PreActivation = pre.Floats,
                GradientOf = activation,
            };
            tape.Device.Multiply(in call, dy, weight, dBefore.Rounded, pre.Rounded);
            LinearGradients.OfInput(tape, dBefore, tape.FactorOf(weight1), weight1.Shape[1], weight1.Shape[0], x);
            LinearGradients.OfWeight(tape, dBefore, x, weight1);
            LinearGradients.OfBias(tape.Device, dBefore, hidden.Shape.Rows, bias1);
        }
    }
}
