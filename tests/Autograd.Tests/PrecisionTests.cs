using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace Autograd.Tests;

/// <summary>
/// Networks whose products multiply bf16 (<see cref="Precision.Bf16"/>): what they compute is what floats compute from inputs that were
/// rounded before, and nothing but factors is rounded.
/// </summary>
public sealed class PrecisionTests
{
    /// <summary>Of sums in another order.</summary>
    private const double OfSums = 2e-6;

    /// <summary>Of hidden values that were rounded to 8 bits, in sums of many.</summary>
    private const double OfHiddenValues = 4e-3;

    /// <summary>
    /// Of results, probabilities, gradients of scores and gradients, each rounded to 8 bits once: four times 2^-9 of the largest.
    /// </summary>
    private const double OfAttention = 4.0 / 512;

    private static readonly PixelGrid Grid = new(2, 3);

    private static readonly Example[] All =
    [
        new("linear", OfSums, [new("x", 5, 24), new("w", 16, 24), new("b", 16), new("residual", 5, 16)],
            (tape, t) => tape.Linear(t["x"], t["w"], t["b"], t["residual"])),
        new("linear of rows off alignment", OfSums, [new("x", 5, 7), new("w", 3, 7)], (tape, t) => tape.Linear(t["x"], t["w"])),
        new("skip", OfSums, [new("x", 5, 16), new("skip", 5, 16), new("w", 8, 32), new("b", 8)],
            (tape, t) => tape.SkipLinear(t["x"], t["skip"], t["w"], t["b"])),
        new("convolution", OfSums, [new("x", Grid.Rows, 8), new("w", 16, 72), new("b", 16), new("residual", Grid.Rows, 16)],
            (tape, t) => tape.Convolve(t["x"], Grid, t["w"], t["b"], t["residual"])),
        new("a linear layer and a convolution of the same pixels, whose border is cleared between", OfSums,
            [new("x", Grid.Rows, 8), new("w", 16, 72), new("w1", 16, 8)],
            (tape, t) => tape.Convolve(t["x"], Grid, t["w"], residual: tape.Linear(t["x"], t["w1"]))),
        new("attention", OfAttention, [new("qkv", 2, 5, 96)], (tape, t) => tape.Attention(t["qkv"], heads: 2)),
        new("attention to what a linear layer kept in bf16, used twice", OfAttention, [new("x", 2, 5, 16), new("w", 96, 16)], (tape, t) =>
        {
            var qkv = tape.Linear(t["x"], tape.Scale(t["w"], 0.25f), isFactor: true);
            return tape.Add(tape.Attention(qkv, heads: 2), tape.Attention(qkv, heads: 1));
        }),
        new("mlp", OfHiddenValues,
            [new("x", 5, 16), new("w1", 40, 16), new("b1", 40), new("w2", 24, 40), new("b2", 24), new("residual", 5, 24)],
            (tape, t) => tape.Mlp(t["x"], t["w1"], t["b1"], t["w2"], t["b2"], residual: t["residual"])),
    ];

    public static IEnumerable<TestCaseData> Examples() =>
        from example in All
        from device in new[] { DeviceKind.Host, DeviceKind.Sim }
        select new TestCaseData(example, device).SetArgDisplayNames(example.Name, device.ToString());

    [TestCaseSource(nameof(Examples))]
    public void Operator_InBf16_IsThatOfFloatsOnRoundedFactors(Example example, DeviceKind kind)
    {
        using var device = Open(kind, Precision.Bf16);
        using var host = new HostDevice(threads: 1, selection: new KernelSelection());
        var actual = Run(example, device, Inputs(example));
        var expected = Run(example, host, RoundedFactors(example, Inputs(example)));
        var unrounded = Run(example, host, Inputs(example));
        Assert.Multiple(() =>
        {
            foreach (var (name, numbers) in expected)
            {
                Assert.That(Distance(actual[name], numbers), Is.LessThan(example.Bound), name);
            }

            Assert.That(Distance(unrounded["y"], expected["y"]), Is.GreaterThan(1e-4), "rounding shows");
            Assert.That(device.Memory.LiveBlocks, Is.Zero, "memory leaked");
        });
    }

    /// <summary>Hidden values of an MLP are kept in bf16 alone, so its results differ from those of rounded inputs a little.</summary>
    [Test]
    public void Mlp_InBf16_RoundsItsHiddenValues()
    {
        var example = All.Single(e => e.Name == "mlp");
        using var device = Open(DeviceKind.Host, Precision.Bf16);
        using var host = new HostDevice(threads: 1, selection: new KernelSelection());
        var actual = Run(example, device, Inputs(example));
        var expected = Run(example, host, RoundedFactors(example, Inputs(example)));
        Assert.That(Distance(actual["y"], expected["y"]), Is.GreaterThan(10 * OfSums));
    }

    /// <summary>No node is left that would free hidden values.</summary>
    [Test]
    public void Mlp_WithoutGradient_LeavesNoMemoryBehind()
    {
        using var device = Open(DeviceKind.Host, Precision.Bf16);
        using var x = device.Upload<float>(Numbers(1, 16));
        var live = device.Memory.LiveBlocks;
        using (var tape = new Tape(device))
        {
            var weight = Tape.Constant(new TensorShape(4, 4), x.Slice);
            var bias = Tape.Constant(new TensorShape(4), x.Slice.Range(0, 4));
            tape.WithoutGradient(() => tape.Mlp(weight, weight, bias, weight, bias));
        }

        Assert.That(device.Memory.LiveBlocks, Is.EqualTo(live));
    }

