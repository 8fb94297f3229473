using DPT.Engine.Autograd;
using DPT.Engine.Kernels;
using TorchSharp;
using F = TorchSharp.torch.nn.functional;

namespace Differential.Tests;

/// <summary>Every differentiable operator against PyTorch's autograd: the result and all gradients.</summary>
public sealed class TorchGradientTests
{
    [Test]
    public void Linear_WithAndWithoutBias_LikeTorch([Values] bool bias)
    {
        using var c = new TorchComparison();
        var (x, weight) = (c.Add("x", 3, 5, 7), c.Add("w", 11, 7));
        var b = bias ? c.Add("b", 11) : null;
        c.Check(tape => tape.Linear(x, weight, b), p => F.linear(p["x"], p["w"], bias ? p["b"] : null));
    }

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

    [TestCase(Activation.Gelu, true)]
    [TestCase(Activation.Gelu, false)]
    [TestCase(Activation.Silu, false)]
    public void Mlp_LikeTorch(Activation activation, bool residual)
    {
        using var c = new TorchComparison();
        var x = c.Add("x", 2, 5, 8);
        var (w1, b1, w2, b2) = (c.Add("w1", 19, 8), c.Add("b1", 19), c.Add("w2", 8, 19), c.Add("b2", 8));
        c.Check(
            tape => tape.Mlp(x, w1, b1, w2, b2, activation, residual ? x : null),
            p =>
            {
                var hidden = TorchActivation.Apply(activation, F.linear(p["x"], p["w1"], p["b1"]));
                var y = F.linear(hidden, p["w2"], p["b2"]);
                return residual ? y + p["x"] : y;
            });
    }

    [TestCase(1e-5f)]
    [TestCase(1e-6f)]
    public void LayerNorm_LikeTorch(float epsilon)
    {
        using var c = new TorchComparison();
        var (x, gamma, beta) = (c.Add("x", 3, 4, 13), c.Add("g", 13), c.Add("b", 13));
        c.Check(
            tape => tape.LayerNorm(x, gamma, beta, epsilon),
            p => F.layer_norm(p["x"], [13], p["g"], p["b"], epsilon));
    }

    [Test]
    public void LayerNormFirstToken_LikeTorch_OthersGetNoGradient()
    {
        using var c = new TorchComparison();
        var (x, weight) = (c.Add("x", 3, 4, 9), c.Add("w", 13, 9));
        var (gamma, beta) = (c.Add("g", 13), c.Add("b", 13));
        c.Check(
            tape => tape.LayerNormFirstToken(tape.Linear(x, weight), gamma, beta, 1e-5f),
            p => F.layer_norm(F.linear(p["x"], p["w"]).select(1, 0), [13], p["g"], p["b"], 1e-5));
    }

    [TestCase(1, 1, 4)]
    [TestCase(7, 3, 5)]
    [TestCase(66, 2, 16)]
    public void Attention_LikeTorch(int tokens, int heads, int headSize)
    {
        using var c = new TorchComparison();
        var (x, weight) = (c.Add("x", 2, tokens, 6), c.Add("w", 3 * heads * headSize, 6));
        c.Check(
            tape => tape.Attention(tape.Linear(x, weight), heads),
            p => TorchModules.Attention(F.linear(p["x"], p["w"]), heads));
    }

    [Test]
    public void PatchEmbed_LabelAndTime_LikeTorch()
    {
        const int Width = 10;
        using var c = new TorchComparison();
        var parts = new PatchEmbedOp.Parts(
            c.Add("w", Width, 2, 3, 3), c.Add("b", Width), c.Add("position", 1, 6, Width), c.Add("table", 4, Width));
        var (image, pixels) = c.Numbers(3 * 2 * 36);
        var (labels, rows) = c.Labels(3, 4);
        var (times, t) = c.Numbers(3);
        c.Check(
            tape => tape.PatchEmbed(Tape.Constant(new TensorShape(3, 2, 6, 6), image), parts, labels, times),
            p => torch.cat(
                [
                    p["table"].index_select(0, torch.tensor(rows)).unsqueeze(1),
                    TorchModules.Time(p.Constant(t, 3), Width),
                    TorchModules.Patches(p.Constant(pixels, 3, 2, 6, 6), p["w"], p["b"]),
                ], 1) + p["position"]);
    }

