using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace Autograd.Tests;

/// <summary>What modules register, and a transformer block against its definition written out in double.</summary>
public sealed class ModuleTests
{
    private const int Tokens = 3, Width = 4, Heads = 2;
    private const float Epsilon = 0.5f;

    private static readonly TransformerBlockConfig Config =
        new(Width, Heads, MlpRatio: 2, QkvBias: true, Epsilon, WeightDeviation: 0);

    private HostDevice _device = null!;
    private ParameterStore _store = null!;

    [SetUp]
    public void Open()
    {
        _device = new HostDevice(1);
        _store = new ParameterStore(_device);
    }

    [TearDown]
    public void Close()
    {
        _store.Dispose();
        _device.Dispose();
    }

    /// <summary>Weights of matrices decay; biases and norms, which start at 0 and 1, do not.</summary>
    [Test]
    public void Block_RegistersTheOfficialNames_WithTheirStartsAndDecay()
    {
        _ = new TransformerBlock(new ParameterScope(_store), Config);
        _store.Initialize(1);
        string[] layers = ["attn.qkv", "attn.proj", "mlp.fc1", "mlp.fc2"];
        string[] norms = ["norm1", "norm2"];
        Assert.Multiple(() =>
        {
            Assert.That(
                _store.Parameters.Select(p => p.Name),
                Is.EquivalentTo(layers.Concat(norms).SelectMany(n => new[] { n + ".weight", n + ".bias" })));
            Assert.That(
                _store.Parameters.Where(p => p.Decays).Select(p => p.Name), Is.EquivalentTo(layers.Select(n => n + ".weight")));
            Assert.That(norms.SelectMany(n => Values(n + ".weight")), Is.All.EqualTo(1));
            Assert.That(layers.Concat(norms).SelectMany(n => Values(n + ".bias")), Is.All.Zero);
        });
    }

    [Test]
    public void Block_WithoutQkvBias_RegistersNone()
    {
        _ = new TransformerBlock(new ParameterScope(_store), Config with { QkvBias = false });
        Assert.That(_store.Parameters.Select(p => p.Name), Has.No.Member("attn.qkv.bias"));
        Assert.That(_store.Parameters.Select(p => p.Name), Has.Member("attn.proj.bias"));
    }

    [TestCase(0f)]
    [TestCase(0.02f)]
    public void Block_StartsItsWeightsOfficially(float deviation)
    {
        _ = new TransformerBlock(new ParameterScope(_store), new(Width: 255, 3, 1, false, 1, deviation));
        _store.Initialize(1);
        var values = Values("mlp.fc1.weight");
        // Uniform within 1/sqrt(255), of deviation 1/sqrt(3 * 255), or normal.
        var wanted = deviation > 0 ? deviation : 1 / Math.Sqrt(3 * 255);
        Assert.That(Math.Sqrt(values.Average(v => v * v)), Is.EqualTo(wanted).Within(0.02 * wanted));
    }

    [TestCase(0, 1, 1)]
    [TestCase(6, 4, 1)]
    [TestCase(6, 0, 1)]
    [TestCase(6, 2, 0)]
    public void Block_ImpossibleSizes_AreRefused(int width, int heads, int ratio) => Assert.That(
        () => new TransformerBlock(new ParameterScope(_store), new(width, heads, ratio, false, 1, 0)),
        Throws.ArgumentException.With.Message.Contains($"{heads} heads"));

    [Test]
    public void Linear_AddsBiasAndResidual()
    {
        var linear = new Linear(new ParameterScope(_store), 2, 1, Initializer.Constant(3), Initializer.Constant(5));
        _store.Initialize(1);
        using var tape = new Tape(_device);
        using var x = _device.Upload<float>([1, 2]);
        using var residual = _device.Upload<float>([100]);
        var y = linear.Forward(
            tape, Tape.Constant(new TensorShape(1, 2), x.Slice), Tape.Constant(new TensorShape(1, 1), residual.Slice));
        Assert.That(_device.Download(y.Data), Is.EqualTo(new[] { 3 + 6 + 5 + 100f }));
    }

