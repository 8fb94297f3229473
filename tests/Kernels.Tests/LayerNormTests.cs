using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>What layer norm promises beyond its tolerance: rounding the mean costs nothing.</summary>
public sealed class LayerNormTests
{
    private static readonly float[] Values = [0.1f, -3.3f, 777.7f, 4096.3f];

    /// <summary>The mean of equal numbers is that number, though their sum in floats is not the sum.</summary>
    [Test]
    public void Forward_RowsOfOneValue_HaveThatMeanAndComeOutAsZero(
        [Values] SimdWidth width, [Values(1, 3, 31, 384, 1001)] int count)
    {
        using var device = new HostDevice(threads: 1, width, new KernelSelection());
        using var x = device.Upload<float>([.. Values.SelectMany(v => Enumerable.Repeat(v, count))]);
        using var gamma = device.Upload<float>([.. Enumerable.Repeat(1f, count)]);
        using var beta = device.Upload<float>(new float[count]);
        using var y = device.Allocate<float>(x.Slice.Length);
        using var mean = device.Allocate<float>(Values.Length);
        using var inverse = device.Allocate<float>(Values.Length);
        device.Run(LayerNormOperators.Forward, new LayerNormForwardCall
        {
            Rows = Values.Length,
            Width = count,
            Epsilon = 1e-5f,
            X = x.Slice,
            Gamma = gamma.Slice,
            Beta = beta.Slice,
            Y = y.Slice,
            Mean = mean.Slice,
            InverseDeviation = inverse.Slice,
        });
        Assert.That(device.Download(mean.Slice), Is.EqualTo(Values));
        Assert.That(device.Download(y.Slice), Is.All.Zero.Within(1e-6));
    }
}
