using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>A kernel that is written in C# with all of Hopper, from the source to the numbers.</summary>
public sealed class WarpGroupMatMulTests
{
    [TestCase(128, 256, 64)]
    [TestCase(128, 256, 512)]
    [TestCase(256, 512, 320)]
    [TestCase(128, 256, 72)]
    public void Product_OnTheSimulator_IsRight(int m, int n, int k)
    {
        using var device = new SimDevice(threads: 2, seed: (ulong)k, architecture: PtxArchitecture.Sm90a, selection: new KernelSelection());
        var (left, right) = (Bf16.Random(1, m * k), Bf16.Random(2, n * k));
        using var a = device.Upload<ushort>(left);
        using var b = device.Upload<ushort>(right);
        using var c = device.Allocate<float>(m * n);
        WarpGroupMatMul.Run(device, a.Slice, b.Slice, c.Slice, m, n, k);
        var actual = device.Download(c.Slice);
        for (var i = 0; i < m * n; i += 7)
        {
            var exact = 0.0;
            for (var t = 0; t < k; t++)
            {
                exact += (double)Bf16.Widen(left[(i / n * k) + t]) * Bf16.Widen(right[(i % n * k) + t]);
            }

            Assert.That(actual[i], Is.EqualTo(exact).Within(1e-4), $"row {i / n}, column {i % n}");
        }
    }

    [Test]
    public void Product_Assembled_NeitherSpillsNorWaits()
    {
        if (PtxAssembler.WhyNot is { } reason)
        {
            Assert.Ignore(reason);
        }

        var report = PtxAssembler.Report(PtxPipeline.Build(WarpGroupMatMul.Product, PtxArchitecture.Sm90a));
        Assert.That(report.Warnings, Is.Empty);
        Assert.That((report.SpilledBytes, report.StackBytes), Is.EqualTo((0, 0)));
        Assert.That(report.Registers, Is.LessThanOrEqualTo(168));
    }

    [Test]
    public void Dump() => TestContext.Out.WriteLine(PtxPipeline.Build(WarpGroupMatMul.Product, PtxArchitecture.Sm90a));
}
