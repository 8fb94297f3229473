using DPT.Engine.Autograd;
using TorchSharp;

namespace Perf;

/// <summary>What a network says of a batch, with nothing kept for a gradient.</summary>
internal sealed class ForwardComparison(Network network) : Comparison
{
    private readonly Tape _tape = new(network.Device);
    private float[] _ours = [];
    private float[] _theirs = [];

    public override double Work => network.ForwardFlops;

    public override double Tolerance => 1e-4;

    public override void Ours()
    {
        var result = _tape.WithoutGradient(() => network.Forward(_tape));
        _ours = network.Device.Download(result.Data);
        _tape.Reset();
    }

    public override void Theirs()
    {
        using var scope = torch.NewDisposeScope();
        using var noGradient = torch.no_grad();
        _theirs = network.TorchForward().data<float>().ToArray();
    }

    public override double Disagreement() => Compare(_ours, _theirs);

    public override void Dispose()
    {
        _tape.Dispose();
        network.Dispose();
    }
}
