using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>FlexMatch's memory and thresholds: golden values of PyTorch over three batches of six images, and what they mean.</summary>
public sealed class FlexMatchThresholdsTests
{
    private const int Classes = GoldenBatch.Classes;
    private const int Images = 6;

    [Test]
    public void Operator_GoldenBatches_RemembersAsTheFirstImplementation()
    {
        var state = (Remembered: new int[Images], Counts: new[] { Images, 0, 0, 0, 0 });
        RequireNext(ref state, GoldenBatch.Weak, [0, 1, 2, 3, 4, 5, 0, 1], [0, 2, 0, 1, -1, 3], [0.6, 0.2, 0.2, 0.2]);
        RequireNext(ref state, GoldenBatch.Strong, [5, 4, 3, 2, 1, 0, 5, 3], [0, 0, 3, 0, 3, 3], [0.6, 0, 0, 0.6]);
        RequireNext(ref state, GoldenBatch.Turned, [1, 1, 2, 2, 3, 3, 4, 4], [0, 0, 2, 0, 1, 3], [0.6, 0.12, 0.12, 0.12]);
    }

    [Test]
    public void Thresholds_WhileMostImagesRememberNothing_AreLow()
    {
        var (_, counts, thresholds) = Run([0.9f, 0.1f, 0.6f, 0.4f], classes: 2, [7, 8], new int[100], [100, 0, 0], cutoff: 0.8f);
        Assert.That(counts, Is.EqualTo(new[] { 99, 1, 0 }), "0.6 is not sure");
        Assert.That(thresholds[0], Is.EqualTo(0.8 * (1 / 99.0) / (2 - (1 / 99.0))).Within(1e-8));
        Assert.That(thresholds[1], Is.Zero);
    }

    [Test]
    public void WhatIsNotFinite_IsNotRemembered([Values(float.NaN, float.PositiveInfinity)] float value)
    {
        var (remembered, counts, _) = Run([0.9f, value, 0.1f, 0.9f], classes: 2, [0, 1], new int[2], [2, 0, 0], cutoff: 0.8f);
        Assert.That(remembered, Is.EqualTo(new[] { 0, 2 }));
        Assert.That(counts, Is.EqualTo(new[] { 1, 0, 1 }));
    }

    [Test]
    public void Confidence_AtTheCutoff_IsSure()
    {
        var (remembered, _, _) = Run([0.75f, 0.25f], classes: 2, [0], new int[1], [1, 0, 0], cutoff: 0.75f);
        Assert.That(remembered, Is.EqualTo(new[] { 1 }));
    }

    [Test]
    public void Calls_Sizes_AreChecked()
    {
        using var device = new HostDevice(threads: 1, selection: new KernelSelection());
        using var floats = device.Allocate<float>(6);
        using var ints = device.Allocate<int>(3);
        var call = new FlexMatchThresholdsCall
        {
            Rows = 3, Classes = 2, Cutoff = 1, Probabilities = floats.Slice, Images = ints.Slice, Remembered = ints.Slice,
            Counts = ints.Slice, Thresholds = floats.Slice,
        };
        Assert.That(call.Validate, Throws.Nothing);
        foreach (var bad in new[]
        {
            call with { Rows = 4 }, call with { Cutoff = 0 }, call with { Cutoff = 1.01f }, call with { Cutoff = float.NaN },
            call with { Images = ints.Slice.Range(0, 2) }, call with { Remembered = default }, call with { Counts = ints.Slice.Range(0, 2) },
            call with { Thresholds = floats.Slice.Range(0, 1) },
        })
        {
            Assert.That(bad.Validate, Throws.TypeOf<KernelException>());
        }
    }

    private static void RequireNext(
        ref (int[] Remembered, int[] Counts) state, float[] probabilities, int[] images, int[] golden, double[] goldenThresholds)
    {
        var (remembered, counts, thresholds) = Run(probabilities, Classes, images, state.Remembered, state.Counts, cutoff: 0.6f);
        Assert.That(remembered.Select(label => label - 1), Is.EqualTo(golden));
        Assert.That(counts, Is.EqualTo(Enumerable.Range(0, 1 + Classes).Select(i => remembered.Count(label => label == i))));
        Assert.That(thresholds.Select(t => (double)t), Is.EqualTo(goldenThresholds).Within(1e-7));
        state = (remembered, counts);
    }

    private static (int[] Remembered, int[] Counts, float[] Thresholds) Run(
        float[] probabilities, int classes, int[] images, int[] remembered, int[] counts, float cutoff)
    {
        using var device = new HostDevice(threads: 1, selection: new KernelSelection());
        using var p = device.Upload<float>(probabilities);
        using var rows = device.Upload<int>(images);
        using var memory = device.Upload<int>(remembered);
        using var ofClasses = device.Upload<int>(counts);
        using var thresholds = device.Allocate<float>(classes);
        device.Run(FlexMatchThresholdsOperator.Thresholds, new FlexMatchThresholdsCall
        {
            Rows = images.Length,
            Classes = classes,
            Cutoff = cutoff,
            Probabilities = p.Slice,
            Images = rows.Slice,
            Remembered = memory.Slice,
            Counts = ofClasses.Slice,
            Thresholds = thresholds.Slice,
        });
        return (device.Download(memory.Slice), device.Download(ofClasses.Slice), device.Download(thresholds.Slice));
    }
}
