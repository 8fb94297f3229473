using DPT.Engine.Kernels;

namespace DPT.Engine.Autograd;

/// <summary>The gradients of y = x W^T + b, shared by every operator that contains a linear layer.</summary>
internal static class LinearGradients
{
    /// <summary>dx += dy W. W is [outs, ins] with <paramref name="stride"/> elements from row to row.</summary>
    public static void OfInput(
        Device device, Slice<float> dy, Slice<float> weight, int stride, int outs, Tensor x)
    {
        if (!x.NeedsGradient)
        {
            return;
        }

        using var dx = GradientSink.Open(device, x);
        device.Run(MatMulOperators.MatMul, new MatMulCall
        {
            M = x.Shape.Rows,
            N = x.Shape.Last,
            K = outs,
            A = dy,
            B = weight,
            StrideB = stride,
            C = dx.Target,
            Accumulate = dx.Accumulate,
        });
    }

    /// <summary>dW += dy^T x and db += column sums of dy.</summary>
    public static void OfParameters(Device device, Slice<float> dy, Tensor x, Tensor weight, Tensor? bias)
    {
        if (weight.NeedsGradient)
        {
            using var dw = GradientSink.Open(device, weight);
            OfWeight(device, dy, x, dw.Target, weight.Shape[1], weight.Shape[0], dw.Accumulate);
        }

        OfBias(device, dy, x.Shape.Rows, bias);
    }

    /// <summary>dW += dy^T x into a [outs, ins] block with <paramref name="stride"/> elements from row to row.</summary>
    public static void OfWeight(
        Device device, Slice<float> dy, Tensor x, Slice<float> target, int stride, int outs, bool accumulate) =>
        device.Run(MatMulOperators.MatMul, new MatMulCall
        {
            M = outs,
            N = x.Shape.Last,
            K = x.Shape.Rows,
            TransposeA = true,
            A = dy,
            B = x.Data,
            C = target,
            StrideC = stride,
            Accumulate = accumulate,
        });

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
