using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace Autograd.Tests;

/// <summary>Schedules, averages and clipping against closed forms.</summary>
public sealed class OptimizerTests
{
    [Test]
    public void SevenSixteenthsCosine_AtHalfTime_IsTheGoldenValue() => Assert.Multiple(() =>
    {
        Assert.That(LearningRateSchedule.SevenSixteenthsCosine(0, 100), Is.EqualTo(1));
        Assert.That(LearningRateSchedule.SevenSixteenthsCosine(50, 100), Is.EqualTo(0.773010).Within(1e-6));
        Assert.That(LearningRateSchedule.SevenSixteenthsCosine(100, 100), Is.EqualTo(0.195090).Within(1e-6));
        Assert.That(LearningRateSchedule.SevenSixteenthsCosine(150, 100), Is.Zero, "never a negative rate");
    });

    [Test]
    public void LinearWarmUp_FollowsTheUVitRecipe() => Assert.Multiple(() =>
    {
        Assert.That(LearningRateSchedule.LinearWarmUp(0, 5000), Is.Zero);
        Assert.That(LearningRateSchedule.LinearWarmUp(2500, 5000), Is.EqualTo(0.5));
        Assert.That(LearningRateSchedule.LinearWarmUp(5000, 5000), Is.EqualTo(1));
        Assert.That(LearningRateSchedule.LinearWarmUp(9000, 5000), Is.EqualTo(1));
        Assert.That(LearningRateSchedule.LinearWarmUp(0, 0), Is.EqualTo(1));
    });

    [Test]
    public void Cosine_GoesFromOneToFinal() => Assert.Multiple(() =>
    {
        Assert.That(LearningRateSchedule.Cosine(0, 10, 0.1), Is.EqualTo(1).Within(1e-12));
        Assert.That(LearningRateSchedule.Cosine(5, 10, 0.1), Is.EqualTo(0.55).Within(1e-12));
        Assert.That(LearningRateSchedule.Cosine(10, 10, 0.1), Is.EqualTo(0.1).Within(1e-12));
        Assert.That(LearningRateSchedule.Cosine(15, 10, 0.1), Is.EqualTo(0.1).Within(1e-12), "it stays there");
    });

    /// <summary>The average keeps the first weights as the product of its decays.</summary>
    [TestCase(0.05f, new[] { 0.05, 0.0025, 1.25e-4, 6.25e-6 }, TestName = "MovingAverage_ShortHorizon_FollowsThePowers")]
    [TestCase(0.9999f, new[] { 0.1, 0.1 * 2 / 11, 0.1 * 2 / 11 * 3 / 12, 0.1 * 2 / 11 * 3 / 12 * 4 / 13 }, TestName = "MovingAverage_LongHorizon_WarmsUp")]
    public void MovingAverage_OfConstantWeights_FollowsTheClosedForm(float decay, double[] kept)
    {
        using var device = new HostDevice(1);
        using var store = new ParameterStore(device);
        store.Add("p", new TensorShape(3), Initializer.Constant(2));
        store.Initialize(1);
        using var average = new MovingAverage(store, decay);
        device.CopyIn<float>([5, 5, 5], store.Values.Range(0, 3));
        using var optimizer = new Sgd(store, new SgdConfig(0, Nesterov: false, 0, DecayEverything: true));
        foreach (var share in kept)
        {
            optimizer.Step(0, average: average);
            Assert.That(device.Download(average.Values.Range(0, 3)), Is.All.EqualTo(5 - (3 * share)).Within(1e-5));
        }

        using (average.Use())
        {
            Assert.That(device.Download(store["p"].Data)[0], Is.EqualTo(5 - (3 * kept[^1])).Within(1e-5));
        }

        Assert.That(device.Download(store["p"].Data)[0], Is.EqualTo(5));
    }