    [Test]
    public void PatchEmbed_ClassToken_LikeTorch()
    {
        using var c = new TorchComparison();
        var parts = new PatchEmbedOp.Parts(
            c.Add("w", 7, 1, 2, 2), c.Add("b", 7), c.Add("position", 1, 5, 7), ClassToken: c.Add("class", 1, 1, 7));
        var (image, pixels) = c.Numbers(3 * 16);
        c.Check(
            tape => tape.PatchEmbed(Tape.Constant(new TensorShape(3, 1, 4, 4), image), parts),
            p => torch.cat(
                [
                    p["class"].expand(3, 1, 7),
                    TorchModules.Patches(p.Constant(pixels, 3, 1, 4, 4), p["w"], p["b"]),
                ], 1) + p["position"]);
    }

    [Test]
    public void Unpatchify_WithAndWithoutConvolution_LikeTorch([Values] bool convolution)
    {
        var grid = new PatchGrid(Batch: 3, Channels: 3, ImageSize: 6, PatchSize: 2, ExtraTokens: 2);
        using var c = new TorchComparison();
        var (x, weight) = (c.Add("x", 3, grid.Tokens, 5), c.Add("w", grid.PatchElements, 5));
        var kernel = convolution ? c.Add("kernel", 3, 3, 3, 3) : null;
        var bias = convolution ? c.Add("bias", 3) : null;
        c.Check(
            tape => tape.Unpatchify(tape.Linear(x, weight), grid, kernel, bias),
            p =>
            {
                var image = TorchModules.Unpatchify(F.linear(p["x"], p["w"]), 2, 3);
                return convolution ? TorchModules.Convolve3x3(image, p["kernel"], p["bias"]) : image;
            });
    }

    [Test]
    public void SkipLinear_LikeTorchOnTheConcatenation()
    {
        using var c = new TorchComparison();
        var (x, skip) = (c.Add("x", 2, 5, 6), c.Add("skip", 2, 5, 6));
        var (weight, bias) = (c.Add("w", 7, 12), c.Add("b", 7));
        c.Check(
            tape => tape.SkipLinear(x, skip, weight, bias),
            p => F.linear(torch.cat([p["x"], p["skip"]], -1), p["w"], p["b"]));
    }

    [Test]
    public void CrossEntropy_Labels_LikeTorch([Values] bool weighted)
    {
        using var c = new TorchComparison();
        var logits = c.Add("logits", 9, 10);
        var (labels, classes) = c.Labels(9, 10);
        var (weights, w) = c.Numbers(9);
        c.CheckLoss(
            tape => tape.CrossEntropy(logits, labels, TorchComparison.LossScale, weighted ? weights : default),
            p => F.cross_entropy(p["logits"], torch.tensor(classes), reduction: torch.nn.Reduction.None)
                * (weighted ? p.Constant(w, 9) : p.Constant([1], 1)));
    }

    [Test]
    public void SoftCrossEntropy_Distributions_LikeTorch()
    {
        using var c = new TorchComparison();
        var logits = c.Add("logits", 6, 4);
        float[] targets = [.. Enumerable.Range(0, 24).Select(i => (i % 4) switch { 0 => 0.5f, 1 => 0.25f, 2 => 0.25f, _ => 0 })];
        using var ours = c.Device.Upload<float>(targets);
        c.CheckLoss(
            tape => tape.SoftCrossEntropy(logits, ours.Slice, TorchComparison.LossScale),
            p => F.cross_entropy(p["logits"], p.Constant(targets, 6, 4), reduction: torch.nn.Reduction.None));
    }

    [Test]
    public void SquaredError_MaskedSamples_LikeTorch()
    {
        using var c = new TorchComparison();
        var prediction = c.Add("prediction", 4, 3, 5);
        var (target, values) = c.Numbers(60);
        float[] mask = [1, 0, 2.5f, 1];
        using var weights = c.Device.Upload<float>(mask);
        c.CheckLoss(
            tape => tape.SquaredError(prediction, target, TorchComparison.LossScale, weights.Slice),
            p => (p["prediction"] - p.Constant(values, 4, 3, 5)).square().mean([1, 2]) * p.Constant(mask, 4));
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
