using DPT.Engine.Kernels;

namespace DPT.Engine.Autograd;

/// <summary>The shape checks that operators share: one wording.</summary>
internal static class Shapes
{
    public static void Require(string op, string name, Tensor tensor, TensorShape expected)
    {
        if (tensor.Shape != expected)
        {
            throw new ArgumentException($"{op}: '{name}' has shape {tensor.Shape}, expected {expected}");
        }
    }

    public static void RequireIfGiven(string op, string name, Tensor? tensor, TensorShape expected)
    {
        if (tensor is not null)
        {
            Require(op, name, tensor, expected);
        }
    }

    public static void RequireLength<T>(string op, string name, Slice<T> slice, long length) where T : unmanaged
    {
        if (slice.Length != length)
        {
            throw new ArgumentException($"{op}: '{name}' has {slice.Length} elements, expected {length}");
        }
    }

    public static void RequireLengthIfGiven<T>(string op, string name, Slice<T> slice, long length) where T : unmanaged
    {
        if (!slice.IsEmpty)
        {
            RequireLength(op, name, slice, length);
        }
    }

    public static void RequireMatrix(string op, Tensor weight, int ins)
    {
        if (weight.Shape.Rank != 2 || weight.Shape[1] != ins)
        {
            throw new ArgumentException($"{op}: a weight of shape {weight.Shape} cannot take rows of {ins}");
        }
    }

    public static void RequireRank(string op, string name, Tensor tensor, int rank)
    {
        if (tensor.Shape.Rank != rank)
        {
            throw new ArgumentException($"{op}: '{name}' has shape {tensor.Shape}, expected {rank} dimensions");
        }
    }
}
