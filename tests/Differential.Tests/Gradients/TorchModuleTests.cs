using DPT.Engine.Autograd;

namespace Differential.Tests;

/// <summary>Whole networks against their definition in PyTorch: the result and the gradient of every parameter.</summary>
public sealed class TorchModuleTests
{
    [Test]
    public void TransformerBlock_LikeTorch([Values] bool qkvBias, [Values] bool recompute)
    {
        using var c = new TorchComparison();
        var x = c.Add("x", 3, 9, 16);
        var block = new TransformerBlock(
            new ParameterScope(c.Store)["block"],
            new TransformerBlockConfig(16, 4, MlpRatio: 4, qkvBias, NormEpsilon: 1e-5f, WeightDeviation: 0));
        c.Check(
            tape => recompute ? tape.Recompute(() => block.Forward(tape, x)) : block.Forward(tape, x),
            p => TorchModules.Block(p, "block", p["x"], 4, 1e-5));
    }
}
