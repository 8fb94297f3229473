using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>The golden values of FreeMatch's thresholds: 4 classes, 8 images, scores from sines; and what a batch selects.</summary>
public sealed class FreeMatchThresholdsTests
{
    private const int Classes = GoldenBatch.Classes;
    private const int Batch = GoldenBatch.Rows;
    private static readonly float[] Weak = GoldenBatch.Weak;
    private static readonly float[] Strong = GoldenBatch.Strong;

    private static readonly double[] GoldenProbabilities = [0.2500239473, 0.2499751523, 0.2499758692, 0.2500250312];

    [Test]
    public void Reference_GoldenBatch_MatchesTheFirstImplementation()
    {
        var (averages, thresholds) = (Uniform(Classes), new double[Classes]);
        double[] weak = [.. Weak.Select(p => (double)p)];
        FreeMatchThresholdsOperator.Reference(Classes, 0.999, weak, averages, thresholds);
        Assert.Multiple(() =>
        {
            Assert.That(averages[0], Is.EqualTo(0.2504675724).Within(2e-10));
            Assert.That(averages[1..(1 + Classes)], Is.EqualTo(GoldenProbabilities).Within(2e-10));
            Assert.That(averages[(1 + Classes)..], Is.All.EqualTo(0.25).Within(1e-15));
        });
        FreeMatchThresholdsOperator.Reference(Classes, 0.999, weak, averages, thresholds);
        Assert.That(averages[0], Is.EqualTo(0.2509346773).Within(2e-10));
    }

    [Test]
    public void Operator_GoldenBatch_SelectsEverything()
    {
        using var run = new Selection(Classes, Batch);
        var (averages, labels, weights) = run.Update(Weak, 0.999f);
        Assert.Multiple(() =>
        {
            Assert.That(averages[0], Is.EqualTo(0.2504675724).Within(1e-7));
            Assert.That(averages[1..(1 + Classes)].Select(p => (double)p), Is.EqualTo(GoldenProbabilities).Within(1e-7));
            Assert.That(averages[(1 + Classes)..], Is.All.EqualTo(0.25).Within(1e-7));
            Assert.That(weights, Is.All.EqualTo(1));
            Assert.That(
                Enumerable.Range(0, Batch).Average(b => -Math.Log(Strong[(b * Classes) + labels[b]])),
                Is.EqualTo(1.4396113299).Within(1e-6));
        });
    }

    /// <summary>So much weight on the past that the state given is the state that selects.</summary>
    [Test]
    public void Operator_GoldenState_SelectsAsTheFirstImplementation()
    {
        double[] averages = [0.9, 0.4, 0.3, 0.2, 0.1, 0.25, 0.25, 0.25, 0.25];
        var thresholds = new double[Classes];
        FreeMatchThresholdsOperator.Reference(Classes, 1, [.. Weak.Select(p => (double)p)], averages, thresholds);
        using var run = new Selection(Classes, Batch);
        var (labels, weights) = run.Select(Weak, [.. thresholds.Select(t => (float)t)]);
        Assert.That(labels.Select(l => thresholds[l]), Is.EqualTo([0.675, 0.225, 0.9, 0.675, 0.45, 0.225, 0.9, 0.45]).Within(1e-12));
        Assert.That(weights, Is.EqualTo([0, 1, 0, 0, 1, 1, 0, 1]));
    }

    /// <summary>Without a memory the thresholds are the batch's own: 0.8 for class 0, 0.7 for class 1.</summary>
    [Test]
    public void Operator_SelectsByTheAveragesOfThisBatch()
    {
        using var run = new Selection(classes: 2, batch: 3);
        Assert.That(run.Update([0.9f, 0.1f, 0.1f, 0.9f, 0.6f, 0.4f], 0).Weights, Is.EqualTo(new[] { 1, 1, 0 }));
    }

    [Test]
    public void Operator_ConfidenceAtTheThreshold_TakesPart()
    {
        using var run = new Selection(classes: 2, batch: 2);
        Assert.That(run.Select([0.75f, 0.25f, 0.7499f, 0.2501f], [0.75f, 0.75f]).Weights, Is.EqualTo(new[] { 1, 0 }));
    }

    /// <summary>The averages stay, the row has no weight that could be used, and the others are not touched by it.</summary>
    [Test]
    public void Operator_WhatIsNotFinite_ChangesNoAverage(
        [Values(float.NaN, float.PositiveInfinity, float.NegativeInfinity)] float value, [Values(2, 3)] int at)
    {
        using var run = new Selection(classes: 2, batch: 2);
        float[] probabilities = [0.9f, 0.1f, 0.5f, 0.5f];
        probabilities[at] = value;
        var (averages, labels, weights) = run.Update(probabilities, 0.5f);
        Assert.That(averages, Is.All.EqualTo(0.5));
        Assert.That(labels, Is.EqualTo(new[] { 0, 0 }));
        Assert.That(weights, Is.EqualTo(new[] { 1, float.NaN }));
    }

    [Test]
    public void Calls_Sizes_AreChecked()
    {
        using var device = new HostDevice(threads: 1, selection: new KernelSelection());
        using var floats = device.Allocate<float>(6);
        var call = new FreeMatchThresholdsCall
        {
            Rows = 3, Classes = 2, Momentum = 0.5f, Probabilities = floats.Slice, Averages = floats.Slice, Thresholds = floats.Slice,
        };
        Assert.That(call.Validate, Throws.Nothing);
        foreach (var bad in new[]
        {
            call with { Rows = 4 }, call with { Momentum = 1 }, call with { Momentum = float.NaN }, call with { Classes = 3 },
            call with { Averages = floats.Slice.Range(0, 4) }, call with { Thresholds = floats.Slice.Range(0, 1) },
        })
        {
            Assert.That(bad.Validate, Throws.TypeOf<KernelException>());
        }
    }

    private static double[] Uniform(int classes) => [.. Enumerable.Repeat(1.0 / classes, 1 + (2 * classes))];
}
