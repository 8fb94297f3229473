using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace Autograd.Tests;

/// <summary>
/// Several updates of both optimisers against their formulas written out in double: what reaches the kernel from the
/// configuration, the decay mask, the factor on the gradient, the average, and the state that is saved.
/// </summary>
public sealed class OptimizerFormulaTests
{
    private const float Rate = 0.05f, AverageDecay = 0.3f, WeightDecay = 0.1f;
    private const int Updates = 5;

    private static readonly float[] Start = [1, -2, 0.5f];

    private HostDevice _device = null!;
    private ParameterStore _store = null!;

    [SetUp]
    public void Open()
    {
        _device = new HostDevice(1);
        _store = new ParameterStore(_device);
        _store.Add("weight", new TensorShape(3), Initializer.Zero);
        _store.Add("norm", new TensorShape(3), Initializer.Zero, decays: false);
        _store.Initialize(1);
        _device.CopyIn<float>(Start, _store["weight"].Data);
        _device.CopyIn<float>(Start, _store["norm"].Data);
    }

    [TearDown]
    public void Close()
    {
        _store.Dispose();
        _device.Dispose();
    }

    [Test]
    public void AdamW_SeveralUpdates_FollowTheFormulas([Values] bool decayEverything)
    {
        using var optimizer = new AdamW(_store, new AdamWConfig(0.9f, 0.99f, WeightDecay, decayEverything));
        RequireFormula(optimizer, decayEverything, (update, gradient, state) =>
        {
            state[0] = (0.9 * state[0]) + (0.1 * gradient);
            state[1] = (0.99 * state[1]) + (0.01 * gradient * gradient);
            var (m, v) = (state[0] / (1 - Math.Pow(0.9, update)), state[1] / (1 - Math.Pow(0.99, update)));
            return m / (Math.Sqrt(v) + 1e-8);
        }, l2: false);
        Assert.That(optimizer.State.Select(s => s.Name), Is.EqualTo(new[] { "moment1", "moment2" }));
        Assert.That(_device.Download(optimizer.State[1].Values.Range(0, 3)), Is.All.GreaterThanOrEqualTo(0));
        Assert.That(_device.Download(optimizer.State[0].Values), Is.Not.EqualTo(_device.Download(optimizer.State[1].Values)));
    }

    [Test]
    public void Sgd_SeveralUpdates_FollowTheFormulas([Values] bool decayEverything, [Values] bool nesterov)
    {
        using var optimizer = new Sgd(_store, new SgdConfig(0.9f, nesterov, WeightDecay, decayEverything));
        RequireFormula(optimizer, decayEverything, (_, gradient, state) =>
        {
            state[0] = (0.9 * state[0]) + gradient;
            return nesterov ? gradient + (0.9 * state[0]) : state[0];
        }, l2: true);
    }

    /// <summary>The moments of a resumed AdamW are corrected for the updates that it made before.</summary>
    [Test]
    public void AdamW_Resumed_ContinuesItsCorrection()
    {
        var config = new AdamWConfig(0.9f, 0.99f, 0, DecayEverything: true);
        using var optimizer = new AdamW(_store, config);
        Update(optimizer, 1);
        optimizer.Resume(1000);
        var before = _device.Download(_store["weight"].Data)[0];
        Update(optimizer, 2);
        // After 1001 updates the correction of the first moment is 1, that of the second 1 - 0.99^1001.
        var (g1, g2) = (Scale(1) * Gradient(1, 0), Scale(2) * Gradient(2, 0));
        var m = (0.09 * g1) + (0.1 * g2);
        var v = (0.0099 * g1 * g1) + (0.01 * g2 * g2);
        Assert.That(optimizer.Steps, Is.EqualTo(1001));
        Assert.That(
            _device.Download(_store["weight"].Data)[0],
            Is.EqualTo(before - (Rate * m / Math.Sqrt(v / (1 - Math.Pow(0.99, 1001))))).Within(1e-5));
    }

    private void RequireFormula(
        IOptimizer optimizer, bool decayEverything, Func<int, double, double[], double> direction, bool l2)
    {
        using var average = new MovingAverage(_store, AverageDecay);
        var expected = Start.Concat(Start).Select(x => (double)x).ToArray();
        var averages = expected.ToArray();
        var states = expected.Select(_ => new double[2]).ToArray();
        for (var update = 1; update <= Updates; update++)
        {
            Update(optimizer, update, average);
            var keep = Math.Min(AverageDecay, update / (9.0 + update));
            for (var i = 0; i < expected.Length; i++)
            {
                var decay = decayEverything || i < 3 ? WeightDecay : 0;
                var gradient = (Scale(update) * (double)Gradient(update, i % 3)) + (l2 ? decay * expected[i] : 0);
                expected[i] = (expected[i] * (1 - (l2 ? 0 : Rate * decay))) - (Rate * direction(update, gradient, states[i]));
                averages[i] = (keep * averages[i]) + ((1 - keep) * expected[i]);
            }
        }

        Assert.Multiple(() =>
        {
            Assert.That(optimizer.Steps, Is.EqualTo(Updates));
            Assert.That(Both(), Is.EqualTo(expected).Within(1e-5));
            using (average.Use())
            {
                Assert.That(Both(), Is.EqualTo(averages).Within(1e-5));
            }

            Assert.That(_device.Download(_store.Gradients), Is.All.Zero, "an update clears the gradients");
            average.Adopt();
            Assert.That(Both(), Is.EqualTo(averages).Within(1e-5));
        });
    }

    private float[] Both() => [.. _device.Download(_store["weight"].Data), .. _device.Download(_store["norm"].Data)];

    private void Update(IOptimizer optimizer, int update, MovingAverage? average = null)
    {
        foreach (var parameter in _store.Parameters)
        {
            _device.CopyIn<float>([.. Enumerable.Range(0, 3).Select(i => Gradient(update, i))], parameter.Gradient);
        }

        using var scale = _device.Upload<float>([Scale(update)]);
        optimizer.Step(Rate, scale.Slice, average);
    }

    /// <summary>Another factor each time: AdamW would not notice one that stays.</summary>
    private static float Scale(int update) => 1f / (1 + update);

    private static float Gradient(int update, int element) => MathF.Sin((3 * update) + element) + 0.25f;
}
