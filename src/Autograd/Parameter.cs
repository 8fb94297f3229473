using DPT.Engine.Kernels;

namespace DPT.Engine.Autograd;

/// <summary>
/// A learned tensor: a named range of the flat buffers of its <see cref="ParameterStore"/>. Its gradient always exists and is
/// always added to; the optimiser clears it. While it is frozen (<see cref="ParameterStore.Freeze"/>) it is an input like any
/// constant, and its gradient is zero.
/// </summary>
public sealed class Parameter : Tensor
{
    private readonly ParameterStore _store;

    internal Parameter(
        ParameterStore store, string name, TensorShape shape, Initializer initializer, bool decays, bool isHidden)
        : base(shape, needsGradient: true)
    {
        if (isHidden && shape.Rank != 2)
        {
            throw new ArgumentException($"parameter '{name}' is {shape}: a hidden matrix has two sizes");
        }

        _store = store;
        Name = name;
        Initializer = initializer;
        Decays = decays;
        IsHidden = isHidden;
    }

    /// <summary>Dotted name, as in the official weights: <c>in_blocks.0.attn.qkv.weight</c>.</summary>
    public string Name { get; }

    /// <summary>Whether weight decay applies where an optimiser excludes norms and biases.</summary>
    public bool Decays { get; }

    /// <summary>
    /// Whether it is a matrix from hidden layer to hidden layer, which <see cref="Muon"/> updates as a matrix; embeddings and
    /// heads, whose rows stand for something, are none.
    /// </summary>
    public bool IsHidden { get; }

    /// <inheritdoc/>
    public override Slice<float> Data => _store.Values.Range(Offset, Shape.Count);

    /// <inheritdoc/>
    public override bool HasGradient => NeedsGradient;

    /// <inheritdoc/>
    public override Slice<float> Gradient => _store.Gradients.Range(Offset, Shape.Count);

    /// <summary>First element in the flat buffers.</summary>
    public long Offset { get; internal set; }

    internal Initializer Initializer { get; }

    private protected override long Version => _store.Version;

    internal override Slice<float> GradientTarget(Device device, out bool accumulate)
    {
        accumulate = true;
        return Gradient;
    }
}
