using System.Text.Json;
using DPT.Engine.Dpt;

namespace Dpt.Tests;

/// <summary>The golden values of spec 2.4: 4 classes, 8 images, scores from sines.</summary>
public sealed class SelfAdaptiveThresholdTests
{
    private const int Classes = 4;
    private const int Batch = 8;
    private static readonly float[] Weak = Softmax(k => 3 * Math.Sin((1.1 * k) + 0.2));
    private static readonly float[] Strong = Softmax(k => 2 * Math.Sin((0.9 * k) + 0.6));

    [Test]
    public void Update_GoldenBatch_MatchesTheReference()
    {
        var thresholds = new SelfAdaptiveThreshold(Classes, 0.999);
        var labels = new int[Batch];
        var mask = new float[Batch];
        Assert.That(thresholds.Update(Weak, labels, mask), Is.EqualTo(Batch));

        var state = thresholds.State;
        Assert.Multiple(() =>
        {
            Assert.That(state.Global, Is.EqualTo(0.2504675724).Within(2e-10));
            Assert.That(
                state.ClassProbabilities,
                Is.EqualTo([0.2500239473, 0.2499751523, 0.2499758692, 0.2500250312]).Within(2e-10));
            Assert.That(state.ClassFrequencies, Is.All.EqualTo(0.25).Within(1e-15));
            Assert.That(mask, Is.All.EqualTo(1));
            Assert.That(
                Enumerable.Range(0, Batch).Average(b => -Math.Log(Strong[(b * Classes) + labels[b]])),
                Is.EqualTo(1.4396113299).Within(1e-6));
        });
        thresholds.Update(Weak, labels, mask);
        Assert.That(thresholds.State.Global, Is.EqualTo(0.2509346773).Within(2e-10));
    }

    [Test]
    public void Select_GoldenState_MatchesTheReference()
    {
        var thresholds = new SelfAdaptiveThreshold(Classes, 0.999)
        {
            State = new ThresholdState(0.9, [0.4, 0.3, 0.2, 0.1], [0.25, 0.25, 0.25, 0.25]),
        };
        var labels = new int[Batch];
        var mask = new float[Batch];
        Assert.That(thresholds.Select(Weak, labels, mask), Is.EqualTo(4));
        Assert.That(
            Array.ConvertAll(labels, thresholds.ThresholdOf),
            Is.EqualTo([0.675, 0.225, 0.9, 0.675, 0.45, 0.225, 0.9, 0.45]).Within(1e-12));
        Assert.That(mask, Is.EqualTo([0, 1, 0, 0, 1, 1, 0, 1]));
    }

    /// <summary>Without a memory the thresholds are the batch's own: 0.8 for class 0, 0.7 for class 1.</summary>
    [Test]
    public void Update_SelectsByTheAveragesOfThisBatch()
    {
        var (labels, mask) = (new int[3], new float[3]);
        var selected = new SelfAdaptiveThreshold(2, 0).Update([0.9f, 0.1f, 0.1f, 0.9f, 0.6f, 0.4f], labels, mask);
        Assert.That(selected, Is.EqualTo(2));
        Assert.That(mask, Is.EqualTo(new[] { 1, 1, 0 }));
    }

    [Test]
    public void Select_ConfidenceAtTheThreshold_TakesPart()
    {
        var mask = new float[1];
        var thresholds = new SelfAdaptiveThreshold(2, 0.9) { State = new ThresholdState(0.75, [0.5, 0.5], [0.5, 0.5]) };
        Assert.That(thresholds.Select([0.75f, 0.25f], new int[1], mask), Is.EqualTo(1));
        Assert.That(mask[0], Is.EqualTo(1));
    }

    [Test]
    public void State_ThroughJson_ContinuesBitForBit()
    {
        var (labels, mask) = (new int[Batch], new float[Batch]);
        var original = new SelfAdaptiveThreshold(Classes, 0.99);
        original.Update(Weak, labels, mask);
        var restored = new SelfAdaptiveThreshold(Classes, 0.99)
        {
            State = JsonSerializer.Deserialize<ThresholdState>(JsonSerializer.Serialize(original.State))!,
        };
        original.Update(Strong, labels, mask);
        restored.Update(Strong, labels, mask);
        Assert.Multiple(() =>
        {
            Assert.That(restored.State.Global, Is.EqualTo(original.State.Global));
            Assert.That(restored.State.ClassProbabilities, Is.EqualTo(original.State.ClassProbabilities));
            Assert.That(restored.State.ClassFrequencies, Is.EqualTo(original.State.ClassFrequencies));
        });
    }

    [Test]
    public void State_ReadAndRestored_IsACopy()
    {
        var given = new ThresholdState(0.5, [0.5, 0.5], [0.5, 0.5]);
        var thresholds = new SelfAdaptiveThreshold(2, 0.5) { State = given };
        var read = thresholds.State;
        thresholds.Update([0.9f, 0.1f], new int[1], new float[1]);
        Assert.Multiple(() =>
        {
            Assert.That(thresholds.State.ClassProbabilities, Is.Not.EqualTo(read.ClassProbabilities));
            Assert.That(given.ClassProbabilities.Concat(given.ClassFrequencies), Is.All.EqualTo(0.5));
            Assert.That(read.ClassProbabilities.Concat(read.ClassFrequencies), Is.All.EqualTo(0.5));
        });
    }

    [TestCase(2, Classes)]
    [TestCase(Classes, 2)]
    [TestCase(Classes + 1, Classes + 1)]
    public void State_OfOtherClasses_IsRefused(int probabilities, int frequencies) => Assert.That(
        () => new SelfAdaptiveThreshold(Classes, 0.9)
        {
            State = new ThresholdState(0.5, new double[probabilities], new double[frequencies]),
        },
        Throws.ArgumentException);

    [Test]
    public void Update_NaN_FailsAndLeavesTheState()
    {
        var thresholds = new SelfAdaptiveThreshold(2, 0.9);
        Assert.That(
            () => thresholds.Update([0.5f, float.NaN], new int[1], new float[1]),
            Throws.InstanceOf<DptException>());
        Assert.That(thresholds.State.ClassProbabilities, Is.All.EqualTo(0.5));
    }

    [Test]
    public void Update_Sizes_AreChecked() => Assert.That(
        () => new SelfAdaptiveThreshold(2, 0.9).Update([0.5f, 0.5f], new int[2], new float[2]), Throws.ArgumentException);

    private static float[] Softmax(Func<int, double> logit)
    {
        var result = new float[Batch * Classes];
        for (var b = 0; b < Batch; b++)
        {
            var powers = Enumerable.Range(0, Classes).Select(c => Math.Exp(logit((b * Classes) + c))).ToArray();
            for (var c = 0; c < Classes; c++)
            {
                result[(b * Classes) + c] = (float)(powers[c] / powers.Sum());
            }
        }

        return result;
    }
}