    /// <summary>An average with a schedule of its own, and AdamW with one of its decay: each update has the numbers of its step.</summary>
    [Test]
    public void Schedules_OfAverageAndDecay_AreFollowed()
    {
        const float Rate = 0.5f;
        using var device = new HostDevice(1);
        using var store = new ParameterStore(device);
        store.Add("p", new TensorShape(3), Initializer.Constant(2));
        store.Initialize(1);
        using var average = new MovingAverage(store, updates => 0.1f * (updates + 1));
        using var optimizer = new AdamW(store, new AdamWConfig(0.9f, 0.999f, WeightDecay: 7, DecayEverything: true));
        var (weight, mean) = (2.0, 2.0);
        for (var step = 0; step < 4; step++)
        {
            optimizer.WeightDecay = 0.2f * step;
            optimizer.Step(Rate, average: average);

            // Without a gradient AdamW only decays.
            weight *= 1 - (Rate * 0.2 * step);
            mean += (1 - (0.1 * (step + 1))) * (weight - mean);
            Assert.That(device.Download(store.Values.Range(0, 3)), Is.All.EqualTo(weight).Within(1e-5), $"weights of step {step}");
            Assert.That(device.Download(average.Values.Range(0, 3)), Is.All.EqualTo(mean).Within(1e-5), $"average of step {step}");
        }
    }

    /// <summary>After so many updates the warm-up is over: (1 + n) / (10 + n) has reached the decay.</summary>
    [TestCase(0.97f, 289, 290)]
    [TestCase(0.995f, 1789, 1790)]
    public void MovingAverage_Decay_RisesToItsSetting(float decay, int before, int reached)
    {
        using var device = new HostDevice(1);
        using var store = new ParameterStore(device);
        store.Add("p", new TensorShape(1), Initializer.Zero);
        store.Initialize(1);
        using var average = new MovingAverage(store, decay);
        Assert.That(average.DecayAfter(before), Is.LessThan(decay).And.EqualTo((1.0 + before) / (10.0 + before)).Within(1e-7));
        Assert.That(average.DecayAfter(reached), Is.EqualTo(decay).Within(1e-6));
        Assert.That(average.DecayAfter(1_000_000), Is.EqualTo(decay));
    }

    [TestCase(1, 0.2f)]
    [TestCase(10, 1)]
    [TestCase(0, 1)]
    public void GradientClip_ScalesToTheLimit(double limit, float expected)
    {
        var (norm, factor) = Clip([3, 4], limit);
        Assert.That(norm, Is.EqualTo(5));
        Assert.That(factor, Is.EqualTo(expected).Within(1e-6));
    }

    /// <summary>No factor, 0 and 1 least of all, makes an update of a gradient that is not finite, or of no finite loss.</summary>
    [Test]
    public void GradientClip_OfNoFiniteGradient_MakesNoUpdate(
        [Values(float.NaN, float.PositiveInfinity)] float number, [Values(0, 1)] double limit)
    {
        Assert.That(Clip([3, number], limit).Factor, Is.NaN);
        Assert.That(Clip([3, 4], limit, number).Factor, Is.NaN);
    }

    [Test]
    public void Optimizer_WithAFactorThatIsNotFinite_OnlyClearsTheGradient([Values(float.NaN, float.NegativeInfinity)] float factor, [Values] bool isAdamW)
    {
        using var device = new HostDevice(1);
        using var store = new ParameterStore(device);
        store.Add("p", new TensorShape(2), Initializer.Constant(2));
        store.Initialize(1);
        using var average = new MovingAverage(store, 0.5f);
        using IOptimizer optimizer = isAdamW
            ? new AdamW(store, new AdamWConfig(0.9f, 0.9f, 0.1f, DecayEverything: true))
            : new Sgd(store, new SgdConfig(0.9f, Nesterov: true, 0.1f, DecayEverything: true));
        device.CopyIn<float>([3, 4], store.Gradients.Range(0, 2));
        using var scale = device.Upload<float>([factor]);
        optimizer.Step(0.1f, scale.Slice, average);
        Assert.That(device.Download(store["p"].Data), Is.All.EqualTo(2));
        Assert.That(device.Download(average.Values.Range(0, 2)), Is.All.EqualTo(2));
        Assert.That(device.Download(store.Gradients.Range(0, 2)), Is.All.Zero);
        Assert.That(optimizer.State.SelectMany(s => device.Download(s.Values)), Is.All.Zero);
    }

