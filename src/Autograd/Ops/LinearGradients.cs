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

        using var dx = GradientSink.Open(tape.Device, x);
        var call = new MatMulCall
        {
            M = x.Shape.Rows,
            N = x.Shape.Last,
            K = outs,
            A = dy.Floats,
            B = weight.Floats,
            StrideB = stride,
            C = dx.Target,
            Accumulate = dx.Accumulate,
        };
        tape.Device.Multiply(in call, dy, weight);
    }

    /// <summary>dW += dy^T x and db += column sums of dy.</summary>
    public static void OfParameters(Tape tape, Factor dy, Tensor x, Tensor weight, Tensor? bias)
    {
        if (weight.NeedsGradient)
        {
            using var dw = GradientSink.Open(tape.Device, weight);
            OfWeight(tape, dy, x, dw.Target, weight.Shape[1], weight.Shape[0], dw.Accumulate);
        }

        OfBias(tape.Device, dy.Floats, x.Shape.Rows, bias);
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

    /// <summary>db += column sums of dy.</summary>
    public static void OfBias(Device device, Slice<float> dy, int rows, Tensor? bias)
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
            X = dy,
            Sum = db.Target,
        });
    }
}
