using DPT.Engine.Kernels;

namespace DPT.Engine.Autograd;

/// <summary>The gradients of y = x W^T + b, shared by every operator that contains a linear layer.</summary>
internal static class LinearGradients
{
    /// <summary>dx += dy W. W is [outs, ins] with <paramref name="stride"/> elements from row to row.</summary>
    public static void OfInput(
        Tape tape, Factor dy, Factor weight, int stride, int outs, Tensor x)
    {
        if (!x.NeedsGradient)
        {
            return;
        }

        var call = new MatMulCall
        {
            M = x.Shape.Rows,
            N = x.Shape.Last,
            K = outs,
            A = dy.Floats,
            B = weight.Floats,
            StrideB = stride,
            C = default,
        };
        if (x.TakesRoundedGradient)
        {
            tape.Device.Multiply(in call, dy, weight, roundedC: x.NewRoundedGradient(tape.Device));
            return;
        }

        using var dx = GradientSink.Open(tape.Device, x);
        tape.Device.Multiply(call with { C = dx.Target, Accumulate = dx.Accumulate }, dy, weight);
    }

    /// <summary>dW += dy^T x.</summary>
    public static void OfWeight(Tape tape, Factor dy, Tensor x, Tensor weight)
    {
        if (weight.NeedsGradient)
        {
            using var dw = GradientSink.Open(tape.Device, weight);
            OfWeight(tape, dy, x, dw.Target, weight.Shape[1], weight.Shape[0], dw.Accumulate);
        }
    }

    /// <summary>dW += dy^T x into a [outs, ins] block with <paramref name="stride"/> elements from row to row.</summary>
    public static void OfWeight(
        Tape tape, Factor dy, Tensor x, Slice<float> target, int stride, int outs, bool accumulate)
    {
        var right = tape.FactorOf(x);
        var call = new MatMulCall
        {
            M = outs,
            N = x.Shape.Last,
            K = x.Shape.Rows,
            TransposeA = true,
            A = dy.Floats,
            B = right.Floats,
            C = target,
            StrideC = stride,
            Accumulate = accumulate,
        };
        tape.Device.Multiply(in call, dy, right);
    }

    /// <summary>db += column sums of the gradient of y.</summary>
    public static void OfBias(Device device, Tensor y, Tensor? bias)
    {
        if (bias?.NeedsGradient == true)
        {
            OfBias(device, y.ArrivedGradient, y.Shape.Rows, bias);
        }
    }

    /// <summary>db += column sums of dy: of its floats, where it has them.</summary>
    public static void OfBias(Device device, Factor dy, int rows, Tensor? bias)
    {
        if (bias?.NeedsGradient != true)
        {
            return;
        }

        using var db = GradientSink.ForAdding(device, bias);
        device.Run(ElementwiseOperators.ColumnSum, new ColumnSumCall
        {
            Rows = rows,
            Columns = bias.Shape.Last,
            X = dy.Floats,
            RoundedX = dy.Floats.IsEmpty ? dy.Rounded : default,
            Sum = db.Target,
        });
    }
}
