using DPT.Engine.Autograd;
using DPT.Engine.Dpt;
using DPT.Engine.Kernels;
using TorchSharp;
using F = TorchSharp.torch.nn.functional;
using InterpolationMode = TorchSharp.torch.InterpolationMode;
using ScalarType = TorchSharp.torch.ScalarType;
using TorchTensor = TorchSharp.torch.Tensor;

namespace Differential.Tests;

/// <summary>MSN's loss and its network as the official code computes them: values, gradients, and what batch norm keeps.</summary>
public sealed class TorchMsnTests
{
    private const ulong Seed = 5;

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
        var kept = drop > 0 ? new KeptTokens(Side / Patch * (Side / Patch), drop).Draw(seed: 2, step: 7).ToArray() : [];
        using var tokens = c.Device.Upload<int>([0, .. kept]);
        c.Check(
            tape => encoder.Forward(tape, Tape.Constant(new TensorShape(Batch, 1, side, side), images), tokens.Slice.Range(1, kept.Length)),
            p => Embeddings(p, options, p.Constant(pixels, Batch, 1, side, side), kept));
    }

    /// <summary>
    /// Whole steps: the numbers of each depend on all that the steps before it did to weights, prototypes and the average. PyTorch is given
    /// the views and the patches that are kept.
    /// </summary>
    [Test]
    public void Training_LikeTorch()
    {
        const int Steps = 4;
        var options = new MsnOptions
        {
            Network = new() { Network = "vit", PatchSize = 2, Width = 12, Depth = 2, Heads = 3, MlpRatio = 2 },
            Steps = 10, WarmUp = 2, LearningRate = 0.01, Momentum = 0.6, PatchDrop = 0.3, Prototypes = 5, HiddenWidth = 16, EmbeddingWidth = 8,
            Views = new MsnViewConfig(Images: 6, SmallViews: 2, Flip: true),
            ClipNorm = 0.5,
            Loss = new MsnLossConfig { MeanEntropyWeight = 0.7 },
        };
        using var device = new HostDevice(threads: 2, selection: new KernelSelection());
        var images = Noise(20);
        using var trainer = new MsnTrainer(device, options, images, NormalisationStatistics.Of(images), Seed);
        var expected = RunTorch(trainer, options, images, Steps);
        for (var step = 0; step < Steps; step++)
        {
            trainer.RunStep();
            var metrics = trainer.TakeMetrics().ToDictionary(m => m.Name, m => m.Value);
            Assert.Multiple(() =>
            {
                foreach (var (name, value) in expected[step])
                {
                    Assert.That(metrics[name], Is.EqualTo(value).Within(2e-4 * (1 + Math.Abs(value))), $"{name} of step {step + 1}");
                }
            });
        }
    }

    private static List<Dictionary<string, double>> RunTorch(MsnTrainer trainer, MsnOptions options, ImageDataset images, int steps)
    {
        var device = trainer.Store.Device;
        using var views = new MsnViews(device, images, NormalisationStatistics.Of(images), options.Views, Seed);
        using var tape = new Tape(device);
        var tokens = new KeptTokens(16, options.PatchDrop);
        var (p, average) = (new TorchParameters(trainer.Store, ScalarType.Float64), new TorchParameters(trainer.Store, ScalarType.Float64));
        var (shape, first) = trainer.Capture().Tensors["prototypes-model"]["prototypes"];
        var prototypes = new TorchSharp.Modules.Parameter(p.Constant(first, shape[0], shape[1]));
        var names = trainer.Store.Parameters.Select(parameter => parameter.Name).ToList();
        var network = names.ConvertAll(p.Leaf);
        var encoder = new TorchAdamW(network, name => Decays(names[name]));
        var assigner = new TorchAdamW([prototypes], _ => false);
        var rows = new List<Dictionary<string, double>>();
        for (var step = 0; step < steps; step++)
        {
            views.Draw(step);
            var kept = tokens.Draw(Seed, step).ToArray();
            var targets = Targets(Embeddings(average, options.Network, Constant(views.Target), []), prototypes, options.Loss).detach();
            var anchors = torch.cat(
                [Embeddings(p, options.Network, Constant(views.Masked), kept), Embeddings(p, options.Network, Constant(views.Small(tape)), [])]);
            var assignments = Assign(anchors, prototypes, options.Loss.Temperature);
            var crossEntropy = -(targets.repeat(3, 1) * assignments.log()).sum(1).mean();
            var mean = assignments.mean([0]);
            var gap = Math.Log(options.Prototypes) + (mean * mean.log()).sum();
            var loss = crossEntropy + (options.Loss.MeanEntropyWeight * gap);
            loss.backward();
            var norm = torch.nn.utils.clip_grad_norm_(network, options.ClipNorm);
            rows.Add(new Dictionary<string, double>
            {
                ["train/loss"] = loss.item<double>(),
                ["msn/crossEntropy"] = crossEntropy.item<double>(),
                ["msn/meanEntropyGap"] = gap.item<double>(),
                ["msn/entropy"] = -(assignments * assignments.log()).sum(1).mean().item<double>(),
                ["msn/largestTarget"] = targets.amax([1]).mean().item<double>(),
                ["msn/prototypesUsed"] = TorchParameters.Read(targets.argmax(1)).Distinct().Count(),
                ["gradient/norm"] = norm,
            });

            // By hand: 10 steps, planned for 12, two of which the rate rises.
            var cosine = step == 0 ? 0 : 0.5 * (1 + Math.Cos(Math.PI * (step - 1) / 10));
            var rate = step == 0 ? 0.006 : 1e-5 + ((0.01 - 1e-5) * cosine);
            encoder.Step(rate, 0.4 - (0.36 * 0.5 * (1 + Math.Cos(Math.PI * (step + 1) / 12))));
            assigner.Step(rate, 0);
            var momentum = 0.6 + (0.4 * step / 12.5);
            using var _ = torch.no_grad();
            names.ForEach(name => average.Leaf(name).mul_(momentum).add_(p.Leaf(name) * (1 - momentum)));
        }

        return rows;

        TorchTensor Constant(Tensor batch) =>
            p.Constant(device.Download(batch.Data), [.. batch.Shape.ToArray().Select(size => (long)size)]);

        bool Decays(string name) => !name.Contains("bias", StringComparison.Ordinal) && !name.Contains("bn", StringComparison.Ordinal) && p[name].dim() > 1;
    }

    private static ImageDataset Noise(int count)
    {
        var pixels = new byte[count * 64];
        new Random(3).NextBytes(pixels);
        return new ImageDataset("noise", ["0", "1"], 1, 8, pixels, new int[count]);
    }

    /// <summary>AdamW as its paper writes it down, on gradients that it then clears.</summary>
    private sealed class TorchAdamW(IReadOnlyList<TorchSharp.Modules.Parameter> parameters, Predicate<int> decays)
    {
        private readonly TorchTensor[] _first = [.. parameters.Select(p => torch.zeros_like(p))];
        private readonly TorchTensor[] _second = [.. parameters.Select(p => torch.zeros_like(p))];
        private int _steps;

        public void Step(double rate, double decay)
        {
            using var _ = torch.no_grad();
            _steps++;
            for (var i = 0; i < parameters.Count; i++)
            {
                var (x, g) = (parameters[i], parameters[i].grad!);
                _first[i] = (0.9 * _first[i]) + (0.1 * g);
                _second[i] = (0.999 * _second[i]) + (0.001 * g * g);
                var step = _first[i] / (1 - Math.Pow(0.9, _steps)) / ((_second[i] / (1 - Math.Pow(0.999, _steps))).sqrt() + 1e-8);
                x.mul_(decays(i) ? 1 - (rate * decay) : 1).sub_(rate * step);
                g.zero_();
            }
        }
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
