using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace Autograd.Tests;

/// <summary>Every differentiable operator against finite differences; inputs are parameters so that they are checked too.</summary>
public sealed class OperatorGradientTests
{
    private HostDevice _device = null!;
    private ParameterStore _store = null!;

    [SetUp]
    public void Open()
    {
        _device = new HostDevice(threads: 2);
        _store = new ParameterStore(_device);
    }

    [TearDown]
    public void Close()
    {
        _store.Dispose();
        Assert.That(_device.Memory.LiveBlocks, Is.Zero, "device memory leaked");
        _device.Dispose();
    }

    [Test]
    public void Linear_WithBiasAndResidual_MatchesFiniteDifferences()
    {
        var x = Normal("x", 3, 5, 7);
        var weight = Normal("weight", 6, 7);
        var bias = Normal("bias", 6);
        var residual = Normal("residual", 3, 5, 6);
        Check([3, 5, 6], tape => tape.Linear(x, weight, bias, residual));
    }

    [Test]
    public void Linear_SameInputTwice_AddsItsGradients()
    {
        var x = Normal("x", 4, 5);
        var weight = Normal("weight", 5, 5);
        Check([4, 5], tape => tape.Linear(tape.Linear(x, weight, residual: x), weight, residual: x));
    }

    [Test]
    public void Mlp_WithResidual_MatchesFiniteDifferences(
        [Values(Activation.Gelu, Activation.Silu)] Activation activation)
    {
        var x = Normal("x", 9, 5);
        var (w1, b1) = (Normal("w1", 11, 5), Normal("b1", 11));
        var (w2, b2) = (Normal("w2", 6, 11), Normal("b2", 6));
        var residual = Normal("residual", 9, 6);
        Check([9, 6], tape => tape.Mlp(x, w1, b1, w2, b2, activation, residual));
    }

    [Test]
    public void Attention_MatchesFiniteDifferences()
    {
        var qkv = Normal("qkv", 2, 7, 3 * 10);
        // A linear layer in front gives the packed array a gradient that is written, not added.
        var weight = Normal("weight", 30, 30);
        Check([2, 7, 10], tape => tape.Attention(tape.Linear(qkv, weight), heads: 2));
    }

    [Test]
    public void LayerNorm_MatchesFiniteDifferences()
    {
        var (x, gamma, beta) = (Normal("x", 6, 9), Normal("gamma", 9), Normal("beta", 9));
        Check([6, 9], tape => tape.LayerNorm(x, gamma, beta, 1e-5f));
    }

    [Test]
    public void LayerNormFirstToken_MatchesFiniteDifferences()
    {
        var (x, gamma, beta) = (Normal("x", 4, 3, 9), Normal("gamma", 9), Normal("beta", 9));
        var weight = Normal("weight", 9, 9);
        Check([4, 9], tape => tape.LayerNormFirstToken(tape.Linear(x, weight), gamma, beta, 1e-5f));
    }

    [Test]
    public void SkipLinear_MatchesFiniteDifferences()
    {
        var (x, skip) = (Normal("x", 5, 4), Normal("skip", 5, 4));
        var (weight, bias) = (Normal("weight", 6, 8), Normal("bias", 6));
        Check([5, 6], tape => tape.SkipLinear(x, skip, weight, bias));
    }

    [Test]
    public void PatchEmbed_WithLabelAndTime_MatchesFiniteDifferences()
    {
        var parts = new PatchEmbedOp.Parts(
            Normal("weight", 10, 3, 2, 2), Normal("bias", 10), Normal("position", 1, 6, 10), Normal("labels", 4, 10));
        using var image = _device.Upload<float>(Numbers(2 * 3 * 4 * 4, 5));
        using var labels = _device.Upload<int>([3, 1]);
        using var times = _device.Upload<float>([12.5f, 700]);
        Check([2, 6, 10], tape => tape.PatchEmbed(
            Tape.Constant(new TensorShape(2, 3, 4, 4), image.Slice), parts, labels.Slice, times.Slice));
    }

