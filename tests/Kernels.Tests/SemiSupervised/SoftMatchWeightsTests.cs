using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>SoftMatch's weights: golden values of PyTorch over three batches, and what they mean.</summary>
public sealed class SoftMatchWeightsTests
{
    private const int Classes = GoldenBatch.Classes;

    private static readonly float[] Start = [1f / Classes, 1, 0, 0, 0, 0];

    [Test]
    public void Operator_GoldenBatches_FollowsAndWeighsAsTheFirstImplementation()
    {
        float[] averages = Start;
        RequireNext(
            ref averages, GoldenBatch.Weak, [0.484870885205, 0.503113232585, 0.273947321870, 0.225152258232, 0.225869175661, 0.275031244237],
            [1, 1, 1, 1, 1, 1, 1, 1]);
        RequireNext(
            ref averages, GoldenBatch.Strong, [0.528591752902, 0.259216456870, 0.283118730923, 0.228833114844, 0.213369491661, 0.274678662572],
            [0.995168792784, 1, 1, 1, 1, 1, 0.845275328649, 0.997739420413]);
        RequireNext(
            ref averages, GoldenBatch.Turned, [0.624197907250, 0.132559201813, 0.279074987580, 0.227351145252, 0.219260874946, 0.274312992221],
            [1, 1, 1, 1, 0.998822328222, 1, 1, 1]);
    }

    /// <summary>A class that the model says too often counts as less sure: 0.6 of it is worth less than 0.4 of another.</summary>
    [Test]
    public void Weights_AreOfAlignedProbabilities()
    {
        var (averages, weights) = Run([0.6f, 0.4f, 0.4f, 0.6f], classes: 2, momentum: 0.999f, [0.9f, 1e-3f, 0.9f, 0.1f]);
        Assert.That(Sure(0.4, 0.6), Is.GreaterThan(0.5), "of the first row too the rare class is the surer one then");
        Assert.That(weights, Is.EqualTo([Expected(Sure(0.4, 0.6)), Expected(Sure(0.6, 0.4))]).Within(1e-5));

        // Of the rare class, beside what is left of the common one.
        double Sure(double rare, double common) => rare / averages[3] / ((rare / averages[3]) + (common / averages[2]));
        double Expected(double sure) => Math.Exp(-4 * Math.Pow(Math.Min(sure - averages[0], 0), 2) / (2 * averages[1]));
    }

    [Test]
    public void Weights_WithoutAVariance_AreOneAtTheMeanAndNothingBelow()
    {
        var (averages, weights) = Run([0.75f, 0.25f], classes: 2, momentum: 0, [1, 1, 1, 1]);
        Assert.That(averages[0], Is.EqualTo(0.5).Within(1e-5), "a row that is its own mean is aligned to the same of every class");
        Assert.That((averages[1], weights[0]), Is.EqualTo((0f, 1f)), "one row has no variance");
    }

    [Test]
    public void WhatIsNotFinite_ChangesNoAverage([Values(float.NaN, float.PositiveInfinity, float.NegativeInfinity)] float value)
    {
        float[] before = [0.7f, 0.1f, 0.5f, 0.5f];
        var (averages, weights) = Run([0.9f, 0.1f, 0.5f, value], classes: 2, momentum: 0.5f, before);
        Assert.That(averages, Is.EqualTo(before));
        Assert.That(weights, Is.EqualTo(new[] { 1, float.NaN }));
    }

    [Test]
    public void Calls_Sizes_AreChecked()
    {
        using var device = new HostDevice(threads: 1, selection: new KernelSelection());
        using var floats = device.Allocate<float>(6);
        var call = new SoftMatchWeightsCall
        {
            Rows = 3, Classes = 2, Momentum = 0.5f, Deviations = 2, Probabilities = floats.Slice, Averages = floats.Slice,
            Weights = floats.Slice,
        };
        Assert.That(call.Validate, Throws.Nothing);
        foreach (var bad in new[]
        {
            call with { Rows = 4 }, call with { Momentum = 1 }, call with { Deviations = 0 }, call with { Deviations = float.NaN },
            call with { Averages = floats.Slice.Range(0, 3) }, call with { Weights = floats.Slice.Range(0, 2) },
        })
        {
            Assert.That(bad.Validate, Throws.TypeOf<KernelException>());
        }
    }

    private static void RequireNext(ref float[] averages, float[] probabilities, double[] golden, double[] goldenWeights)
    {
        (averages, var weights) = Run(probabilities, Classes, momentum: 0.5f, averages);
        Assert.That(averages.Select(a => (double)a), Is.EqualTo(golden).Within(2e-7));
        Assert.That(weights.Select(w => (double)w), Is.EqualTo(goldenWeights).Within(1e-6));
    }

    private static (float[] Averages, float[] Weights) Run(float[] probabilities, int classes, float momentum, float[] averages)
    {
        using var device = new HostDevice(threads: 1, selection: new KernelSelection());
        using var p = device.Upload<float>(probabilities);
        using var state = device.Upload<float>(averages);
        using var weights = device.Allocate<float>(probabilities.Length / classes);
        device.Run(SoftMatchWeightsOperator.Weights, new SoftMatchWeightsCall
        {
            Rows = probabilities.Length / classes,
            Classes = classes,
            Momentum = momentum,
            Deviations = 2,
            Probabilities = p.Slice,
            Averages = state.Slice,
            Weights = weights.Slice,
        });
        return (device.Download(state.Slice), device.Download(weights.Slice));
    }
}
