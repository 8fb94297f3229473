using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>What batch and group norm promise beyond their tolerance: numbers that one can do in one's head, and constants.</summary>
public sealed class ChannelNormTests
{
    private static readonly float[] Values = [0.1f, -3.3f, 777.7f, 4096.3f, 12345.678f];

    public static IEnumerable<Device> Devices() =>
        [.. Enum.GetValues<SimdWidth>().Select(width => new HostDevice(2, width, new KernelSelection())), new SimDevice(selection: new KernelSelection())];

    /// <summary>The mean of equal numbers is that number, though their sum in floats is not the sum; nothing is left of them.</summary>
    [Test]
    public void ColumnsOfOneValue_HaveThatMeanAndComeOutAsTheShift([ValueSource(nameof(Devices))] Device device, [Values(1, 31, 1001)] int rows)
    {
        using var owned = device;
        using var statistics = new Statistics(device, [.. Enumerable.Repeat(Values, rows).SelectMany(row => row)], rows);
        Assert.That(device.Download(statistics.Mean.Slice), Is.EqualTo(Values));
        Assert.That(device.Download(statistics.Variance.Slice), Is.All.Zero);

        using var ones = device.Upload<float>([1, 1, 1, 1, 1]);
        using var shift = device.Upload<float>([1, 2, -3, 4, 0]);
        using var y = device.Allocate<float>(rows * Values.Length);
        device.Run(BatchNormOperators.Forward, new BatchNormForwardCall
        {
            Rows = rows,
            Channels = Values.Length,
            Epsilon = 1e-12f,
            NegativeSlope = 0.5f,
            X = statistics.X.Slice,
            Gamma = ones.Slice,
            Beta = shift.Slice,
            Mean = statistics.Mean.Slice,
            Variance = statistics.Variance.Slice,
            Y = y.Slice,
        });
        Assert.That(device.Download(y.Slice), Is.EqualTo(Enumerable.Repeat(new float[] { 1, 2, -1.5f, 4, 0 }, rows).SelectMany(row => row)));
    }

    /// <summary>0, 1, 2, 3 have the mean 3/2, the biased variance 5/4 and the unbiased one 5/3.</summary>
    [Test]
    public void RunningStatistics_TakeTheirShareOfMeanAndUnbiasedVariance([ValueSource(nameof(Devices))] Device device)
    {
        using var owned = device;
        using var statistics = new Statistics(device, [0, 1, 2, 3], rows: 4, momentum: 0.25f, runningMean: 4, runningVariance: 8);
        Assert.Multiple(() =>
        {
            Assert.That(device.Download(statistics.Mean.Slice), Is.EqualTo(new[] { 1.5f }));
            Assert.That(device.Download(statistics.Variance.Slice), Is.EqualTo(new[] { 1.25f }));
            Assert.That(device.Download(statistics.RunningMean!.Slice), Is.EqualTo(new[] { 3 + 0.375f }));
            Assert.That(device.Download(statistics.RunningVariance!.Slice)[0], Is.EqualTo(6 + (5 / 12f)).Within(1e-6));
        });
    }

    /// <summary>A mean far from zero costs digits of the numbers, none of their spread; as many rows as a GPU cuts into longer pieces.</summary>
    [Test]
    public void Variance_OfNumbersFarFromZero_IsThatOfTheirDistances([ValueSource(nameof(Devices))] Device device)
    {
        const int Rows = 33_000;
        using var owned = device;
        using var statistics = new Statistics(device, [.. Enumerable.Range(0, Rows).Select(i => 1e6f + (i % 2))], Rows);
        Assert.That(device.Download(statistics.Variance.Slice)[0], Is.EqualTo(0.25f).Within(1e-7));
        Assert.That(device.Download(statistics.Mean.Slice)[0], Is.EqualTo(1e6f + 0.5f).Within(0.0625));
    }

    /// <summary>An image of one value has nothing but the shift left, whatever its neighbours; the scale has no gradient there.</summary>
    [Test]
    public void GroupsOfOneValue_ComeOutAsTheShift([ValueSource(nameof(Devices))] Device device, [Values(1, 21, 150)] int pixels)
    {
        const int Channels = 6, Groups = 2;
        using var owned = device;
        using var x = device.Upload<float>([.. Values.SelectMany(value => Enumerable.Repeat(value, pixels * Channels))]);
        using var parameter = device.Upload<float>([-1, 2, 3, 4, -5, 6]);
        using var y = device.Allocate<float>(x.Slice.Length);
        using var mean = device.Allocate<float>(Values.Length * Groups);
        using var variance = device.Allocate<float>(Values.Length * Groups);
        using var gradient = device.Upload<float>(new float[Channels]);
        using var other = device.Upload<float>(new float[Channels]);
        device.Run(GroupNormOperators.Forward, new GroupNormForwardCall
        {
            Batch = Values.Length,
            Pixels = pixels,
            Channels = Channels,
            Groups = Groups,
            Epsilon = 1e-12f,
            X = x.Slice,
            Gamma = parameter.Slice,
            Beta = parameter.Slice,
            Y = y.Slice,
            Mean = mean.Slice,
            Variance = variance.Slice,
        });
        Assert.That(device.Download(y.Slice).Chunk(Channels), Is.All.EqualTo(new float[] { -1, 2, 3, 4, -5, 6 }));
        Assert.That(device.Download(mean.Slice), Is.EqualTo(Values.SelectMany(value => Enumerable.Repeat(value, Groups))));
        Assert.That(device.Download(variance.Slice), Is.All.Zero);

        device.Run(GroupNormOperators.Backward, new GroupNormBackwardCall
        {
            Batch = Values.Length,
            Pixels = pixels,
            Channels = Channels,
            Groups = Groups,
            Epsilon = 1,
            Activation = Activation.Silu,
            X = x.Slice,
            Gamma = parameter.Slice,
            Beta = parameter.Slice,
            Mean = mean.Slice,
            Variance = variance.Slice,
            GradientY = x.Slice,
            GradientX = y.Slice,
            GradientGamma = gradient.Slice,
            GradientBeta = other.Slice,
        });
        Assert.That(device.Download(gradient.Slice), Is.All.Zero);
        Assert.That(device.Download(other.Slice), Is.All.Not.Zero);
    }

    private sealed class Statistics : IDisposable
    {
        public Statistics(Device device, float[] x, int rows, float momentum = 0, float? runningMean = null, float? runningVariance = null)
        {
            var channels = x.Length / rows;
            X = device.Upload<float>(x);
            Mean = device.Allocate<float>(channels);
            Variance = device.Allocate<float>(channels);
            RunningMean = runningMean is { } mean ? device.Upload<float>([mean]) : null;
            RunningVariance = runningVariance is { } variance ? device.Upload<float>([variance]) : null;
            device.Run(BatchNormOperators.Statistics, new BatchNormStatisticsCall
            {
                Rows = rows,
                Channels = channels,
                X = X.Slice,
                Mean = Mean.Slice,
                Variance = Variance.Slice,
                Momentum = momentum,
                RunningMean = RunningMean?.Slice ?? default,
                RunningVariance = RunningVariance?.Slice ?? default,
            });
        }

        public DeviceBuffer<float> X { get; }

        public DeviceBuffer<float> Mean { get; }

        public DeviceBuffer<float> Variance { get; }

        public DeviceBuffer<float>? RunningMean { get; }

        public DeviceBuffer<float>? RunningVariance { get; }

        public void Dispose()
        {
            X.Dispose();
            Mean.Dispose();
            Variance.Dispose();
            RunningMean?.Dispose();
            RunningVariance?.Dispose();
        }
    }
}