    /// <summary>x += proj(attention(norm1 x)); x += fc2(gelu(fc1(norm2 x))).</summary>
    [Test]
    public void Block_FollowsItsDefinition()
    {
        var block = new TransformerBlock(new ParameterScope(_store), Config);
        _store.Initialize(3);
        var random = new PhiloxStream(1, 2, 3);
        foreach (var parameter in _store.Parameters)
        {
            _device.CopyIn<float>(
                [.. Enumerable.Range(0, (int)parameter.Shape.Count).Select(_ => random.NextNormal())], parameter.Data);
        }

        var input = Enumerable.Range(0, Tokens * Width).Select(_ => random.NextNormal()).ToArray();
        using var buffer = _device.Upload<float>(input);
        using var tape = new Tape(_device);
        var y = block.Forward(tape, Tape.Constant(new TensorShape(1, Tokens, Width), buffer.Slice));

        var x = input.Chunk(Width).Select(row => row.Select(v => (double)v).ToArray()).ToArray();
        x = Add(x, Layer("attn.proj", Attention(Layer("attn.qkv", Norm("norm1", x)))));
        x = Add(x, Layer("mlp.fc2", [.. Layer("mlp.fc1", Norm("norm2", x)).Select(row => row.Select(Gelu).ToArray())]));
        Assert.That(_device.Download(y.Data), Is.EqualTo(x.SelectMany(row => row)).Within(1e-4));
    }

    private static double[][] Add(double[][] a, double[][] b) =>
        [.. a.Zip(b, (x, y) => x.Zip(y, (p, q) => p + q).ToArray())];

    private static double Gelu(double x) => x * Normal(x);

    /// <summary>The normal distribution function by Simpson's rule, from -12 on.</summary>
    private static double Normal(double x)
    {
        const int Steps = 20_000;
        var step = (x + 12) / Steps;
        double Density(double t) => Math.Exp(-t * t / 2) / Math.Sqrt(2 * Math.PI);
        return step / 3 * Enumerable.Range(0, Steps + 1)
            .Sum(i => (i is 0 or Steps ? 1 : i % 2 == 0 ? 2 : 4) * Density(-12 + (i * step)));
    }

    private static double[][] Attention(double[][] qkv)
    {
        const int Size = Width / Heads;
        var result = qkv.Select(_ => new double[Width]).ToArray();
        for (var channel = 0; channel < Width; channel++)
        {
            var first = channel / Size * Size;
            for (var i = 0; i < Tokens; i++)
            {
                var weights = Enumerable.Range(0, Tokens).Select(j => Math.Exp(
                    Enumerable.Range(first, Size).Sum(c => qkv[i][c] * qkv[j][Width + c]) / Math.Sqrt(Size))).ToArray();
                result[i][channel] = Enumerable.Range(0, Tokens).Sum(j => weights[j] * qkv[j][(2 * Width) + channel]) / weights.Sum();
            }
        }

        return result;
    }

    private double[][] Norm(string name, double[][] x)
    {
        var (weight, bias) = (Values(name + ".weight"), Values(name + ".bias"));
        return [.. x.Select(row =>
        {
            var mean = row.Average();
            var deviation = Math.Sqrt(row.Average(v => (v - mean) * (v - mean)) + Epsilon);
            return row.Select((v, c) => ((v - mean) / deviation * weight[c]) + bias[c]).ToArray();
        })];
    }

    private double[][] Layer(string name, double[][] x)
    {
        var (weight, bias) = (Values(name + ".weight"), Values(name + ".bias"));
        return [.. x.Select(row => bias.Select((b, o) => b + row.Select((v, i) => v * weight[(o * row.Length) + i]).Sum()).ToArray())];
    }

    private double[] Values(string name) => Array.ConvertAll(_device.Download(_store[name].Data), value => (double)value);
}