    [Test]
    public void Tape_AfterWeightsChanged_RoundsThemAgain()
    {
        using var device = Open(DeviceKind.Host, Precision.Bf16);
        using var store = new ParameterStore(device);
        var weight = store.Add("w", new TensorShape(1, 8), Initializer.One);
        store.Initialize(1);
        using var average = store.AllocateFlat();
        using var x = device.Upload<float>([1, 2, 3, 4, 5, 6, 7, 8]);
        using var tape = new Tape(device);
        Assert.That(Sum(), Is.EqualTo(36));
        using (store.Substitute(average.Slice))
        {
            Assert.That(Sum(), Is.EqualTo(0), "other weights in the same tape");
        }

        Assert.That(Sum(), Is.EqualTo(36));
        tape.Reset();
        device.CopyIn<float>([2, 2, 2, 2, 2, 2, 2, 2], weight.Data);
        Assert.That(Sum(), Is.EqualTo(72));

        float Sum() => device.Download(tape.Linear(Tape.Constant(new TensorShape(1, 8), x.Slice), weight).Data)[0];
    }

    /// <summary>A tape that nobody resets keeps roundings; a step of an optimiser makes them those of old weights.</summary>
    [Test]
    public void Tape_BeforeAndAfterAStep_RoundsTheWeightsOfNow()
    {
        using var device = Open(DeviceKind.Host, Precision.Bf16);
        using var store = new ParameterStore(device);
        var weight = store.Add("w", new TensorShape(1, 8), Initializer.One);
        store.Initialize(1);
        using var x = device.Upload<float>([1, 2, 3, 4, 5, 6, 7, 8]);
        using var ones = device.Upload<float>([1, 1, 1, 1, 1, 1, 1, 1]);
        using var optimizer = new Sgd(store, new SgdConfig(0, Nesterov: false, 0, DecayEverything: false));
        using var tape = new Tape(device);
        Assert.That(Sum(), Is.EqualTo(36));
        device.Copy(ones.Slice, weight.Gradient);
        optimizer.Step(0.5f);
        Assert.That(Sum(), Is.EqualTo(18));

        float Sum() => device.Download(
            tape.WithoutGradient(() => tape.Linear(Tape.Constant(new TensorShape(1, 8), x.Slice), weight)).Data)[0];
    }

    private static Device Open(DeviceKind kind, Precision precision) => kind == DeviceKind.Host
        ? new HostDevice(threads: 2, selection: new KernelSelection()) { Precision = precision }
        : new SimDevice(threads: 2, selection: new KernelSelection()) { Precision = precision };

    private static Dictionary<string, float[]> Inputs(Example example) =>
        example.Inputs.Select((input, i) => (input, i)).ToDictionary(
            p => p.input.Name, p => Numbers(p.i, (int)new TensorShape(p.input.Sizes).Count));

    /// <summary>Biases and residuals are not factors.</summary>
    private static Dictionary<string, float[]> RoundedFactors(Example example, Dictionary<string, float[]> values) =>
        example.Inputs.ToDictionary(
            i => i.Name, i => i.Sizes.Length == 1 || i.Name == "residual" ? values[i.Name] : Rounded(values[i.Name]));

    /// <summary>The result, and the gradients of all inputs for a gradient of the result that is the same in both precisions.</summary>
    private static Dictionary<string, float[]> Run(Example example, Device device, Dictionary<string, float[]> values)
    {
        using var store = new ParameterStore(device);
        var parameters = example.Inputs.ToDictionary(i => i.Name, i => store.Add(i.Name, new TensorShape(i.Sizes), Initializer.Zero));
        store.Initialize(1);
        foreach (var (name, parameter) in parameters)
        {
            device.CopyIn<float>(values[name], parameter.Data);
        }

        using var tape = new Tape(device);
        var y = example.Compute(tape, parameters.ToDictionary(p => p.Key, p => (Tensor)p.Value));
        var results = new Dictionary<string, float[]> { ["y"] = device.Download(y.Data) };
        using var gradient = device.Upload<float>(Rounded(Numbers(99, (int)y.Shape.Count)));
        tape.Loss(y, target => device.Copy(gradient.Slice, target));
        tape.Backward();
        foreach (var (name, parameter) in parameters)
        {
            results[name] = device.Download(parameter.Gradient);
        }

        return results;
    }

    private static float[] Numbers(int stream, int count)
    {
        var random = new PhiloxStream(5, 3, stream);
        return [.. Enumerable.Range(0, count).Select(_ => (float)random.NextNormal())];
    }

    private static float[] Rounded(float[] values) => [.. values.Select(v => BFloat16.Round(v).ToSingle())];

    /// <summary>Largest difference by the largest number; NaN counts as infinite.</summary>
    private static double Distance(float[] actual, float[] expected)
    {
        Assert.That(actual, Has.Length.EqualTo(expected.Length));
        var difference = actual.Zip(expected, (a, e) => Math.Abs((double)a - e)).Max(d => double.IsNaN(d) ? double.PositiveInfinity : d);
        return difference / expected.Max(Math.Abs);
    }

    public sealed record Input(string Name, params int[] Sizes);

    public sealed record Example(
        string Name, double Bound, IReadOnlyList<Input> Inputs, Func<Tape, IReadOnlyDictionary<string, Tensor>, Tensor> Compute);
}
