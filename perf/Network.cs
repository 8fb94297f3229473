using Differential.Tests;
using DPT.Engine.Autograd;
using DPT.Engine.Kernels;
using TorchSharp;
using TorchTensor = TorchSharp.torch.Tensor;

namespace Perf;

/// <summary>A whole network with the same weights and the same batch on both sides.</summary>
internal abstract class Network : IDisposable
{
    private readonly List<IDisposable> _owned = [];
    private TorchParameters? _torch;

    protected Network(HostDevice device)
    {
        Device = device;
        Store = Own(new ParameterStore(device));
    }

    public HostDevice Device { get; }

    /// <summary>Our weights.</summary>
    public ParameterStore Store { get; }

    /// <summary>Their weights.</summary>
    public TorchParameters Torch => _torch ?? throw new InvalidOperationException("no weights yet");

    /// <summary>Images of the batch.</summary>
    public abstract int Batch { get; }

    /// <summary>Operations of the products of one forward pass.</summary>
    public abstract double ForwardFlops { get; }

    /// <summary>Our result for the batch.</summary>
    public abstract Tensor Forward(Tape tape);

    /// <summary>Our loss of each image; the tape minimises their mean.</summary>
    public abstract Tensor Losses(Tape tape, Tensor result);

    /// <summary>Their result for the batch.</summary>
    public abstract TorchTensor TorchForward();

    /// <summary>Their loss of each image.</summary>
    public abstract TorchTensor TorchLosses(TorchTensor result);

    public void Dispose()
    {
        foreach (var owned in _owned)
        {
            owned.Dispose();
        }
    }

    /// <summary>Operations of a transformer's blocks: two for each weight and token, and the two products of attention.</summary>
    protected static double BlockFlops(double blocks, double tokens, double width, double mlpRatio) =>
        blocks * tokens * width * (((8 + (4 * mlpRatio)) * width) + (4 * tokens));

    /// <summary>Fills our weights, once the network has asked for them, and gives theirs the same values.</summary>
    protected void Initialize()
    {
        Store.Initialize(1);
        _torch = new TorchParameters(Store, torch.ScalarType.Float32);
    }

    /// <summary>Something that goes when the network goes.</summary>
    protected T Own<T>(T owned) where T : IDisposable
    {
        _owned.Add(owned);
        return owned;
    }

    /// <summary>Standard normal numbers.</summary>
    protected static float[] Normal(TensorShape shape, int sample)
    {
        var random = new PhiloxStream(1, RandomStreams.FirstFree, sample);
        var values = new float[shape.Count];
        foreach (ref var value in values.AsSpan())
        {
            value = random.NextNormal();
        }

        return values;
    }
}
