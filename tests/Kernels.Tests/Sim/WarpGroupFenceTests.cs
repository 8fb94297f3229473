using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>
/// A kernel of warpgroups with roles: every wait, arrival, fence and barrier of it, taken out in turn. The simulator misses it, under
/// every schedule.
/// </summary>
public sealed class WarpGroupFenceTests
{
    private const int Rows = 128;

    /// <summary>So many steps that every stage is filled three times.</summary>
    private const int Terms = 64 * 13;

    private static readonly MatMulBf16V3WarpGroups Product = new();

    public static IEnumerable<TestCaseData> WhatOrders() =>
        TheModule().Entry.Instructions.Where(Orders)
            .Select((instruction, i) => new TestCaseData(i).SetArgDisplayNames($"{i} {instruction.Opcode}"));

    [TestCaseSource(nameof(WhatOrders))]
    public void Product_WithoutOneThing_IsFound(int number)
    {
        var module = TheModule();
        var dropped = module.Entry.Instructions.Where(Orders).ElementAt(number);
        for (ulong seed = 1; seed <= 3; seed++)
        {
            using var device = new SimDevice(threads: 1, seed: seed, architecture: PtxArchitecture.Sm90a, selection: new KernelSelection());
            device.Replace(TheKernel, PtxFault.In(module, dropped, _ => []));
            Assert.That(
                () => Multiply(device),
                Throws.TypeOf<KernelException>().With.Message.Contains("WarpGroups.cs:").Or.Message.Contains("GroupTile.cs:").Or.Message.Contains("Mbarrier.cs:"),
                $"schedule {seed}: {dropped.Place}: {dropped}");
        }
    }

    [Test]
    public void Product_WithAllOfThem_IsFine()
    {
        using var device = new SimDevice(threads: 1, architecture: PtxArchitecture.Sm90a, selection: new KernelSelection());
        Assert.That(() => Multiply(device), Throws.Nothing);
        Assert.That(device.LastLaunch!.Kernel, Is.EqualTo(TheKernel.Id));
    }

    private static GpuKernel TheKernel { get; } =
        Product.Kernels.Single(k => k.Id == "MatMulBf16V3WarpGroups.Kernel.Group128x128.Sums128.KMajor.KMajor");

    private static PtxModule TheModule() => PtxPipeline.Build(TheKernel, PtxArchitecture.Sm90a);

    private static void Multiply(SimDevice device)
    {
        using var a = device.Upload<BFloat16>(new BFloat16[Rows * Terms]);
        using var b = device.Upload<BFloat16>(new BFloat16[Rows * Terms]);
        using var c = device.Allocate<float>(Rows * Rows);
        Product.Launch(device, new MatMulBf16Call
        {
            M = Rows,
            N = Rows,
            K = Terms,
            TransposeB = true,
            A = a.Slice,
            B = b.Slice,
            C = c.Slice,
        });
    }

    /// <summary>A question of an mbarrier is taken out by not asking again.</summary>
    private static bool Orders(PtxInstruction instruction) =>
        instruction.Name is "bar" or "barrier" or "fence"
        || (instruction.Name == "wgmma" && !instruction.Has("mma_async"))
        || (instruction.Name == "mbarrier" && !instruction.Has("try_wait"))
        || (instruction.Name == "bra" && instruction.Operands[0].ToString() == "ASK");
}
