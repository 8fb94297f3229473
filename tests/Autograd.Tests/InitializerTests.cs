using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace Autograd.Tests;

/// <summary>Starting values: their distribution, and that no two parameters or seeds share them.</summary>
public sealed class InitializerTests
{
    private const int Count = 20_000;

    [Test]
    public void Normal_HasItsDeviation()
    {
        var values = Draw(Initializer.Normal(0.02f));
        Assert.Multiple(() =>
        {
            Assert.That(values.Average(), Is.Zero.Within(1e-3));
            Assert.That(Math.Sqrt(values.Average(v => v * v)), Is.EqualTo(0.02).Within(0.02 * 0.03));
            Assert.That(values.Max(), Is.GreaterThan(0.06), "tails, unlike a uniform distribution");
        });
    }

    [Test]
    public void FanIn_IsUniformWithinOneOverTheRoot()
    {
        var values = Draw(Initializer.FanIn(25));
        Assert.Multiple(() =>
        {
            Assert.That(values.Min(), Is.InRange(-0.2, -0.199));
            Assert.That(values.Max(), Is.InRange(0.199, 0.2));
            Assert.That(values.Average(), Is.Zero.Within(3e-3));
            Assert.That(values.Average(v => v * v), Is.EqualTo(0.2 * 0.2 / 3).Within(5e-4), "the variance of a uniform one");
        });
    }

    [Test]
    public void Initialize_DrawsOtherNumbersForEveryParameterAndSeed()
    {
        var (a, b) = (Draw(Initializer.Normal(1), seed: 1, index: 0), Draw(Initializer.Normal(1), seed: 1, index: 1));
        Assert.Multiple(() =>
        {
            Assert.That(a, Is.EqualTo(Draw(Initializer.Normal(1), seed: 1, index: 0)));
            Assert.That(a, Is.Not.EqualTo(b));
            Assert.That(a, Is.Not.EqualTo(Draw(Initializer.Normal(1), seed: 2, index: 0)));
            Assert.That(a.Zip(b, (x, y) => x * y).Average(), Is.Zero.Within(0.03), "independent");
        });
    }

    [Test]
    public void IdentityConvolution_ChangesNoImage()
    {
        const int Channels = 3, Size = 4;
        using var device = new HostDevice(1);
        using var store = new ParameterStore(device);
        var weight = store.Add("w", new TensorShape(Channels, Channels, 3, 3), Initializer.IdentityConvolution);
        var bias = store.Add("b", new TensorShape(Channels), Initializer.Zero);
        store.Initialize(1);
        var grid = new PatchGrid(Batch: 1, Channels, Size, PatchSize: 2, ExtraTokens: 0);
        var random = new PhiloxStream(1, 2, 3);
        using var tokens = device.Upload<float>([.. Enumerable.Range(0, Channels * Size * Size).Select(_ => random.NextNormal())]);
        using var tape = new Tape(device);
        var input = Tape.Constant(new TensorShape(1, grid.Tokens, grid.PatchElements), tokens.Slice);
        Assert.That(
            device.Download(tape.Unpatchify(input, grid, weight, bias).Data),
            Is.EqualTo(device.Download(tape.Unpatchify(input, grid).Data)));
    }

    private static double[] Draw(Initializer initializer, ulong seed = 5, int index = 0)
    {
        using var device = new HostDevice(1);
        using var store = new ParameterStore(device);
        for (var i = 0; i <= index; i++)
        {
            store.Add($"{i}", new TensorShape(Count), initializer);
        }

        store.Initialize(seed);
        return Array.ConvertAll(device.Download(store[$"{index}"].Data), value => (double)value);
    }
}
