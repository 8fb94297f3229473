using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>What a measurement must hold, whatever the machine: nothing here depends on a speed.</summary>
public sealed class KernelBenchTests
{
    [Test]
    public void Run_OfSeveralVariants_GivesEachItsTurns()
    {
        using var device = new HostDevice(threads: 1, selection: new KernelSelection());
        var op = KernelRegistry.Find("attention.forward");
        var variants = op.Variants.Where(v => v.Targets == DeviceKind.Host).ToList();
        var kernelCase = op.Cases().First(c => CaseChoice.Supports(device, variants[0], c));
        var results = KernelBench.Run(device, op, variants, kernelCase, new DevicePeaks(1e9, 1e9, 0, 1 << 16), seconds: 0.01);
        Assert.That(results.Select(r => r.Id), Is.EqualTo(variants.Select(op.IdOf)));
        foreach (var result in results)
        {
            Assert.Multiple(() =>
            {
                Assert.That(result.Turns, Is.Not.Empty.And.All.Positive);
                Assert.That(result.Seconds, Is.InRange(result.LowerQuartile, result.UpperQuartile));
                Assert.That(result.FlopsPerSecond, Is.Positive.And.LessThan(double.PositiveInfinity));
                Assert.That(result.RooflineShare, Is.Positive.And.LessThan(double.PositiveInfinity));
            });
        }

        Assert.That(device.Memory.LiveBlocks, Is.Zero);
    }

    [Test]
    public void Run_WhenStopped_GivesTheMemoryBack()
    {
        using var device = new HostDevice(threads: 1, selection: new KernelSelection());
        var op = KernelRegistry.Find("softmax");
        Assert.That(
            () => KernelBench.Run(device, op, [op.Variants[0]], op.Cases().First(), default, 1, new CancellationToken(true)),
            Throws.InstanceOf<OperationCanceledException>());
        Assert.That(device.Memory.LiveBlocks, Is.Zero);
    }

    [Test]
    public void Peaks_TakeTheSlowerOfTheTwoLimits()
    {
        var peaks = new DevicePeaks(Bytes: 100, Flops: 1000, TensorFlops: 10_000, CacheBytes: 0);
        Assert.That(peaks.Seconds(flops: 1000, bytes: 50, onTensorCores: false), Is.EqualTo(1));
        Assert.That(peaks.Seconds(flops: 1000, bytes: 50, onTensorCores: true), Is.EqualTo(0.5));
    }

    [Test]
    public void Peaks_OfASimulator_AreRefused()
    {
        using var device = new SimDevice(threads: 1, selection: new KernelSelection());
        Assert.That(() => DevicePeaks.Measure(device), Throws.TypeOf<KernelException>().With.Message.Contains("no speed"));
    }

    [TestCase("matmul.bf16", "v3-warp-groups", true, TestName = "Peak_OfAVariantForOneArchitecture_IsThatOfTensorCores")]
    [TestCase("matmul.bf16", "v2-mma-sync", true, TestName = "Peak_OfAVariantForAllArchitectures_IsThatOfTensorCores")]
    [TestCase("matmul.bf16", "v1-naive", false, TestName = "Peak_OfPlainMultiplyAdds_IsTheirs")]
    public void Peak(string op, string variant, bool isThatOfTensorCores) => Assert.That(
        KernelBench.UsesTensorCores(KernelRegistry.Find(op).Variants.Single(v => v.Name == variant)), Is.EqualTo(isThatOfTensorCores));

    [Test]
    public void BenchCases_OfEveryOperator_AreDescribed() =>
        Assert.That(KernelRegistry.Operators.Select(o => o.BenchCases().Count()), Is.All.Positive);
}
