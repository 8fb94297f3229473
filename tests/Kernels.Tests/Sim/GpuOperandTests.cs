using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>
/// What kernels do where the host throws: an index from memory that leads nowhere reads nothing, and shows as NaN in
/// its own row alone. And elements beyond the largest grid.
/// </summary>
public sealed class GpuOperandTests
{
    [TestCase(-1)]
    [TestCase(3)]
    [TestCase(int.MaxValue)]
    public void CrossEntropy_LabelOutside_IsNaNInItsRow(int label)
    {
        using var device = new SimDevice(selection: new KernelSelection());
        using var logits = device.Upload<float>([1, 2, 3, 1, 2, 3]);
        using var labels = device.Upload<int>([label, 1]);
        using var losses = device.Allocate<float>(2);
        using var gradient = device.Allocate<float>(6);
        device.Run(LossOperators.CrossEntropy, new CrossEntropyCall
        {
            Rows = 2,
            Classes = 3,
            Logits = logits.Slice,
            Labels = labels.Slice,
            Scale = 1,
            Losses = losses.Slice,
            LogitsGradient = gradient.Slice,
        });
        Assert.Multiple(() =>
        {
            Assert.That(device.Download(losses.Slice).Select(float.IsNaN), Is.EqualTo(new[] { true, false }));
            Assert.That(
                device.Download(gradient.Slice).Select(float.IsNaN),
                Is.EqualTo(new[] { true, true, true, false, false, false }));
        });
    }

    [TestCase(-1)]
    [TestCase(2)]
    public void PatchEmbedForward_LabelOutside_IsNaNInItsToken(int label)
    {
        using var device = new SimDevice(selection: new KernelSelection());
        using var numbers = device.Upload<float>([1, 2, 3, 4, 5, 6, 7, 8]);
        using var labels = device.Upload<int>([label, 1]);
        using var tokens = device.Allocate<float>(8);
        device.Run(PatchEmbedOperators.Forward, new PatchEmbedForwardCall
        {
            Grid = new PatchGrid(2, 1, 1, 1, 1),
            Width = 2,
            Image = numbers.Slice,
            Weight = numbers.Slice,
            Bias = numbers.Slice,
            Position = numbers.Slice,
            LabelRows = 2,
            LabelTable = numbers.Slice,
            Labels = labels.Slice,
            Tokens = tokens.Slice,
        });
        Assert.That(
            device.Download(tokens.Slice).Select(float.IsNaN),
            Is.EqualTo(new[] { true, true, false, false, false, false, false, false }));
    }

    [TestCase(-1)]
    [TestCase(2)]
    public void PatchEmbedBackward_LabelOutside_IsLeftOut(int label)
    {
        using var device = new SimDevice(selection: new KernelSelection());
        using var numbers = device.Upload<float>([1, 2, 3, 4, 5, 6, 7, 8]);
        using var labels = device.Upload<int>([label, 1]);
        using var gradient = device.Upload<float>(new float[8]);
        using var table = device.Upload<float>(new float[4]);
        device.Run(PatchEmbedOperators.Backward, new PatchEmbedBackwardCall
        {
            Grid = new PatchGrid(2, 1, 1, 1, 1),
            Width = 2,
            Image = numbers.Slice,
            TokensGradient = numbers.Slice,
            LabelRows = 2,
            Labels = labels.Slice,
            WeightGradient = gradient.Slice,
            BiasGradient = gradient.Slice,
            PositionGradient = gradient.Slice,
            LabelTableGradient = table.Slice,
        });
        Assert.That(device.Download(table.Slice), Is.EqualTo(new float[] { 0, 0, 5, 6 }));
    }

    [Test]
    public void Augment_IndexOutside_IsNaNInItsRow([Values] AugmentPolicy policy, [Values(-1, 1)] int index)
    {
        using var device = new SimDevice(selection: new KernelSelection());
        using var source = device.Upload<byte>([1, 2, 3, 4]);
        using var indices = device.Upload<int>([index, 0]);
        using var one = device.Upload<float>([1]);
        using var output = device.Allocate<float>(8);
        device.Run(AugmentOperators.Augment, new AugmentCall
        {
            Batch = 2,
            Channels = 1,
            ImageSize = 2,
            SourceCount = 1,
            Source = source.Slice,
            Indices = indices.Slice,
            Policy = policy,
            Mean = one.Slice,
            Deviation = one.Slice,
            Output = output.Slice,
        });
        Assert.That(
            device.Download(output.Slice).Select(float.IsNaN),
            Is.EqualTo(new[] { true, true, true, true, false, false, false, false }));
    }

    [Test]
    public void GridStride_MoreElementsThanThreads_ReachesAll()
    {
        const int Count = 700_001;
        using var device = new SimDevice(selection: new KernelSelection());
        using var x = device.Upload<float>([.. Enumerable.Range(0, Count).Select(i => (float)i)]);
        using var y = device.Allocate<float>(Count);
        using var norm = device.Allocate<float>(1);
        device.Run(ElementwiseOperators.Axpby, new AxpbyCall
        {
            Count = Count,
            Alpha = 1f / Count,
            Beta = 0,
            X = x.Slice,
            Y = y.Slice,
        });
        device.Run(
            OptimizerOperators.Norm,
            new NormCall { Count = Count, X = y.Slice, Result = norm.Slice });
        var values = device.Download(y.Slice);
        var expected = Math.Sqrt(values.Sum(v => (double)v * v));
        Assert.Multiple(() =>
        {
            Assert.That(values.Select((v, i) => v == i * (1f / Count)), Is.All.True);
            Assert.That(device.Download(norm.Slice)[0], Is.EqualTo((float)expected));
        });
    }
}
