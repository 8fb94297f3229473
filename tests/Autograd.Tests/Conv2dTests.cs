using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace Autograd.Tests;

/// <summary>What a convolution's options mean, and the module. Its numbers are compared with PyTorch's elsewhere.</summary>
public sealed class Conv2dTests
{
    /// <summary>A filter of ones on an image of ones counts the pixels under it: zeros around it do not.</summary>
    [TestCaseSource(nameof(Paddings))]
    public void Padding_IsOnTheSidesThatWereAskedFor(Conv2dOptions options, int height, int width, float[] counts)
    {
        using var device = new HostDevice(threads: 1);
        using var store = new ParameterStore(device);
        var module = new Conv2d(new ParameterScope(store)["conv"], ins: 1, outs: 1, (3, 3), options);
        store.Initialize(seed: 1);
        device.CopyIn(Enumerable.Repeat(1f, 9).ToArray(), module.Weight.Data);
        using var image = device.Upload<float>(Enumerable.Repeat(1f, 9).ToArray());
        using var tape = new Tape(device);
        var y = module.Forward(tape, Tape.Constant(new TensorShape(1, 3, 3, 1), image.Slice));
        Assert.That(y.Shape, Is.EqualTo(new TensorShape(1, height, width, 1)));
        Assert.That(device.Download(y.Data), Is.EqualTo(counts));
    }

    [TestCase(6, 4, 4)]
    [TestCase(4, 6, 4)]
    [TestCase(4, 4, 0)]
    public void Module_GroupsThatCutChannels_AreRefused(int ins, int outs, int groups)
    {
        using var device = new HostDevice(threads: 1);
        using var store = new ParameterStore(device);
        Assert.That(
            () => new Conv2d(new ParameterScope(store), ins, outs, (1, 1), new Conv2dOptions(Groups: groups)),
            Throws.ArgumentException.With.Message.EqualTo($"{groups} groups do not cut {ins} channels and {outs} output channels into whole ones"));
        Assert.That(store.Parameters, Is.Empty);
    }

    private static IEnumerable<TestCaseData> Paddings()
    {
        float[] all = [4, 6, 4, 6, 9, 6, 4, 6, 4];
        yield return new TestCaseData(new Conv2dOptions(), 1, 1, new float[] { 9 }).SetArgDisplayNames("none");
        yield return new TestCaseData(new Conv2dOptions(Padding: 1), 3, 3, all).SetArgDisplayNames("every side");
        yield return new TestCaseData(new Conv2dOptions() with { Padding = 1 }, 3, 3, all).SetArgDisplayNames("every side, said later");
        yield return new TestCaseData(new Conv2dOptions { Top = 1 }, 2, 1, new float[] { 6, 9 }).SetArgDisplayNames("top");
        yield return new TestCaseData(new Conv2dOptions { Bottom = 1 }, 2, 1, new float[] { 9, 6 }).SetArgDisplayNames("bottom");
        yield return new TestCaseData(new Conv2dOptions { Left = 1 }, 1, 2, new float[] { 6, 9 }).SetArgDisplayNames("left");
        yield return new TestCaseData(new Conv2dOptions { Right = 1 }, 1, 2, new float[] { 9, 6 }).SetArgDisplayNames("right");
        yield return new TestCaseData(new Conv2dOptions(Padding: 1) { Top = 0, Left = 0 }, 2, 2, new float[] { 9, 6, 6, 4 }).SetArgDisplayNames("all but two sides");
    }
}