    /// <summary>Squares that overflow or vanish do not count: a large gradient is clipped, not passed on and not lost.</summary>
    [TestCase(1e18f, 3.1622777e19)]
    [TestCase(1e-30f, 3.1622777e-29)]
    public void GlobalNorm_OfAThousandEqualNumbers_IsRight(float value, double expected)
    {
        var (norm, factor) = Clip([.. Enumerable.Repeat(value, 1000)], limit: 1);
        Assert.That(norm, Is.EqualTo(expected).Within(1e-4).Percent);
        Assert.That(factor, Is.EqualTo(Math.Min(1, 1 / expected)).Within(1e-4).Percent);
    }

    [Test]
    public void GlobalNorm_OfANumberThatIsNotFinite_IsNotFinite(
        [Values(float.NaN, float.PositiveInfinity, float.NegativeInfinity)] float value, [Values(0, 699, 1299)] int at)
    {
        using var device = new HostDevice(2);
        using var x = device.Allocate<float>(1300);
        using var norm = device.Allocate<float>(1);
        var numbers = new float[1300];
        numbers[at] = value;
        device.CopyIn<float>(numbers, x.Slice);
        GlobalNorm.Compute(device, x.Slice, norm.Slice);
        Assert.That(float.IsFinite(device.Download(norm.Slice)[0]), Is.False);
    }

    [Test]
    public void FindNonFinite_NamesTheFirstParameter()
    {
        using var device = new HostDevice(1);
        using var store = new ParameterStore(device);
        store.Add("a", new TensorShape(2), Initializer.One);
        store.Add("b", new TensorShape(17), Initializer.One);
        store.Add("c", new TensorShape(2), Initializer.One);
        store.Initialize(1);
        Assert.That(store.FindNonFinite(store.Values), Is.Null);
        device.CopyIn<float>([float.NegativeInfinity], store["b"].Data.Range(16, 1));
        device.CopyIn<float>([float.NaN], store["c"].Data.Range(0, 1));
        Assert.That(store.FindNonFinite(store.Values), Is.SameAs(store["b"]));
        Assert.That(store.FindNonFinite(store.Gradients), Is.Null);
    }

    [Test]
    public void Import_OfForeignWeights_NamesWhatDoesNotFit()
    {
        using var device = new HostDevice(1);
        using var store = new ParameterStore(device);
        store.Add("a", new TensorShape(2), Initializer.Zero);
        store.Add("b", new TensorShape(2), Initializer.Zero);
        store.Initialize(1);
        var state = new Dictionary<string, (TensorShape, float[])>
        {
            ["a"] = (new TensorShape(3), new float[3]),
            ["c"] = (new TensorShape(1), new float[1]),
        };
        Assert.That(
            () => store.Import(store.Values, state),
            Throws.ArgumentException.With.Message.Contains("'b' is missing")
                .And.Message.Contains("'c' is unknown").And.Message.Contains("'a' is [3]"));
    }

    /// <summary>Norm and factor of a gradient, with a loss if one is given.</summary>
    private static (float Norm, float Factor) Clip(float[] gradient, double limit, params float[] losses)
    {
        using var device = new HostDevice(1);
        using var store = new ParameterStore(device);
        store.Add("p", new TensorShape(gradient.Length), Initializer.Zero);
        store.Initialize(1);
        device.CopyIn<float>(gradient, store.Gradients.Range(0, gradient.Length));
        using var numbers = device.Allocate<float>(2);
        using var loss = losses.Length > 0 ? device.Upload<float>(losses) : null;
        var clip = new GradientClip(store, limit, numbers.Slice.Range(0, 1), numbers.Slice.Range(1, 1));
        clip.Compute(loss?.Slice ?? default);
        var read = device.Download(numbers.Slice);
        return (read[0], read[1]);
    }
}
