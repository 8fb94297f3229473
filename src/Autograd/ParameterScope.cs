namespace DPT.Engine.Autograd;

/// <summary>A store seen under a prefix: a module registers <c>weight</c>, the model knows <c>blocks.3.norm1.weight</c>.</summary>
/// <param name="Store">The model's store.</param>
/// <param name="Prefix">Prefix with its final dot, or empty.</param>
public readonly record struct ParameterScope(ParameterStore Store, string Prefix = "")
{
    /// <summary>The scope of a named part.</summary>
    public ParameterScope this[string part] => this with { Prefix = $"{Prefix}{part}." };

    /// <summary>Registers a parameter under the prefix, see <see cref="ParameterStore.Add"/>.</summary>
    public Parameter Add(string name, TensorShape shape, Initializer initializer, bool decays = true, bool isHidden = false) =>
        Store.Add(Prefix + name, shape, initializer, decays, isHidden);

    /// <summary>Registers a buffer under the prefix, see <see cref="ParameterStore.AddBuffer"/>.</summary>
    public ModelBuffer AddBuffer(string name, TensorShape shape, float value) => Store.AddBuffer(Prefix + name, shape, value);
}
