using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.TestSupport;

/// <summary>One use of a differentiable operator: all that the checks of every operator need to know of it.</summary>
/// <param name="Name">Operator, and what is special about this use.</param>
/// <param name="Inputs">Tensors by name with their shapes; each may need a gradient or not.</param>
/// <param name="Run">Applies the operator.</param>
public sealed record OperatorExample(
    string Name, (string Name, int[] Shape)[] Inputs, Func<Tape, OperatorInputs, Tensor> Run)
{
    /// <summary>Whether the result is that of a loss, which brings its input's gradient itself.</summary>
    public bool IsLoss { get; init; }

    /// <summary>Inputs whose values are in (0.5, 1.5) instead of normal.</summary>
    public string[] Positive { get; init; } = [];

    /// <summary>Inputs whose gradients come out of one kernel: all of its work is done for any of them.</summary>
    public string[] OneKernel { get; init; } = [];

    /// <summary>Calls of the backward pass that those inputs share: that kernel, and what leads to it.</summary>
    public int SharedCalls { get; init; } = 1;

    /// <summary>The same use with one input of another shape: a size larger by one, a dimension more, a dimension less.</summary>
    public IEnumerable<OperatorExample> WrongShapes() =>
        from input in Inputs
        from shape in OtherShapes(input.Shape)
        select this with
        {
            Name = $"{Name}, '{input.Name}' of [{string.Join(", ", shape)}]",
            Inputs = [.. Inputs.Select(i => i.Name == input.Name ? (i.Name, shape) : i)],
        };

    public override string ToString() => Name;

    private static IEnumerable<int[]> OtherShapes(int[] shape)
    {
        for (var axis = 0; axis < shape.Length; axis++)
        {
            yield return [.. shape.Select((size, i) => i == axis ? size + 1 : size)];
        }

        if (shape.Length < 4)
        {
            yield return [1, .. shape];
        }

        if (shape.Length > 1)
        {
            yield return shape[1..];
        }
    }
}

/// <summary>The tensors of an example, and numbers beside them that have no gradient.</summary>
public sealed class OperatorInputs(Device device, IReadOnlyDictionary<string, Tensor> tensors) : IDisposable
{
    private readonly List<IDisposable> _buffers = [];

    /// <summary>Factor on the gradients of losses.</summary>
    public float LossScale { get; init; } = 1;

    public Tensor this[string name] => tensors[name];

    public Slice<int> Ints(params int[] values) => Keep(device.Upload<int>(values));

    public Slice<float> Floats(params float[] values) => Keep(device.Upload<float>(values));

    public void Dispose() => _buffers.ForEach(buffer => buffer.Dispose());

    private Slice<T> Keep<T>(DeviceBuffer<T> buffer) where T : unmanaged
    {
        _buffers.Add(buffer);
        return buffer.Slice;
    }
}
