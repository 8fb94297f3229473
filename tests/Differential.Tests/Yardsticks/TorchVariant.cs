using System.Runtime.InteropServices;
using DPT.Engine.Kernels;
using TorchSharp;
using BFloat16 = DPT.Engine.Kernels.BFloat16;
using Tensor = TorchSharp.torch.Tensor;

namespace Differential.Tests;

/// <summary>
/// An operator as PyTorch computes it in float32: a variant like any other, so every case of the registry runs on it.
/// Operands are read from and written to host memory.
/// </summary>
internal abstract unsafe class TorchVariant<TCall> : KernelVariant<TCall> where TCall : struct, IKernelCall
{
    public override string Name => "torch";

    public override string Idea => "libtorch on the processor, through TorchSharp";

    public override DeviceKind Targets => DeviceKind.Host;

    public sealed override void Launch(Device device, in TCall call)
    {
        using var scope = torch.NewDisposeScope();
        Compute(in call);
    }

    protected abstract void Compute(in TCall call);

    /// <summary>A copy of an operand.</summary>
    protected static Tensor Read(Slice<float> slice, params long[] shape) =>
        torch.tensor(new Span<float>((void*)slice.Address, (int)slice.Length).ToArray())[..Elements(shape)].reshape(shape);

    /// <summary>A copy of an operand of bf16, as floats.</summary>
    protected static Tensor Read(Slice<BFloat16> slice, params long[] shape) =>
        torch.tensor(new Span<TorchSharp.BFloat16>((void*)slice.Address, (int)slice.Length).ToArray())
            .to_type(torch.ScalarType.Float32)[..Elements(shape)].reshape(shape);

    /// <summary>A copy of class numbers or row numbers, as the 64-bit integers that PyTorch indexes with.</summary>
    protected static Tensor Read(Slice<int> slice) =>
        torch.tensor(new Span<int>((void*)slice.Address, (int)slice.Length).ToArray()).to_type(torch.ScalarType.Int64);

    /// <summary>A copy of a matrix whose rows lie <paramref name="stride"/> elements apart.</summary>
    protected static Tensor ReadRows(Slice<float> slice, long rows, long columns, long stride) =>
        Read(slice, slice.Length).as_strided([rows, columns], [stride, 1]);

    /// <inheritdoc cref="ReadRows(Slice{float}, long, long, long)"/>
    protected static Tensor ReadRows(Slice<BFloat16> slice, long rows, long columns, long stride) =>
        Read(slice, slice.Length).as_strided([rows, columns], [stride, 1]);

    /// <summary>A copy of an operand that gradients are wanted of.</summary>
    protected static Tensor ReadLeaf(Slice<float> slice, params long[] shape) => Read(slice, shape).requires_grad_();

    /// <summary>Replaces an operand.</summary>
    protected static void Write(Tensor value, Slice<float> slice) =>
        MemoryMarshal.Cast<byte, float>(value.detach().contiguous().bytes)
            .CopyTo(new Span<float>((void*)slice.Address, (int)slice.Length));

    /// <summary>Replaces an operand of bf16; PyTorch rounds.</summary>
    protected static void Write(Tensor value, Slice<BFloat16> slice) =>
        MemoryMarshal.Cast<byte, BFloat16>(value.detach().to_type(torch.ScalarType.BFloat16).contiguous().bytes)
            .CopyTo(new Span<BFloat16>((void*)slice.Address, (int)slice.Length));

    /// <inheritdoc cref="WriteRows(Tensor, Slice{float}, long)"/>
    protected static void WriteRows(Tensor value, Slice<BFloat16> slice, long stride)
    {
        var whole = Read(slice, slice.Length);
        whole.as_strided(value.shape, [stride, 1]).copy_(value.detach());
        Write(whole, slice);
    }

    /// <summary>Replaces a matrix whose rows lie apart; what is between the rows stays.</summary>
    protected static void WriteRows(Tensor value, Slice<float> slice, long stride)
    {
        var whole = Read(slice, slice.Length);
        whole.as_strided(value.shape, [stride, 1]).copy_(value.detach());
        Write(whole, slice);
    }

    /// <summary>Adds to an operand; leaves out one that is not given.</summary>
    protected static void Add(Tensor value, Slice<float> slice)
    {
        if (!slice.IsEmpty)
        {
            Write(Read(slice, value.shape) + value.detach(), slice);
        }
    }

    private static int Elements(long[] shape) => (int)shape.Aggregate(1L, (product, side) => product * side);
}
