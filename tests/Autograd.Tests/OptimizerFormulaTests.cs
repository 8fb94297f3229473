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

    /// <summary>
    /// A matrix learns along its momentum with all singular values near 1, scaled to the size of AdamW's updates; beside it, what is
    /// no hidden matrix learns as with AdamW.
    /// </summary>
    [TestCase(4, 7)]
    [TestCase(7, 4)]
    [TestCase(5, 5)]
    [TestCase(1, 3)]
    public void Muon_SeveralUpdates_FollowTheFormulas(int rows, int columns)
    {
        using var store = new ParameterStore(_device);
        var matrix = store.Add("matrix", new TensorShape(rows, columns), Initializer.FanIn(columns), isHidden: true);
        var vector = store.Add("vector", new TensorShape(3), Initializer.FanIn(3));
        store.Initialize(1);
        using var twin = new ParameterStore(_device);
        twin.Add("vector", new TensorShape(3), Initializer.FanIn(3));
        twin.Initialize(1);
        _device.CopyIn<float>(_device.Download(vector.Data), twin["vector"].Data);
        var adamW = new AdamWConfig(0.9f, 0.99f, WeightDecay, DecayEverything: false);
        using var muon = new Muon(store, new MuonConfig(adamW));
        using var other = new AdamW(twin, adamW);
        using var average = new MovingAverage(store, AverageDecay);
        var expected = Array.ConvertAll(_device.Download(matrix.Data), x => (double)x);
        var (averages, momentum) = (expected.ToArray(), new double[expected.Length]);
        for (var update = 1; update <= Updates; update++)
        {
            var gradient = Enumerable.Range(0, rows * columns).Select(i => MathF.Sin((5 * update) + (i * i))).ToArray();
            _device.CopyIn<float>(gradient, matrix.Gradient);
            foreach (var of in new[] { vector, twin["vector"] })
            {
                _device.CopyIn<float>([.. Enumerable.Range(0, 3).Select(i => Gradient(update, i))], of.Gradient);
            }

            using var scale = _device.Upload<float>([Scale(update)]);
            muon.Step(Rate, scale.Slice, average);
            other.Step(Rate, scale.Slice);
            for (var i = 0; i < momentum.Length; i++)
            {
                momentum[i] = (0.95 * momentum[i]) + (Scale(update) * (double)gradient[i]);
            }

            var direction = Orthogonal(
                [.. momentum.Select((m, i) => (0.95 * m) + (Scale(update) * (double)gradient[i]))], rows, columns);
            var keep = Math.Min(AverageDecay, update / (9.0 + update));
            for (var i = 0; i < expected.Length; i++)
            {
                expected[i] = (expected[i] * (1 - (Rate * WeightDecay)))
                    - (Rate * 0.2 * Math.Sqrt(Math.Max(rows, columns)) * direction[i]);
                averages[i] = (keep * averages[i]) + ((1 - keep) * expected[i]);
            }
        }

        Assert.Multiple(() =>
        {
            Assert.That(_device.Download(matrix.Data), Is.EqualTo(expected).Within(1e-5));
            Assert.That(_device.Download(average.Values.Range(matrix.Offset, expected.Length)), Is.EqualTo(averages).Within(1e-5));
            Assert.That(_device.Download(vector.Data), Is.EqualTo(_device.Download(twin["vector"].Data)));
            Assert.That(_device.Download(store.Gradients), Is.All.Zero, "an update clears the gradients");
            Assert.That(muon.Steps, Is.EqualTo(Updates));
        });
    }

    /// <summary>A gradient that is not finite leaves everything as it is, the decay too; a frozen matrix keeps its bits.</summary>
    [Test]
    public void Muon_WithoutAnUpdate_ChangesNothing([Values] bool isFrozen)
    {
        using var store = new ParameterStore(_device);
        var matrix = store.Add("matrix", new TensorShape(4, 6), Initializer.FanIn(6), isHidden: true);
        store.Initialize(1);
        using var muon = new Muon(store, new MuonConfig(new AdamWConfig(0.9f, 0.99f, WeightDecay, DecayEverything: true)));
        using var average = new MovingAverage(store, AverageDecay);
        if (isFrozen)
        {
            store.Freeze("");
        }

        var before = (_device.Download(store.Values), _device.Download(average.Values), _device.Download(muon.State[0].Values));
        using var scale = _device.Upload<float>([isFrozen ? 1 : float.NaN]);
        _device.CopyIn<float>([.. Enumerable.Repeat(isFrozen ? 0 : 1f, 24)], matrix.Gradient);
        muon.Step(Rate, scale.Slice, average);
        Assert.That(
            (_device.Download(store.Values), _device.Download(average.Values), _device.Download(muon.State[0].Values)),
            Is.EqualTo(before));
        Assert.That(_device.Download(matrix.Gradient), Is.All.Zero, "a skipped update clears the gradient");
    }

    /// <summary>Matrices of one shape, each of another scale and one of them frozen.</summary>
    [TestCase(4, 6, false)]
    [TestCase(9, 2, false)]
    [TestCase(4, 6, true)]
    [TestCase(9, 2, true)]
    public void Muon_MatricesOfOneShape_AreUpdatedAsEachAlone(int rows, int columns, bool simulated)
    {
        const int Count = 5;
        using var simulator = simulated ? new SimDevice(threads: 1) : null;
        Device device = simulated ? simulator! : _device;
        var config = new MuonConfig(new AdamWConfig(0.9f, 0.99f, WeightDecay, DecayEverything: false));
        float[] Gradient(int matrix) =>
            [.. Enumerable.Range(0, rows * columns).Select(i => MathF.Sin((7 * matrix) + (i * i % 1009)) * MathF.Pow(10, matrix))];
        float[][] Update(params int[] matrices)
        {
            using var store = new ParameterStore(device);
            var added = matrices.Select(i => store.Add($"m{i}", new TensorShape(rows, columns), Initializer.Zero, isHidden: true)).ToArray();
            store.Initialize(1);
            if (matrices.Contains(1))
            {
                store.Freeze("m1");
            }

            using var muon = new Muon(store, config);
            foreach (var (matrix, i) in added.Zip(matrices).Where(pair => pair.First.NeedsGradient))
            {
                device.CopyIn<float>(Gradient(i), matrix.Gradient);
            }

            muon.Step(Rate);
            return [.. added.Select(matrix => device.Download(matrix.Data))];
        }

        var together = Update([.. Enumerable.Range(0, Count)]);
        for (var i = 0; i < Count; i++)
        {
            Assert.That(together[i], Is.EqualTo(Update(i)[0]), $"matrix {i}");
            Assert.That(together[i].Any(value => value != 0), Is.EqualTo(i != 1), $"matrix {i}");
        }
    }

    [Test]
    public void HiddenMatrix_OfAnotherRank_IsRefused() => Assert.That(
        () => new ParameterStore(_device).Add("cube", new TensorShape(2, 2, 2), Initializer.Zero, isHidden: true),
        Throws.ArgumentException.With.Message.Contains("'cube'"));

    /// <summary>Whatever the shape, an orthogonalised matrix of full rank has all singular values in the range that Muon promises.</summary>
    [TestCase(24, 24)]
    [TestCase(16, 48)]
    [TestCase(48, 16)]
    public void Orthogonalizer_SingularValues_AreNearOne(int rows, int columns)
    {
        using var orthogonalizer = new Orthogonalizer(_device, [(1, rows, columns)]);
        using var matrix = _device.Upload<float>(
            [.. Enumerable.Range(0, rows * columns).Select(i => MathF.Sin(i * i % 1009) + (i % (columns + 1) == 0 ? 3 : 0))]);
        var x = Array.ConvertAll(_device.Download(orthogonalizer.Apply(matrix.Slice, 1, rows, columns)), v => (double)v);
        var side = Math.Min(rows, columns);
        double[] step = [.. Enumerable.Range(0, side).Select(i => Math.Cos(i))];

        // Powers of G and of 2 - G find the largest and the smallest eigenvalue of the Gram matrix.
        double Largest(Func<double, double, double> shift)
        {
            var (v, length) = (step.ToArray(), 0.0);
            for (var i = 0; i < 2000; i++)
            {
                var next = GramTimes(x, rows, columns, v).Zip(v, shift).ToArray();
                length = Math.Sqrt(next.Sum(e => e * e));
                v = Array.ConvertAll(next, e => e / length);
            }

            return length;
        }

        Assert.That(Math.Sqrt(Largest((g, _) => g)), Is.InRange(0.79, 1.21));
        Assert.That(Math.Sqrt(2 - Largest((g, e) => (2 * e) - g)), Is.InRange(0.79, 1.21));
    }

    /// <summary>Matrices of other sizes before it leave nothing behind, and one of zeros, which has no direction, stays one.</summary>
    [Test]
    public void Orthogonalizer_AfterOtherMatrices_GivesTheSame()
    {
        using var orthogonalizer = new Orthogonalizer(_device, [(1, 5, 9), (1, 8, 3)]);
        using var wide = _device.Upload<float>([.. Enumerable.Range(0, 45).Select(i => MathF.Sin(i * i))]);
        using var tall = _device.Upload<float>(new float[24]);
        var before = _device.Download(orthogonalizer.Apply(wide.Slice, 1, 5, 9));
        Assert.That(_device.Download(orthogonalizer.Apply(tall.Slice, 1, 8, 3)), Is.All.Zero);
        Assert.That(_device.Download(orthogonalizer.Apply(wide.Slice, 1, 5, 9)), Is.EqualTo(before));
    }

    private static double[] GramTimes(double[] x, int rows, int columns, double[] v)
    {
        double At(int i, int k) => rows <= columns ? x[(i * columns) + k] : x[(k * columns) + i];
        var (side, length) = (Math.Min(rows, columns), Math.Max(rows, columns));
        var inner = Enumerable.Range(0, length).Select(k => Enumerable.Range(0, side).Sum(i => At(i, k) * v[i])).ToArray();
        return [.. Enumerable.Range(0, side).Select(i => Enumerable.Range(0, length).Sum(k => At(i, k) * inner[k]))];
    }

    /// <summary>The iteration on X itself in double, always from the left: X X^T X is the same matrix from either side.</summary>
    private static double[] Orthogonal(double[] matrix, int rows, int columns)
    {
        var norm = Math.Sqrt(matrix.Sum(e => e * e));
        var x = Array.ConvertAll(matrix, e => e / norm);
        foreach (var (a, b, c) in new[]
        {
            (8.3837, -24.7659, 18.3571), (4.0434, -3.0114, 0.5695), (3.5056, -2.6267, 0.5257), (2.4901, -1.8343, 0.4368),
        })
        {
            var cube = TimesGram(x, x, rows, columns);
            var fifth = TimesGram(x, cube, rows, columns);
            x = [.. x.Select((e, i) => (a * e) + (b * cube[i]) + (c * fifth[i]))];
        }

        return x;
    }

    /// <summary>X X^T Y.</summary>
    private static double[] TimesGram(double[] x, double[] y, int rows, int columns)
    {
        var result = new double[x.Length];
        for (var i = 0; i < rows; i++)
        {
            for (var j = 0; j < rows; j++)
            {
                var dot = Enumerable.Range(0, columns).Sum(k => x[(i * columns) + k] * x[(j * columns) + k]);
                for (var k = 0; k < columns; k++)
                {
                    result[(i * columns) + k] += dot * y[(j * columns) + k];
                }
            }
        }

        return result;
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
