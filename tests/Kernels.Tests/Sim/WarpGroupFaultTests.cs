using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>One mistake at a time in a kernel that copies with TMA and multiplies with wgmma: each is caught, under every schedule.</summary>
public sealed class WarpGroupFaultTests
{
    private const int Schedules = 12;

    public static IEnumerable<TestCaseData> Faults()
    {
        yield return Fault("missing last wait", "wgmma.wait_group.sync.aligned 0;", "wgmma.wait_group.sync.aligned 1;", "race", "while the wgmma at");
        yield return Fault("no wait", "wgmma.wait_group.sync.aligned 0;", "", "while the wgmma at", "race");
        yield return Fault("no commit", "wgmma.commit_group.sync.aligned;", "", "race", "while the wgmma at", "were not waited for");
        yield return Fault(
            "early release", "wgmma.wait_group.sync.aligned 0;\n@%p7 mbarrier.arrive.shared::cta.b64 _, [%empty];",
            "@%p7 mbarrier.arrive.shared::cta.b64 _, [%empty];\nwgmma.wait_group.sync.aligned 0;", "(a write-after-read race)");
        yield return Fault("full not waited for", "@!%p2 bra ASK_FULL;", "", "under way", "nobody has waited", "nothing was written");
        yield return Fault("empty not waited for", "@!%p2 bra ASK_EMPTY;", "", "race", "under way", "arrives 1 times");
        yield return Fault("wgmma.fence", "wgmma.fence.sync.aligned;", "", "since the last wgmma.fence");
        yield return Fault("mbarrier_init", "fence.mbarrier_init.release.cluster;", "", "no fence.mbarrier_init or fence.proxy.async");
        yield return Fault("init not ordered", "bar.sync 0;", "", "race", "where none was made");
        yield return Fault("wrong phase of full", "mov.u32 %phase, 0;", "mov.u32 %phase, 1;", "under way", "nobody has waited", "nothing was written", "deadlock");
        yield return Fault("wrong phase of empty", "mov.u32 %phase, 1;", "mov.u32 %phase, 0;", "deadlock");
        yield return Fault("phase never turns", "@%p3 xor.b32 %phase, %phase, 1;", "", "race", "under way", "deadlock", "arrives 1 times");
        yield return Fault("too few bytes", "[%full], 10240;", "[%full], 8192;", "under way", "nobody has waited", "deadlock", "nothing was written");
        yield return Fault("too many bytes", "[%full], 10240;", "[%full], 10256;", "16 bytes to come");
        yield return Fault("one arrival too many", "[bars+16], 1;", "[bars+16], 2;", "1 of 2 arrivals");
        yield return Fault("arrival twice", "@%p7 mbarrier.arrive", "@!%p0 mbarrier.arrive.shared::cta.b64 _, [%empty]; @%p7 mbarrier.arrive", "arrives 1 times", "race", "deadlock");
        yield return Fault("sums touched in between", "wgmma.commit_group.sync.aligned;", "mov.f32 %f3, %f0; wgmma.commit_group.sync.aligned;", "while the wgmma at");
        yield return Fault("misaligned", "tiles[20480]", "other[512]; .shared .align 8 .b8 tiles[20480]", "no multiple of", "pattern of 128");
        yield return Fault("other descriptors in a warp", "or.b64 %da, %da,", "@%p7 add.u64 %da, %da, 2; or.b64 %da, %da,", "different descriptors");
        yield return Fault("another shape", "m64n16k16.f32.bf16.bf16 {%f0, %f1, %f2, %f3, %f4, %f5, %f6, %f7}, %da, %db, 1, 1, 1, 0, 0;\nwgmma.commit",
            "m64n8k16.f32.bf16.bf16 {%f0, %f1, %f2, %f3}, %da, %db, 1, 1, 1, 0, 0;\nwgmma.commit", "since the last wgmma.fence");
        yield return Fault("nobody waits", "wgmma.wait_group.sync.aligned 0;", "ret;", "ends with products of its warpgroup that were not waited for");
        yield return Fault("other descriptors in a group", "or.b64 %da, %da,", "setp.gt.u32 %p5, %w, 1; @%p5 add.u64 %da, %da, 64; or.b64 %da, %da,",
            "has other operands than another warp of its warpgroup has here");
        yield return Fault("half a group at the end", "shl.b32 %x, %w, 4;",
            "setp.gt.u32 %p5, %w, 1; @%p5 bra OVER; setmaxnreg.inc.sync.aligned.u32 104; OVER: shl.b32 %x, %w, 4;", "ends without having done all");
        yield return Fault("registers", "bar.sync 0;", "bar.sync 0; @!%p1 setmaxnreg.inc.sync.aligned.u32 100;", "a multiple of 8");
        yield return Fault("registers of half a group", "CONSUMER:", "CONSUMER: @%p2 bra ON; setmaxnreg.inc.sync.aligned.u32 104; ON:", "where another warp", "ends without")
            .SetDescription("%p2 is set below");
    }

    [TestCaseSource(nameof(Faults))]
    public void Fault_IsCaught_UnderEverySchedule(string text, string fault, string[] messages)
    {
        Assert.That(WarpGroupPipeline.Body, Does.Contain(text));
        var body = WarpGroupPipeline.Body.Replace("bar.sync 0;", "bar.sync 0; setp.gt.u32 %p2, %w, 1;").Replace(text, fault);
        body = text == "bar.sync 0;" ? WarpGroupPipeline.Body.Replace(text, fault) : body;
        for (ulong seed = 1; seed <= Schedules; seed++)
        {
            var message = Assert.Catch(() => WarpGroupPipeline.Run(body, seed), $"schedule {seed}")!.Message;
            Assert.That(messages.Any(message.Contains), $"schedule {seed}: {message}");
            Assert.That(message, Does.Contain("PTX line"));
        }
    }

    [Test]
    public void Pipeline_IsRight_UnderEverySchedule([Range(1, 20)] int seed) =>
        Assert.That(WarpGroupPipeline.Run(WarpGroupPipeline.Body, (ulong)seed), Is.LessThan(2e-5));

    /// <summary>No address is wrong, only the numbers are.</summary>
    [Test]
    public void WrongSwizzle_GivesOtherNumbers()
    {
        var body = WarpGroupPipeline.Body.Replace("or.b64 %db, %db, 0x4000004000010000", "or.b64 %db, %db, 0x8000004000010000");
        try
        {
            Assert.That(WarpGroupPipeline.Run(body, 1), Is.GreaterThan(0.1));
        }
        catch (KernelException fault)
        {
            Assert.That(fault.Message, Does.Contain("a pattern of 64 bytes"));
        }
    }

    [Test]
    public void Deadlock_SaysWhatEveryWarpWaitsFor()
    {
        var body = WarpGroupPipeline.Body.Replace("[%full], 10240;", "[%full], 10256;");
        var message = Assert.Catch(() => WarpGroupPipeline.Run(body, 1))!.Message;
        Assert.That(message, Does.Contain("(a deadlock): ").And.Contain("warps 0, 1, 2, 3 for phase 0 of the mbarrier at 20480 (1 of 1 arrivals and")
            .Or.Contain("warps 0, 1, 2, 3 for phase 0 of the mbarrier at 20480 (0 of 1 arrivals and 16 bytes to come)"));
        Assert.That(message, Does.Contain("warp 4 for phase 0 of the mbarrier at 20496 (1 of 1 arrivals and 0 bytes to come)"));
    }

    private static TestCaseData Fault(string name, string text, string fault, params string[] messages) =>
        new TestCaseData(text, fault, messages).SetArgDisplayNames(name);
}
