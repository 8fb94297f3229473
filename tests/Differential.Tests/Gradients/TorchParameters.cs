using DPT.Engine.Autograd;
using TorchSharp;
using Parameter = TorchSharp.Modules.Parameter;
using ScalarType = TorchSharp.torch.ScalarType;
using TorchTensor = TorchSharp.torch.Tensor;

namespace Differential.Tests;

/// <summary>The parameters of a store as leaves of a PyTorch graph, in a precision of choice.</summary>
internal sealed class TorchParameters
{
    private readonly ScalarType _type;
    private readonly Dictionary<string, Parameter> _leaves;

    public TorchParameters(ParameterStore store, ScalarType type)
    {
        _type = type;
        _leaves = store.Parameters.ToDictionary(
            p => p.Name,
            p => new Parameter(Constant(store.Device.Download(p.Data), [.. p.Shape.ToArray().Select(s => (long)s)])));
    }

    /// <summary>All of them, for an optimiser.</summary>
    public IEnumerable<Parameter> All => _leaves.Values;

    public TorchTensor this[string name] => _leaves[name];

    /// <summary>Whether there is such a parameter.</summary>
    public bool Has(string name) => _leaves.ContainsKey(name);

    /// <summary>Numbers in the precision of the parameters.</summary>
    public TorchTensor Constant(float[] values, params long[] shape) =>
        torch.tensor(values).reshape(shape).to_type(_type);

    public Dictionary<string, double[]> Gradients() => _leaves.ToDictionary(
        p => p.Key,
        p => Read(p.Value.grad ?? throw new InvalidOperationException($"PyTorch has no gradient of '{p.Key}'")));

    public static double[] Read(TorchTensor tensor) =>
        tensor.detach().to_type(ScalarType.Float64).contiguous().data<double>().ToArray();
}
