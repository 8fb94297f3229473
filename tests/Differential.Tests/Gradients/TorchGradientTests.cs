using DPT.Engine.Autograd;
using TorchSharp;
using F = TorchSharp.torch.nn.functional;

namespace Differential.Tests;

/// <summary>Operators in company, against PyTorch: a tensor with several uses, and several losses.</summary>
public sealed class TorchGradientTests
{
    [Test]
    public void Linear_InputThatIsAlsoTheResidual_LikeTorch()
    {
        using var c = new TorchComparison();
        var (x, first, second, bias) = (c.Add("x", 6, 5), c.Add("w1", 9, 5), c.Add("w2", 9, 9), c.Add("b", 9));
        c.Check(
            tape =>
            {
                var h = tape.Linear(x, first);
                return tape.Linear(h, second, bias, residual: h);
            },
            p =>
            {
                var h = F.linear(p["x"], p["w1"]);
                return h + F.linear(h, p["w2"], p["b"]);
            });
    }

    [Test]
    public void Linear_SameWeightTwice_AddsBothGradients()
    {
        using var c = new TorchComparison();
        var (x, weight) = (c.Add("x", 4, 6), c.Add("w", 6, 6));
        c.Check(
            tape => tape.Linear(tape.Linear(x, weight), weight),
            p => F.linear(F.linear(p["x"], p["w"]), p["w"]));
    }

    [Test]
    public void Losses_TwoOnOneInput_AddUp()
    {
        using var c = new TorchComparison();
        var (x, weight) = (c.Add("x", 5, 6), c.Add("w", 4, 6));
        var (labels, classes) = c.Labels(5, 4);
        var (target, values) = c.Numbers(20);
        c.CheckLoss(
            tape =>
            {
                var logits = tape.Linear(x, weight);
                tape.SquaredError(logits, target, TorchComparison.LossScale);
                return tape.CrossEntropy(logits, labels, TorchComparison.LossScale);
            },
            p =>
            {
                // The squared error takes part in the gradient only: its value is subtracted again.
                var logits = F.linear(p["x"], p["w"]);
                var squares = (logits - p.Constant(values, 5, 4)).square().mean([1]);
                var losses = F.cross_entropy(logits, torch.tensor(classes), reduction: torch.nn.Reduction.None);
                return losses + squares - squares.detach();
            });
    }
}
