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
        var (left, right) = (Bf16.Random(1, m * k), Bf16.Random(2, n * k));
        using var device = new SimDevice(threads: 2, seed: (ulong)k, architecture: PtxArchitecture.Sm90a, selection: new KernelSelection());
        var actual = Multiply(device, left, right, m, n, k);
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

    public static IEnumerable<TestCaseData> WhatOrders() =>
        PtxPipeline.Build(WarpGroupMatMul.Product, PtxArchitecture.Sm90a).Entry.Instructions.Where(Orders)
            .Select((instruction, i) => new TestCaseData(i).SetArgDisplayNames($"{i} {instruction.Opcode}"));

    /// <summary>Every wait, arrival, fence and barrier of the kernel, taken out in turn: the simulator misses it, under every schedule.</summary>
    [TestCaseSource(nameof(WhatOrders))]
    public void Product_WithoutOneThing_IsFound(int number)
    {
        var module = PtxPipeline.Build(WarpGroupMatMul.Product, PtxArchitecture.Sm90a);
        var dropped = module.Entry.Instructions.Where(Orders).ElementAt(number);
        var (left, right) = (new ushort[128 * 448], new ushort[256 * 448]);
        for (ulong seed = 1; seed <= 3; seed++)
        {
            using var device = new SimDevice(threads: 1, seed: seed, architecture: PtxArchitecture.Sm90a, selection: new KernelSelection());
            device.Replace(WarpGroupMatMul.Product, PtxFault.In(module, dropped, _ => []));
            Assert.That(
                () => Multiply(device, left, right, 128, 256, 448),
                Throws.TypeOf<KernelException>().With.Message.Contains("WarpGroupMatMul.cs:").Or.Message.Contains("Mbarrier.cs:"),
                $"schedule {seed}: {dropped.Place}: {dropped}");
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

    private static float[] Multiply(SimDevice device, ushort[] left, ushort[] right, int m, int n, int k)
    {
        using var a = device.Upload<ushort>(left);
        using var b = device.Upload<ushort>(right);
        using var c = device.Allocate<float>(m * n);
        WarpGroupMatMul.Run(device, a.Slice, b.Slice, c.Slice, m, n, k);
        return device.Download(c.Slice);
    }

    /// <summary>A question of an mbarrier is taken out by not asking again.</summary>
    private static bool Orders(PtxInstruction instruction) =>
        instruction.Name is "bar" or "fence"
        || (instruction.Name == "wgmma" && !instruction.Has("mma_async"))
        || (instruction.Name == "mbarrier" && !instruction.Has("try_wait"))
        || (instruction.Name == "bra" && instruction.Operands[0].ToString() == "ASK");
}
