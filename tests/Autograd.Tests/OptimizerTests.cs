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
    });

    [Test]
    public void MovingAverage_OfConstantWeights_FollowsTheClosedForm()
    {
        const float Decay = 0.9f;
        using var device = new HostDevice(1);
        using var store = new ParameterStore(device);
        store.Add("p", new TensorShape(3), Initializer.Constant(2));
        store.Initialize(1);
        using var average = new MovingAverage(store, Decay);
        device.CopyIn<float>([5, 5, 5], store.Values.Range(0, 3));
        using var optimizer = new Sgd(store, new SgdConfig(0, Nesterov: false, 0, DecayEverything: true));
        for (var k = 1; k <= 6; k++)
        {
            optimizer.Step(0, 1, average);
            var expected = 5 + ((2 - 5) * Math.Pow(Decay, k));
            Assert.That(device.Download(average.Values.Range(0, 3)), Is.All.EqualTo((float)expected).Within(1e-5));
        }

        using (average.Use())
        {
            Assert.That(device.Download(store["p"].Data)[0], Is.EqualTo(5 - (3 * Math.Pow(Decay, 6))).Within(1e-5));
        }

        Assert.That(device.Download(store["p"].Data)[0], Is.EqualTo(5));
    }

    [Test]
    public void GradientClip_ScalesToTheLimit()
    {
        using var device = new HostDevice(1);
        using var store = new ParameterStore(device);
        store.Add("p", new TensorShape(2), Initializer.Zero);
        store.Initialize(1);
        device.CopyIn<float>([3, 4], store.Gradients.Range(0, 2));
        using var clip = new GradientClip(store);
        Assert.Multiple(() =>
        {
            Assert.That(clip.Norm(), Is.EqualTo(5));
            Assert.That(GradientClip.Factor(5, 1), Is.EqualTo(0.2).Within(1e-6));
            Assert.That(GradientClip.Factor(5, 10), Is.EqualTo(1));
            Assert.That(GradientClip.Factor(5, 0), Is.EqualTo(1));
        });
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
}
