using DPT.Engine.Autograd;
using DPT.Engine.Dpt;
using F = TorchSharp.torch.nn.functional;
using TorchTensor = TorchSharp.torch.Tensor;

namespace Differential.Tests;

/// <summary>MSN's loss as its official code computes it: values, and gradients of anchors and prototypes.</summary>
public sealed class TorchMsnTests
{
    [TestCase(2, 1, 3, 2, 0.1, 0.25, true)]
    [TestCase(5, 3, 7, 9, 0.1, 0.25, true)]
    [TestCase(5, 3, 7, 9, 0.1, 0.25, false)]
    [TestCase(4, 2, 33, 6, 0.3, 1, true)]
    public void Loss_LikeTorch(int batch, int views, int width, int prototypes, double temperature, double sharpening, bool balances)
    {
        var config = new MsnLossConfig
        {
            Temperature = temperature, Sharpening = sharpening, BalancesTargets = balances, MeanEntropyWeight = 0.7,
        };
        using var c = new TorchComparison();
        var (anchors, q) = (c.Add("anchors", views * batch, width), c.Add("prototypes", prototypes, width));
        var (whole, values) = c.Numbers(batch * width);
        c.CheckGradients(
            tape =>
            {
                var targets = MsnLoss.Targets(tape, Tape.Constant(new(batch, width), whole), q, config);
                return MsnLoss.Minimize(tape, anchors, q, targets, config).CrossEntropy;
            },
            p =>
            {
                var targets = Targets(p.Constant(values, batch, width), p["prototypes"], config).detach().repeat(views, 1);
                var assignments = Assign(p["anchors"], p["prototypes"], temperature);
                var crossEntropy = -(targets * assignments.log()).sum(1);
                var mean = assignments.mean([0]);
                var gap = Math.Log(prototypes) - mean.pow(-mean).log().sum();
                return (crossEntropy, crossEntropy.mean() + (config.MeanEntropyWeight * gap));
            });
    }

    private static TorchTensor Assign(TorchTensor embeddings, TorchTensor prototypes, double temperature) => F.softmax(
        F.normalize(embeddings).matmul(F.normalize(prototypes).t()) / temperature, 1);

    private static TorchTensor Targets(TorchTensor embeddings, TorchTensor prototypes, MsnLossConfig config)
    {
        var sharp = Assign(embeddings, prototypes, config.Temperature).pow(1 / config.Sharpening);
        sharp /= sharp.sum(1, keepdim: true);
        return config.BalancesTargets ? Sinkhorn(sharp) : sharp;
    }

    private static TorchTensor Sinkhorn(TorchTensor targets)
    {
        var (batch, prototypes) = (targets.shape[0], targets.shape[1]);
        var q = targets.t() / targets.sum();
        for (var round = 0; round < 3; round++)
        {
            q = q / q.sum(1, keepdim: true) / prototypes;
            q = q / q.sum(0, keepdim: true) / batch;
        }

        return (q * batch).t();
    }
}
