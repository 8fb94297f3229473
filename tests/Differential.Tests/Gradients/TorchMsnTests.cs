using DPT.Engine.Autograd;
using DPT.Engine.Dpt;
using TorchSharp;
using F = TorchSharp.torch.nn.functional;
using InterpolationMode = TorchSharp.torch.InterpolationMode;
using TorchTensor = TorchSharp.torch.Tensor;

namespace Differential.Tests;

/// <summary>MSN's loss and its network as the official code computes them: values, gradients, and what batch norm keeps.</summary>
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

    /// <summary>Whole views of 16 patches, masked ones, and small ones of 4 and 9, whose positions lie between those that learn.</summary>
    [TestCase(8, 0)]
    [TestCase(8, 0.3)]
    [TestCase(4, 0)]
    [TestCase(6, 0)]
    public void Encoder_LikeTorch(int side, double drop)
    {
        const int Batch = 5, Side = 8, Patch = 2;
        var options = new ClassifierOptions { Network = "vit", PatchSize = Patch, Width = 12, Depth = 2, Heads = 3, MlpRatio = 2 };
        using var c = new TorchComparison();
        using var encoder = new MsnEncoder(
            c.Store, options, new ImageForm(1, Side, 10), smallSide: side == Side ? 4 : side, hidden: 16, outs: 6);
        var (images, pixels) = c.Numbers(Batch * side * side);
        var kept = drop > 0 ? new KeptTokens(Side / Patch * (Side / Patch), drop).Draw(seed: 2, step: 7) : [];
        using var tokens = c.Device.Upload<int>([0, .. kept]);
        c.Check(
            tape => encoder.Forward(tape, Tape.Constant(new TensorShape(Batch, 1, side, side), images), tokens.Slice.Range(1, kept.Length)),
            p => Embeddings(p, options, p.Constant(pixels, Batch, 1, side, side), kept));
    }

    private static TorchTensor Embeddings(TorchParameters p, ClassifierOptions options, TorchTensor images, int[] kept)
    {
        const double Epsilon = 1e-6;
        var patches = TorchModules.Patches(images, p["patch_embed.proj.weight"], p["patch_embed.proj.bias"]);
        var x = torch.cat([p["cls_token"].expand(images.shape[0], 1, options.Width), patches], 1) + Positions(p["pos_embed"], patches.shape[1]);
        x = kept.Length > 0 ? x.index_select(1, torch.tensor(kept)) : x;
        for (var i = 0; i < options.Depth; i++)
        {
            x = TorchModules.Block(p, $"blocks.{i}", x, options.Heads, Epsilon);
        }

        x = TorchModules.LayerNorm(p, "norm", x, Epsilon).select(1, 0);
        x = F.gelu(Normalised(p, "fc.bn1", TorchModules.Linear(p, "fc.fc1", x)));
        x = F.gelu(Normalised(p, "fc.bn2", TorchModules.Linear(p, "fc.fc2", x)));
        return TorchModules.Linear(p, "fc.fc3", x);
    }

    private static TorchTensor Positions(TorchTensor positions, long patches)
    {
        var (width, side) = (positions.shape[2], (long)Math.Sqrt(positions.shape[1] - 1));
        if (patches == side * side)
        {
            return positions;
        }

        var grid = positions.narrow(1, 1, side * side).reshape(1, side, side, width).permute(0, 3, 1, 2);
        var factor = Math.Sqrt(patches / (double)(side * side));
        var resized = F.interpolate(grid, scale_factor: [factor, factor], mode: InterpolationMode.Bicubic, align_corners: false);
        return torch.cat([positions.narrow(1, 0, 1), resized.permute(0, 2, 3, 1).reshape(1, patches, width)], 1);
    }

    private static TorchTensor Normalised(TorchParameters p, string name, TorchTensor x) => F.batch_norm(
        x, p.Buffer(name + ".running_mean"), p.Buffer(name + ".running_var"), p[name + ".weight"], p[name + ".bias"], training: true);

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
