using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>What the text alone says of missing fences and waits.</summary>
public sealed class PtxLintTests
{
    /// <summary>Beside those of the registry, at which <see cref="PtxGateTests"/> looks.</summary>
    [Test]
    public void RightKernel_HasNoFinding()
    {
        var kernel = WarpGroupShapes.KernelOf<WarpGroupShapes.Shape96, Sums96, WarpGroupShapes.InRegisters>();
        Assert.That(PtxLint.Of(PtxPipeline.Build(kernel, PtxArchitecture.Sm90a)), Is.Empty);
    }

    [TestCase("wgmma.fence.sync.aligned", "no wgmma.fence before a product")]
    [TestCase("wgmma.wait_group.sync.aligned", "no wgmma.wait_group before sums are touched")]
    [TestCase("fence.mbarrier_init.release.cluster", "no fence.mbarrier_init between")]
    [TestCase("fence.proxy.async.shared::cta", "no fence.proxy.async between a write to shared memory and a bulk store")]
    public void Kernel_WithoutIt_IsFound(string opcode, string finding)
    {
        var kernel = WarpGroupShapes.KernelOf<WarpGroupShapes.Shape32, Sums32, WarpGroupShapes.InRegisters>();
        var module = PtxPipeline.Build(kernel, PtxArchitecture.Sm90a);
        var fault = PtxFault.In(module, module.Entry.Instructions.Single(i => i.Opcode == opcode), _ => []);
        Assert.That(PtxLint.Of(fault), Is.Not.Empty.And.All.Contains(finding).And.All.Contains("(WarpGroup").Or.All.Contains("(BulkCopy"));
    }

    /// <summary>The last of two waits: the loop has one of its own, so there is no path without any.</summary>
    [Test]
    public void Sums_TouchedBetweenFenceAndProduct_AreFound()
    {
        var module = PtxPipeline.Build(new MatMulBf16V3WarpGroups().Kernels[0], PtxArchitecture.Sm90a);
        var fence = module.Entry.Instructions.Single(i => i.Opcode == "wgmma.fence.sync.aligned");
        var sum = ((PtxVector)module.Entry.Instructions.First(i => i.Has("mma_async")).Operands[0]).Items[5];
        var fault = PtxFault.In(module, fence, _ => [fence, new PtxInstruction(null, "mov.f32", [sum, new PtxNumber("0f00000000")])]);
        Assert.That(PtxLint.Of(fault), Has.Some.Contains("no wgmma.fence before a product"));
    }
}
