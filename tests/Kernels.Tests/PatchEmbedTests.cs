using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>What the cases of the registry do not say about patch embedding: published values and refusals.</summary>
public sealed class PatchEmbedTests
{
    [Test]
    public void TimeToken_Width8_MatchesThePublishedValues()
    {
        double[] one = [0.540302, 0.995004, 0.999950, 1.0, 0.841471, 0.0998334, 0.00999983, 0.001];
        double[] late = [0.99965, 0.80746, -0.84447, 0.54114, -0.02646, -0.58993, -0.53560, 0.84093];
        Assert.Multiple(() =>
        {
            Assert.That(TimeTokens(1, 8), Is.EqualTo(one).Within(1e-6));
            Assert.That(TimeTokens(999, 8), Is.EqualTo(late).Within(1e-5));
        });
    }

    [Test]
    public void TimeToken_OddWidth_EndsInZero() => Assert.That(TimeTokens(3, 5)[4], Is.Zero);

    [TestCase(-1)]
    [TestCase(4)]
    public void Forward_LabelOutsideTheTable_IsRefusedByName(int label)
    {
        using var device = new HostDevice(1);
        using var values = device.Upload<float>(new float[64]);
        using var labels = device.Upload([label]);
        var call = new PatchEmbedForwardCall
        {
            Grid = new PatchGrid(1, 1, 2, 2, 1),
            Width = 8,
            Image = values.Slice,
            Weight = values.Slice,
            Bias = values.Slice,
            Position = values.Slice,
            LabelRows = 4,
            LabelTable = values.Slice,
            Labels = labels.Slice,
            Tokens = values.Slice.From(32),
        };
        Assert.That(
            () => device.Run(PatchEmbedOperators.Forward, in call),
            Throws.TypeOf<KernelException>().With.Message.Contains($"label {label} of image 0"));
    }

    private static float[] TimeTokens(float time, int width)
    {
        using var device = new HostDevice(1);
        using var zeros = device.Upload<float>(new float[64]);
        using var times = device.Upload([time]);
        using var tokens = device.Allocate<float>(2 * width);
        device.Run(PatchEmbedOperators.Forward, new PatchEmbedForwardCall
        {
            Grid = new PatchGrid(1, 1, 1, 1, 1),
            Width = width,
            Image = zeros.Slice,
            Weight = zeros.Slice,
            Bias = zeros.Slice,
            Position = zeros.Slice,
            Times = times.Slice,
            Tokens = tokens.Slice,
        });
        return device.Download(tokens.Slice.Range(0, width));
    }
}
