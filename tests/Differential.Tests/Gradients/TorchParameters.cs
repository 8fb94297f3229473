using DPT.Engine.Autograd;
using TorchSharp;
using Parameter = TorchSharp.Modules.Parameter;
using ScalarType = TorchSharp.torch.ScalarType;
using TorchTensor = TorchSharp.torch.Tensor;

namespace Differential.Tests;

/// <summary>The parameters of a store as leaves of a PyTorch graph, and its buffers beside them, in a precision of choice.</summary>
internal sealed class TorchParameters
{
    private readonly ScalarType _type;
    private readonly Dictionary<string, Parameter> _leaves;
    private readonly Dictionary<string, TorchTensor> _buffers;

    public TorchParameters(ParameterStore store, ScalarType type)
    {
        _type = type;
        _buffers = store.Buffers.ToDictionary(b => b.Name, b => Constant(store.Device.Download(b.Data), -1));
        _leaves = store.Parameters.ToDictionary(
            p => p.Name,
            p => new Parameter(Constant(store.Device.Download(p.Data), [.. p.Shape.ToArray().Select(s => (long)s)])));
    }

    /// <summary>All of them, for an optimiser.</summary>
    public IEnumerable<Parameter> All => _leaves.Values;

    public TorchTensor this[string name] => _leaves[name];

    /// <summary>One of them, for an optimiser.</summary>
    public Parameter Leaf(string name) => _leaves[name];

    /// <summary>Whether there is such a parameter.</summary>
    public bool Has(string name) => _leaves.ContainsKey(name);

    /// <summary>What the model keeps under that name; PyTorch moves it in place.</summary>
    public TorchTensor Buffer(string name) => _buffers[name];

    /// <summary>All of that as it is now.</summary>
    public IEnumerable<(string Name, double[] Values)> Buffers() => _buffers.Select(b => (b.Key, Read(b.Value)));

    /// <summary>Numbers in the precision of the parameters.</summary>
    public TorchTensor Constant(float[] values, params long[] shape) =>
        torch.tensor(values).reshape(shape).to_type(_type);

    /// <summary>Gradients of the parameters that have one.</summary>
    public Dictionary<string, double[]> Gradients() =>
        _leaves.Where(p => p.Value.grad is not null).ToDictionary(p => p.Key, p => Read(p.Value.grad!));

    public static double[] Read(TorchTensor tensor) =>
        tensor.detach().to_type(ScalarType.Float64).contiguous().data<double>().ToArray();
}
