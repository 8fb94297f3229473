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

        var hidden = tape.New(x.Shape.WithLast(weight1.Shape[0]));
        var before = tape.Records(x, weight1, bias1) ? tape.New(hidden.Shape) : null;
        tape.Device.Run(MatMulOperators.MatMul, new MatMulCall
        {
            M = x.Shape.Rows,
            N = weight1.Shape[0],
            K = weight1.Shape[1],
            TransposeB = true,
            A = x.Data,
            B = weight1.Data,
            C = hidden.Data,
            Bias = bias1.Data,
            Activation = activation,
            PreActivation = before?.Data ?? default,
        });
        tape.Device.Run(MatMulOperators.MatMul, new MatMulCall
        {
            M = x.Shape.Rows,
            N = weight2.Shape[0],
            K = weight2.Shape[1],
            TransposeB = true,
            A = hidden.Data,
            B = weight2.Data,
            C = y.Data,
            Bias = bias2.Data,
            Residual = residual?.Data ?? default,
        });
        if (tape.Records(x, weight1, bias1, weight2, bias2, residual))
        {
            tape.Record(y, new Node(y, x, weight1, bias1, weight2, bias2, residual, hidden, before, activation));
        }

        return y;
    }

    private sealed class Node(
        Tensor y, Tensor x, Tensor weight1, Tensor bias1, Tensor weight2, Tensor bias2, Tensor? residual,
        Tensor hidden, Tensor? before, Activation activation) : TapeNode(y)
    {
        public override void Backward(Tape tape)
        {
            var device = tape.Device;
            var dy = Output.Gradient;
            LinearGradients.OfParameters(device, dy, hidden, weight2, bias2);
            if (before is not null)
            {
                OfFirstLayer(device, dy, before.Data);
            }

            if (residual is not null)
            {
                Output.PassGradientTo(residual, device);
            }
        }

        public override void Release()
        {
            base.Release();
            hidden.Release();
            before?.Release();
        }

        private void OfFirstLayer(Device device, Slice<float> dy, Slice<float> preActivation)
        {
            // The gradient before the activation replaces the hidden values, which nobody needs any more.
            var dBefore = hidden.Data;
            device.Run(MatMulOperators.MatMul, new MatMulCall
            {
                M = hidden.Shape.Rows,
                N = hidden.Shape.Last,
                K = weight2.Shape[0],
                A = dy,
                B = weight2.Data,
                C = dBefore,
                PreActivation = preActivation,
                GradientOf = activation,
            });
            LinearGradients.OfInput(device, dBefore, weight1.Data, weight1.Shape[1], weight1.Shape[0], x);
            LinearGradients.OfParameters(device, dBefore, x, weight1, bias1);
        }
    }
}
