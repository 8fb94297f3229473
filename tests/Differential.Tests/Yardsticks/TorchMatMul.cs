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

/// <summary>The factors as floats, PyTorch's product of these, and its rounding of what is stored in bf16.</summary>
internal sealed class TorchMatMulBf16 : TorchVariant<MatMulBf16Call>
{
    protected override void Compute(in MatMulBf16Call call)
    {
        long rowA = call.StrideA != 0 ? call.StrideA : call.TransposeA ? call.M : call.K;
        long rowB = call.StrideB != 0 ? call.StrideB : call.TransposeB ? call.K : call.N;
        long row = call.StrideC != 0 ? call.StrideC : call.N;
        var a = call.TransposeA ? ReadRows(call.A, call.K, call.M, rowA).t() : ReadRows(call.A, call.M, call.K, rowA);
        var b = call.TransposeB ? ReadRows(call.B, call.N, call.K, rowB).t() : ReadRows(call.B, call.K, call.N, rowB);
        var sum = a.matmul(b);
        if (!call.Bias.IsEmpty)
        {
            sum = Read(call.Bias, call.N) + sum;
        }

        var result = call.GradientOf == Activation.None
            ? TorchActivation.Apply(call.Activation, sum)
            : TorchActivation.Gradient(call.GradientOf, ReadRows(call.PreActivation, call.M, call.N, row), sum);
        if (!call.PreActivation.IsEmpty && call.GradientOf == Activation.None)
        {
            WriteRows(sum, call.PreActivation, row);
        }

        if (!call.Residual.IsEmpty)
        {
            result += ReadRows(call.Residual, call.M, call.N, row);
        }

        if (!call.RoundedC.IsEmpty)
        {
            WriteRows(result, call.RoundedC, row);
            return;
        }

        WriteRows(call.Accumulate ? ReadRows(call.C, call.M, call.N, row) + result : result, call.C, row);
    }
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
