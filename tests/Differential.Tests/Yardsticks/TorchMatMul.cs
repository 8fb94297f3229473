using DPT.Engine.Kernels;
using F = TorchSharp.torch.nn.functional;
using Tensor = TorchSharp.torch.Tensor;

namespace Differential.Tests;

internal sealed class TorchMatMul : TorchVariant<MatMulCall>
{
    protected override void Compute(in MatMulCall call)
    {
        if (call.Products > 1)
        {
            ComputeSeveral(in call);
            return;
        }

        var a = ReadStored(call.A, call.M, call.K, call.RowA, call.TransposeA);
        var b = ReadStored(call.B, call.K, call.N, call.RowB, call.TransposeB);
        var sum = a.matmul(b);
        if (!call.Bias.IsEmpty)
        {
            sum = Read(call.Bias, call.N) + sum;
        }

        var result = call.GradientOf == Activation.None
            ? TorchActivation.Apply(call.Activation, sum)
            : TorchActivation.Gradient(call.GradientOf, Rows(call.PreActivation, in call), sum);
        if (!call.PreActivation.IsEmpty && call.GradientOf == Activation.None)
        {
            WriteRows(sum, call.PreActivation, call.RowC);
        }

        if (!call.Residual.IsEmpty)
        {
            result += Rows(call.Residual, in call);
        }

        WriteRows(call.Accumulate ? Rows(call.C, in call) + result : result, call.C, call.RowC);
    }

    private static void ComputeSeveral(in MatMulCall call)
    {
        var a = ReadSeveral(call.A, call.Products, call.M, call.K, call.TransposeA);
        var b = ReadSeveral(call.B, call.Products, call.K, call.N, call.TransposeB);
        var result = a.matmul(b);
        Write(call.Accumulate ? Read(call.C, call.Products, call.M, call.N) + result : result, call.C);
    }

    private static Tensor ReadSeveral(Slice<float> slice, int count, int rows, int columns, bool transposed) => transposed
        ? Read(slice, count, columns, rows).transpose(1, 2)
        : Read(slice, count, rows, columns);

    private static Tensor Rows(Slice<float> slice, in MatMulCall call) => ReadRows(slice, call.M, call.N, call.RowC);

    private static Tensor ReadStored(Slice<float> slice, int rows, int columns, int stride, bool transposed) => transposed
        ? ReadRows(slice, columns, rows, stride).t()
        : ReadRows(slice, rows, columns, stride);
}

internal sealed class TorchActivation : TorchVariant<ActivationCall>
{
    public static Tensor Apply(Activation function, Tensor x) => function switch
    {
        Activation.Gelu => F.gelu(x),
        Activation.Silu => F.silu(x),
        _ => x,
    };

    /// <summary>gradient * act'(x).</summary>
    public static Tensor Gradient(Activation function, Tensor x, Tensor gradient)
    {
        var leaf = x.clone().requires_grad_();
        Apply(function, leaf).backward([gradient]);
        return leaf.grad!;
    }

    protected override void Compute(in ActivationCall call)
    {
        var x = Read(call.X, call.Count);
        Write(
            call.Gradient.IsEmpty
                ? Apply(call.Function, x)
                : Gradient(call.Function, x, Read(call.Gradient, call.Count)),
            call.Y);
    }
}
