using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>Dynamic thresholding: its limit by sorting, what it leaves alone, and numbers that are not finite.</summary>
public sealed class SolverThresholdTests
{
    private static IEnumerable<TestCaseData> Devices =>
    [
        new TestCaseData(() => (Device)new HostDevice(2, selection: new KernelSelection())).SetArgDisplayNames("host"),
        new TestCaseData(() => (Device)new SimDevice(selection: new KernelSelection())).SetArgDisplayNames("sim"),
    ];

    /// <summary>Magnitudes 1 to 5: the median is 3, a quarter of the way from 4 to 5 is 4.25, and the largest is 5.</summary>
    [TestCaseSource(nameof(Devices))]
    public void Limit_IsTheQuantileBetweenNeighbours(Func<Device> open)
    {
        using var device = open();
        float[] values = [-4, 1, 5, -2, 3];
        foreach (var (quantile, limit) in new[] { (0.5, 3f), (0.75, 4f), (0.8125, 4.25f), (1, 5f), (0.25, 2f) })
        {
            Assert.That(
                Run(device, quantile, range: 1, values), Is.EqualTo(values.Select(x => Math.Clamp(x, -limit, limit) / limit)),
                $"quantile {quantile}");
            Assert.That(
                Run(device, quantile, range: 2, values), Is.EqualTo(values.Select(x => 2 * Math.Clamp(x, -limit, limit) / limit)).Within(1).Ulps,
                $"quantile {quantile} of data twice as wide");
        }
    }

    /// <summary>The host and the GPU's text agree to the last bit, and with a sorted row; half of the rows hold few different numbers.</summary>
    [Test]
    public void Limit_OfAnySample_IsThatOfTheSortedRow([Values(1, 2, 3, 97, 300)] int elements)
    {
        using var host = new HostDevice(1, selection: new KernelSelection());
        using var sim = new SimDevice(selection: new KernelSelection());
        var random = new Random(elements);
        foreach (var quantile in new[] { 1e-3, 0.37, 0.5, 0.995, 1 })
        {
            var values = Array.ConvertAll(
                new float[4 * elements], _ => random.Next(2) == 0 ? random.Next(-3, 4) : 4 * (random.NextSingle() - 0.5f));
            var actual = Run(host, quantile, range: 0.25f, [.. values.Chunk(elements)]);
            Assert.That(Run(sim, quantile, range: 0.25f, [.. values.Chunk(elements)]), Is.EqualTo(actual), $"quantile {quantile}");
            Assert.That(actual, Is.EqualTo(values.Chunk(elements).SelectMany(row => Sorted(row, quantile, 0.25))).Within(3).Ulps, $"quantile {quantile}");
        }
    }

    [TestCaseSource(nameof(Devices))]
    public void Sample_WithinTheRange_KeepsItsBits(Func<Device> open)
    {
        using var device = open();
        float[] values = [0, -0f, float.Epsilon, -float.Epsilon, 0.7f, -0.99f, 1, -1, 1.0f / 3];
        Assert.That(Array.ConvertAll(Run(device, 1, range: 1, values), BitConverter.SingleToInt32Bits), Is.EqualTo(Array.ConvertAll(values, BitConverter.SingleToInt32Bits)));
        Assert.That(
            Run(device, 0.5, range: 1, [.. values, 3, -1.5f]), Is.EqualTo((float[])[.. values, 1, -1]), "what few are beyond is clamped, and nothing else");
    }

    [TestCaseSource(nameof(Devices))]
    public void Sample_OfOneMagnitude_HasThatOfTheRange(Func<Device> open)
    {
        using var device = open();
        Assert.That(Run(device, 0.995, range: 1, [-7]), Is.EqualTo(new[] { -1 }));
        Assert.That(Run(device, 0.3, range: 1, [7, -7, 7, 7], [0.5f, 0.5f, 0.5f, -0.5f]), Is.EqualTo([1, -1, 1, 1, 0.5, 0.5, 0.5, -0.5]));
    }

    [TestCaseSource(nameof(Devices))]
    public void NaN_IsAllOfItsSampleAndNothingOfOthers(Func<Device> open)
    {
        using var device = open();
        float[] tame = [0.5f, -3, 2], with = [0.5f, float.NaN, 2];
        var none = Run(device, 0.5, range: 1, tame);
        Assert.That(Run(device, 0.5, range: 1, tame, with, tame), Is.EqualTo((float[])[.. none, float.NaN, float.NaN, float.NaN, .. none]));
        Assert.That(Run(device, 0.5, range: 1, [-float.NaN, 0, 0, 0]), Is.All.NaN);
    }

    /// <summary>As PyTorch has it: between two infinities there is no number.</summary>
    [TestCaseSource(nameof(Devices))]
    public void Infinity_IsClampedBeyondTheQuantileAndIsTheLimitWithin(Func<Device> open)
    {
        using var device = open();
        const float Infinity = float.PositiveInfinity;
        Assert.That(Run(device, 0.5, range: 1, [1, -2, 4, -Infinity, Infinity]), Is.EqualTo([0.25, -0.5, 1, -1, 1]));
        Assert.That(Run(device, 0.7, range: 1, [1, -2, Infinity]), Is.EqualTo([0, 0, double.NaN]));
        Assert.That(Run(device, 1, range: 1, [1, -2, -Infinity]), Is.All.NaN);
    }

    [Test]
    public void CapturedWork_OnOtherValues_FindsTheirLimit()
    {
        using var device = new SimDevice(selection: new KernelSelection());
        using var values = device.Upload<float>([1, 2, 4, -8]);
        using var work = device.Capture(() => device.Run(SolverOperators.Threshold, Call(1, 4, 1, 1, values.Slice)));
        device.CopyIn<float>([3, -2, 1, 0], values.Slice);
        work.Replay();
        Assert.That(device.Download(values.Slice), Is.EqualTo(Run(device, 1, range: 1, [3, -2, 1, 0])));
    }

    private static IEnumerable<float> Sorted(float[] row, double quantile, double range)
    {
        double[] sorted = [.. row.Select(x => (double)Math.Abs(x)).Order()];
        var (position, last) = (quantile * (row.Length - 1), row.Length - 1);
        var below = (int)Math.Floor(position);
        var share = position - below;
        var limit = Math.Max(range, ((1 - share) * sorted[below]) + (share * sorted[Math.Min(below + 1, last)]));
        return row.Select(x => (float)(Math.Clamp(x, -limit, limit) * range / limit));
    }

    /// <summary>Thresholds rows, each a sample.</summary>
    private static float[] Run(Device device, double quantile, float range, params float[][] rows)
    {
        using var values = device.Upload<float>([.. rows.SelectMany(row => row)]);
        device.Run(SolverOperators.Threshold, Call(rows.Length, rows[0].Length, quantile, range, values.Slice));
        return device.Download(values.Slice);
    }

    private static SolverThresholdCall Call(int samples, int elements, double quantile, float range, Slice<float> values) => new()
    {
        Samples = samples,
        Elements = elements,
        Quantile = quantile,
        Range = range,
        Values = values,
    };
}
