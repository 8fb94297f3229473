namespace Kernels.Tests;

/// <summary>What the assembler prints, read.</summary>
public sealed class AssemblerReportTests
{
    [Test]
    public void Parse_OfAKernelWithEverything_HasIt()
    {
        var report = AssemblerReport.Parse("""
            ptxas info    : 0 bytes gmem
            ptxas info    : Compiling entry function 'kernel' for 'sm_90a'
            ptxas info    : Function properties for kernel
                16 bytes stack frame, 12 bytes spill stores, 20 bytes spill loads
            ptxas info    : (C7510) Potential Performance Loss: wgmma.mma_async instructions are serialized due to something in function 'kernel'
            ptxas /tmp/dpt-x/kernel.ptx, line 27; warning : Instruction mma without '.sp::ordered_metadata' is slow
            ptxas warning : Too big maxrregcount value specified 300, will be ignored
            ptxas info    : Function properties for helper
                8 bytes stack frame, 0 bytes spill stores, 4 bytes spill loads
            ptxas info    : Used 168 registers, used 3 barriers, 24576 bytes smem, 560 bytes cmem[0]
            """);
        Assert.Multiple(() =>
        {
            Assert.That((report.Registers, report.SpilledBytes, report.StackBytes), Is.EqualTo((168, 36, 24)));
            Assert.That(report.StaticSharedBytes, Is.EqualTo(24576));
            Assert.That(report.Warnings, Is.EqualTo(new[]
            {
                "(C7510) Potential Performance Loss: wgmma.mma_async instructions are serialized due to something in function 'kernel'",
                "Instruction mma without '.sp::ordered_metadata' is slow",
                "Too big maxrregcount value specified 300, will be ignored",
            }));
        });
    }

    [Test]
    public void Parse_OfAPlainKernel_HasRegistersAlone()
    {
        var report = AssemblerReport.Parse("ptxas info    : Used 20 registers\n");
        Assert.That((report.Registers, report.SpilledBytes, report.StackBytes), Is.EqualTo((20, 0, 0)));
        Assert.That((report.StaticSharedBytes, report.Warnings.Count), Is.EqualTo((0, 0)));
    }

    [Test]
    public void Parse_OfSomethingElse_IsRefused() =>
        Assert.That(() => AssemblerReport.Parse("ptxas info : fine"), Throws.TypeOf<PtxException>().With.Message.Contains("registers"));
}