    [Test]
    public void PatchEmbed_WithClassToken_MatchesFiniteDifferences()
    {
        var parts = new PatchEmbedOp.Parts(
            Normal("weight", 8, 1, 2, 2), Normal("bias", 8), Normal("position", 1, 5, 8),
            ClassToken: Normal("class", 1, 1, 8));
        using var image = _device.Upload<float>(Numbers(3 * 4 * 4, 5));
        Check([3, 5, 8], tape => tape.PatchEmbed(Tape.Constant(new TensorShape(3, 1, 4, 4), image.Slice), parts));
    }

    [Test]
    public void Unpatchify_WithConvolution_MatchesFiniteDifferences()
    {
        var grid = new PatchGrid(Batch: 2, Channels: 3, ImageSize: 4, PatchSize: 2, ExtraTokens: 2);
        var tokens = Normal("tokens", 2, 6, 12);
        var mix = Normal("mix", 12, 12);
        var (weight, bias) = (Normal("weight", 3, 3, 3, 3), Normal("bias", 3));
        Check([2, 3, 4, 4], tape => tape.Unpatchify(tape.Linear(tokens, mix), grid, weight, bias));
    }

    [Test]
    public void CrossEntropy_HardSoftAndWeighted_MatchFiniteDifferences()
    {
        var x = Normal("x", 5, 4);
        var weight = Normal("weight", 4, 4);
        _store.Initialize(3);
        using var labels = _device.Upload<int>([0, 3, 1, 2, 2]);
        using var targets = _device.Upload<float>([.. Enumerable.Repeat(0.25f, 20)]);
        using var rows = _device.Upload<float>([1, 0, 2, 0.5f, 1]);
        GradientCheck.Run(_store, tape => tape.CrossEntropy(tape.Linear(x, weight), labels.Slice, 1, rows.Slice));
        _device.Clear(_store.Gradients);
        GradientCheck.Run(_store, tape => tape.SoftCrossEntropy(tape.Linear(x, weight), targets.Slice, 1));
    }

    [Test]
    public void Losses_TwoOnOneInput_AddTheirGradients()
    {
        var x = Normal("x", 2, 3);
        var weight = Normal("weight", 3, 3);
        _store.Initialize(3);
        using var first = _device.Upload<int>([0, 2]);
        using var second = _device.Upload<int>([1, 1]);
        float[] Gradient(params Slice<int>[] labels)
        {
            using var tape = new Tape(_device);
            var logits = tape.Linear(x, weight);
            foreach (var l in labels)
            {
                tape.CrossEntropy(logits, l, 1);
            }

            tape.Backward();
            var gradient = _device.Download(weight.Gradient);
            _device.Clear(_store.Gradients);
            return gradient;
        }

        var sum = Gradient(first.Slice).Zip(Gradient(second.Slice), (a, b) => a + b).ToArray();
        Assert.That(Gradient(first.Slice, second.Slice), Is.EqualTo(sum).Within(1e-6));
    }

    private Parameter Normal(string name, params int[] shape) =>
        _store.Add(name, new TensorShape(shape), Initializer.Normal(0.7f));

    private static float[] Numbers(int count, int sample)
    {
        var random = new PhiloxStream(11, 3, sample);
        return [.. Enumerable.Range(0, count).Select(_ => random.NextNormal())];
    }

    private void Check(int[] outputShape, Func<Tape, Tensor> network)
    {
        _store.Initialize(3);
        var shape = new TensorShape(outputShape);
        using var target = _device.Upload<float>(Numbers((int)shape.Count, 1));
        GradientCheck.Run(_store, tape =>
        {
            var output = network(tape);
            Assert.That(output.Shape, Is.EqualTo(shape));
            return tape.SquaredError(output, target.Slice, scale: 1);
        });
    }
}
