using DPT.Engine.Autograd;
using TorchSharp;

namespace Perf;

/// <summary>A whole training step of a network: forward, backward, AdamW.</summary>
/// <remarks>The rate is 0, so that every step does the same work from the same weights.</remarks>
internal sealed class StepContest(Network network) : Contest
{
    private readonly AdamW _optimizer = new(network.Store, new AdamWConfig(0.9f, 0.99f, 0, DecayEverything: true));
    private readonly Tape _tape = new(network.Device);
    private readonly torch.optim.Optimizer _torchOptimizer = torch.optim.AdamW(network.Torch.All, lr: 0);
    private float[] _ours = [];
    private float[] _theirs = [];

    /// <summary>Three times the products of the forward pass.</summary>
    public override double Work => 3 * network.ForwardFlops;

    public override double Tolerance => 1e-4;

    public override void Ours()
    {
        var losses = network.Losses(_tape, network.Forward(_tape));
        _ours = network.Device.Download(losses.Data);
        _tape.Backward();
        _optimizer.Step(0);
    }

    public override void Theirs()
    {
        using var scope = torch.NewDisposeScope();
        _torchOptimizer.zero_grad();
        var losses = network.TorchLosses(network.TorchForward());
        losses.mean().backward();
        _torchOptimizer.step();
        _theirs = losses.detach().data<float>().ToArray();
    }

    public override double Disagreement() => Compare(_ours, _theirs);

    public override void Dispose()
    {
        _tape.Dispose();
        _optimizer.Dispose();
        _torchOptimizer.Dispose();
        network.Dispose();
    }
}
