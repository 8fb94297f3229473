using DPT.Engine.Autograd;
using DPT.Engine.Kernels;
using TorchSharp;

namespace Perf;

/// <summary>A whole training step of a network: forward, backward, AdamW.</summary>
/// <remarks>The rate is 0, so that every step does the same work from the same weights.</remarks>
internal sealed class StepComparison : Comparison
{
    private readonly Network _network;
    private readonly AdamW _optimizer;
    private readonly Tape _tape;
    private readonly DeviceBuffer<float> _losses;
    private readonly RepeatedWork _forwardAndBackward;
    private readonly torch.optim.Optimizer _torchOptimizer;
    private readonly float[] _ours;
    private float[] _theirs = [];

    public StepComparison(Network network)
    {
        _network = network;
        _optimizer = new AdamW(network.Store, new AdamWConfig(0.9f, 0.99f, 0, DecayEverything: true));
        _tape = new Tape(network.Device);
        _losses = network.Device.Allocate<float>(network.Batch);
        _forwardAndBackward = new RepeatedWork(network.Device, ForwardAndBackward);
        _torchOptimizer = torch.optim.AdamW(network.Torch.All, lr: 0);
        _ours = new float[network.Batch];
    }

    /// <summary>Three times the products of the forward pass.</summary>
    public override double Work => 3 * _network.ForwardFlops;

    public override double Tolerance => 1e-4;

    public override void Ours()
    {
        _forwardAndBackward.Run();
        _network.Device.CopyOut(_losses.Slice, _ours);
        _optimizer.Step(0);
    }

    public override void Theirs()
    {
        using var scope = torch.NewDisposeScope();
        _torchOptimizer.zero_grad();
        var losses = _network.TorchLosses(_network.TorchForward());
        losses.mean().backward();
        _torchOptimizer.step();
        _theirs = losses.detach().data<float>().ToArray();
    }

    public override double Disagreement() => Compare(_ours, _theirs);

    public override void Dispose()
    {
        _forwardAndBackward.Dispose();
        _tape.Dispose();
        _losses.Dispose();
        _optimizer.Dispose();
        _torchOptimizer.Dispose();
        _network.Dispose();
    }

    private void ForwardAndBackward()
    {
        var losses = _network.Losses(_tape, _network.Forward(_tape));
        _network.Device.Copy(losses.Data, _losses.Slice);
        _tape.Backward();
    }
}
