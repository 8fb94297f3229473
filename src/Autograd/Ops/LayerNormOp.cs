using DPT.Engine.Kernels;

namespace DPT.Engine.Autograd;

/// <summary>Layer normalisation of rows, or of the first token of each sequence only.</summary>
public static class LayerNormOp
{
    /// <summary>Normalises every row.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">[..., D].</param>
    /// <param name="gamma">Scale, [D].</param>
    /// <param name="beta">Shift, [D].</param>
    /// <param name="epsilon">Added to the variance.</param>
    /// <param name="isFactor">Whether products will read the result: a device that multiplies bf16 keeps it in that.</param>
    /// <returns>Like x.</returns>
    public static Tensor LayerNorm(this Tape tape, Tensor x, Tensor gamma, Tensor beta, float epsilon, bool isFactor = false) =>
        Run(tape, x, isFactor ? tape.NewFactor(x.Shape) : tape.New(x.Shape), x.Shape.Last, gamma, beta, epsilon);

    /// <summary>Normalises the first token of each sequence and drops the others: a class token's way out.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">[B, L, D].</param>
    /// <param name="gamma">Scale, [D].</param>
    /// <param name="beta">Shift, [D].</param>
    /// <param name="epsilon">Added to the variance.</param>
    /// <returns>[B, D].</returns>
    public static Tensor LayerNormFirstToken(this Tape tape, Tensor x, Tensor gamma, Tensor beta, float epsilon)
    {
        Shapes.RequireRank(nameof(LayerNormFirstToken), nameof(x), x, 3);
        var shape = new TensorShape(x.Shape[0], x.Shape[2]);
        return Run(tape, x, tape.New(shape), x.Shape[1] * x.Shape[2], gamma, beta, epsilon);
    }

    private static Tensor Run(Tape tape, Tensor x, Tensor y, int stride, Tensor gamma, Tensor beta, float epsilon)
    {
        var shape = y.Shape;
        Shapes.Require(nameof(LayerNorm), nameof(gamma), gamma, new TensorShape(shape.Last));
        Shapes.Require(nameof(LayerNorm), nameof(beta), beta, new TensorShape(shape.Last));
        var mean = tape.New(new TensorShape(shape.Rows));
        var inverse = tape.New(new TensorShape(shape.Rows));
        tape.Device.Run(LayerNormOperators.Forward, new LayerNormForwardCall
        {
            Rows = shape.Rows,
            Width = shape.Last,
            Epsilon = epsilon,
            X = x.Data,
            StrideX = stride,
            Gamma = gamma.Data,
            Beta = beta.Data,
            Y = y.AsResult.Floats,
            RoundedY = y.AsResult.Rounded,
            Mean = mean.Data,
            InverseDeviation = inverse.Data,
        });
        tape.Observer?.Ran(new TracedLayerNorm(y, x, gamma, beta, epsilon, FirstToken: y.Shape != x.Shape));
        if (tape.Records(x, gamma, beta))
        {
            tape.Record(y, new Node(y, x, stride, gamma, beta, mean, inverse));
        }

        return y;
    }

    private sealed class Node(
        Tensor y, Tensor x, int stride, Tensor gamma, Tensor beta, Tensor mean, Tensor inverse) : TapeNode(y)
    {
        public override void Backward(Tape tape)
        {
            var device = tape.Device;
            using var dx = GradientSink.Open(device, x);
            using var dGamma = GradientSink.ForAdding(device, gamma);
            using var dBeta = GradientSink.ForAdding(device, beta);
            if (!dx.Accumulate && stride != Output.Shape.Last)
            {
                // Only some rows are written below; the others get no gradient from here.
                device.Clear(dx.Target);
            }

            device.Run(LayerNormOperators.Backward, new LayerNormBackwardCall
            {
                Rows = Output.Shape.Rows,
                Width = Output.Shape.Last,
                X = x.Data,
                StrideX = stride,
                Gamma = gamma.Data,
                Mean = mean.Data,
                InverseDeviation = inverse.Data,
                GradientY = Output.ArrivedGradient.Floats,
                RoundedGradientY = Output.ArrivedGradient.Rounded,
                GradientX = dx.Target,
                AccumulateX = dx.Accumulate,
                GradientGamma = dGamma.Target,
                GradientBeta = dBeta.Target,
            });
        }

        public override void Release()
        {
            base.Release();
            mean.Release();
            inverse.Release();
        }
    }
}
