using DPT.Engine.Kernels;

namespace DPT.Engine.Autograd;

/// <summary>
/// Numbers of a model that no gradient teaches: what batch norm keeps of the batches that it saw. They are saved and loaded with the
/// weights (<see cref="ParameterStore.Export"/>), and lie outside the flat buffers: no optimiser updates them, nothing decays them, no
/// moving average smooths them, and a model that runs with its average (<see cref="ParameterStore.Substitute"/>) runs with them as they are.
/// </summary>
public sealed class ModelBuffer : Tensor
{
    private readonly ParameterStore _store;

    internal ModelBuffer(ParameterStore store, string name, TensorShape shape, float value)
        : base(shape, needsGradient: false)
    {
        _store = store;
        (Name, Value) = (name, value);
    }

    /// <summary>Dotted name, as in the official weights: <c>block1.layer.0.bn1.running_mean</c>.</summary>
    public string Name { get; }

    /// <inheritdoc/>
    public override Slice<float> Data => _store.DataOf(this);

    /// <summary>First element in the store's memory for buffers.</summary>
    internal long Offset { get; init; }

    /// <summary>What each element starts as.</summary>
    internal float Value { get; }
}
