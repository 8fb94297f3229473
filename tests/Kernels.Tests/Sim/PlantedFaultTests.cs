using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>Kernels with one mistake each: the simulator must say which, whatever the schedule; without it, nothing.</summary>
public sealed class PlantedFaultTests
{
    /// <summary>Registers; %a is the thread's element of "out", %s its element of "tile".</summary>
    private const string Start = """
        .reg .pred %p<9>; .reg .b32 %r<20>; .reg .b64 %rd<9>; .reg .b64 %a; .reg .b64 %s; .reg .b32 %t; .reg .b32 %v<4>;
        .shared .align 16 .b8 tile[4096];
        mov.u32 %t, %tid.x; mul.wide.u32 %rd0, %t, 4; add.u64 %a, %out, %rd0;
        mov.u64 %s, tile; add.u64 %s, %s, %rd0;
        """;

    private static readonly ulong[] Seeds = [1, 2, 3, 4, 5];

    [Test]
    public void GlobalRead_OneBehindTheEnd_NamesBufferThreadAndLine()
    {
        using var rig = new PtxRig();
        rig.Add<int>("out", new int[32]);
        var fault = rig.Fault(Start + "ld.global.u32 %r0, [%a+4];\nret;");
        Assert.That(fault, Does.Contain("rig:").And.Contain("thread 31 of block (0, 0, 0)").And.Contain("'out'[32]")
            .And.Contain("32 elements of 4 bytes").And.Contain("PTX line").And.Contain("ld.global.u32 %r0, [%a+4]"));
    }

    [Test]
    public void GlobalWrite_BeforeTheStart_IsCaught()
    {
        using var rig = new PtxRig();
        rig.Add<int>("out", new int[32]);
        Assert.That(rig.Fault(Start + "st.global.u32 [%a-4], %t; ret;"), Does.Contain("'out'[-1]").And.Contain("thread 0 "));
    }

    [Test]
    public void GlobalAccess_OtherBlocksFail_TheLowestIsReported()
    {
        for (var threads = 1; threads <= 3; threads++)
        {
            using var rig = new PtxRig(threads: threads);
            rig.Add<int>("out", new int[5 * 32]);
            var fault = rig.Fault(Start + """
                mov.u32 %r0, %ctaid.x; mul.lo.u32 %r0, %r0, 32; mul.wide.u32 %rd1, %r0, 4; add.u64 %a, %a, %rd1;
                st.global.u32 [%a], %t; ret;
                """, blocks: 40);
            Assert.That(fault, Does.Contain("thread 0 of block (5, 0, 0)"));
        }
    }

    [Test]
    public void VectorLoad_Misaligned_IsCaught()
    {
        using var rig = new PtxRig();
        rig.Add<int>("out", new int[256]);
        Assert.That(
            rig.Fault(Start + "ld.global.v4.u32 {%v0, %v1, %v2, %v3}, [%a]; ret;"),
            Does.Contain("thread 1 ").And.Contain("no multiple of 16"));
    }

    [Test]
    public void SharedVectorLoad_Misaligned_IsCaught()
    {
        using var rig = new PtxRig();
        rig.Add<int>("out", new int[256]);
        Assert.That(
            rig.Fault(Start + "st.shared.v2.u32 [%s], {%t, %t}; ret;"), Does.Contain("no multiple of 8"));
    }

    [Test]
    public void GlobalRead_NeverWritten_IsCaught()
    {
        using var rig = new PtxRig();
        rig.Add<int>("out", new int[32]);
        rig.AddFresh<int>("fresh", 64);
        var fault = rig.Fault(Start + """
            add.u64 %rd1, %fresh, %rd0; setp.ne.u32 %p0, %t, 17; @%p0 st.global.u32 [%rd1], %t;
            ld.global.u32 %r0, [%rd1]; st.global.u32 [%a], %r0; ret;
            """);
        Assert.That(fault, Does.Contain("thread 17 ").And.Contain("'fresh'[17]").And.Contain("nothing was ever written"));
    }

    [Test]
    public void GlobalRead_WrittenByAnEarlierLaunch_IsFine()
    {
        using var rig = new PtxRig();
        rig.Add<int>("out", new int[32]);
        rig.AddFresh<int>("fresh", 32);
        rig.Run(Start + "add.u64 %rd1, %fresh, %rd0; st.global.u32 [%rd1], %t; ret;");
        rig.Run(Start + "add.u64 %rd1, %fresh, %rd0; ld.global.u32 %r0, [%rd1]; st.global.u32 [%a], %r0; ret;");
    }

    [Test]
    public void SharedWrite_OutOfBounds_IsCaught()
    {
        using var rig = new PtxRig();
        rig.Add<int>("out", new int[32]);
        Assert.That(
            rig.Fault(Start + "st.shared.u32 [%s+3976], %t; ret;"), Does.Contain("thread 30 ").And.Contain("of 4096 bytes of shared"));
    }

    [Test]
    public void SharedRead_NeverWritten_IsCaught()
    {
        using var rig = new PtxRig();
        rig.Add<int>("out", new int[32]);
        Assert.That(
            rig.Fault(Start + "st.shared.u32 [%s], %t; bar.warp.sync 0xffffffff; ld.shared.u32 %r0, [%s+4]; ret;"),
            Does.Contain("thread 31 ").And.Contain("nothing was written"));
    }

    [Test]
    public void SharedRead_WrittenByAnEarlierBlock_IsCaught()
    {
        using var rig = new PtxRig(threads: 1);
        rig.Add<int>("out", new int[32]);
        var fault = rig.Fault(Start + """
            mov.u32 %r0, %ctaid.x; setp.eq.u32 %p0, %r0, 0; @%p0 st.shared.u32 [%s], %t;
            ld.shared.u32 %r1, [%s]; ret;
            """, blocks: 2);
        Assert.That(fault, Does.Contain("block (1, 0, 0)").And.Contain("nothing was written"));
    }

    [TestCaseSource(nameof(Seeds))]
    public void MissingBarrier_ReadOfAnotherWarpsValue_IsCaughtUnderEverySchedule(ulong seed)
    {
        const string Kernel = """
            st.shared.u32 [%s], %t; {0}
            mov.u64 %rd1, tile; xor.b32 %r0, %t, 32; mul.wide.u32 %rd2, %r0, 4; add.u64 %rd1, %rd1, %rd2;
            ld.shared.u32 %r1, [%rd1]; st.global.u32 [%a], %r1; ret;
            """;
        using var rig = new PtxRig(seed);
        rig.Add<int>("out", new int[64]);
        Assert.That(rig.Fault(Start + string.Format(Kernel, ""), threads: 64), Does.Contain("race").Or.Contain("nothing was written"));
        rig.Run(Start + string.Format(Kernel, "bar.sync 0;"), threads: 64);
    }

    [TestCaseSource(nameof(Seeds))]
    public void MissingBarrier_WriteAfterAnotherWarpsRead_IsCaughtUnderEverySchedule(ulong seed)
    {
        const string Kernel = """
            st.shared.u32 [%s], %t; bar.sync 0;
            mov.u64 %rd1, tile; xor.b32 %r0, %t, 32; mul.wide.u32 %rd2, %r0, 4; add.u64 %rd1, %rd1, %rd2;
            ld.shared.u32 %r1, [%rd1]; {0}
            st.shared.u32 [%s], %r1; ret;
            """;
        using var rig = new PtxRig(seed);
        rig.Add<int>("out", new int[64]);
        Assert.That(rig.Fault(Start + string.Format(Kernel, ""), threads: 64), Does.Contain("race"));
        rig.Run(Start + string.Format(Kernel, "bar.sync 0;"), threads: 64);
    }

    [TestCaseSource(nameof(Seeds))]
    public void TwoWarps_WriteTheSameWord_IsARace(ulong seed)
    {
        using var rig = new PtxRig(seed);
        rig.Add<int>("out", new int[64]);
        Assert.That(rig.Fault(Start + """
            mov.u64 %rd1, tile; st.shared.u32 [%rd1], %t; ret;
            """, threads: 64), Does.Contain("race"));
    }

    [Test]
    public void TwoWarps_WriteHalvesOfOneWord_IsNoRace()
    {
        using var rig = new PtxRig();
        rig.Add<int>("out", new int[64]);
        rig.Run(Start + """
            mov.u64 %rd1, tile; shr.u32 %r0, %t, 5; mul.wide.u32 %rd2, %r0, 2; add.u64 %rd1, %rd1, %rd2;
            .reg .b16 %h; cvt.u16.u32 %h, %t; and.b32 %r1, %t, 31; setp.eq.u32 %p0, %r1, 0;
            @%p0 st.shared.u16 [%rd1], %h; ret;
            """, threads: 64);
    }

    [Test]
    public void SharedAtomics_OfManyWarps_AreNoRaceAndAddUp()
    {
        using var rig = new PtxRig();
        var output = rig.Add<int>("out", new int[128]);
        rig.Run(Start + """
            mov.u64 %rd1, tile; setp.eq.u32 %p0, %t, 0; mov.u32 %r2, 0; @%p0 st.shared.u32 [%rd1], %r2; bar.sync 0;
            red.shared.add.u32 [%rd1], %t; bar.sync 0; ld.shared.u32 %r3, [%rd1]; st.global.u32 [%a], %r3; ret;
            """, threads: 128);
        Assert.That(rig.Device.Download(output), Is.All.EqualTo(127 * 64));
    }

    [Test]
    public void Barrier_InDivergentCode_IsCaught()
    {
        using var rig = new PtxRig();
        rig.Add<int>("out", new int[32]);
        Assert.That(
            rig.Fault(Start + "setp.lt.u32 %p0, %t, 16; @%p0 bra A; bra B; A: bar.sync 0; B: st.global.u32 [%a], %t; ret;"),
            Does.Contain("barrier divergence").And.Contain("16 of its 32"));
    }

    [TestCaseSource(nameof(Seeds))]
    public void Barrier_WarpsExpectDifferentNumbersOfThreads_IsCaught(ulong seed)
    {
        using var rig = new PtxRig(seed);
        rig.Add<int>("out", new int[64]);
        Assert.That(
            rig.Fault(Start + "setp.lt.u32 %p0, %t, 32; @%p0 bra A; bar.sync 1, 64; ret; A: bar.sync 1, 96; ret;", threads: 64),
            Does.Contain("threads at barrier 1, others expect"));
    }

    [TestCase("bar.sync 16;", "barrier 16 for 0 threads")]
    [TestCase("mov.u32 %r0, 4294967295; bar.sync %r0;", "barrier -1 for 0 threads")]
    [TestCase("bar.sync 0, 33;", "barrier 0 for 33 threads")]
    public void Barrier_ThatNoDeviceHas_IsCaught(string body, string message)
    {
        using var rig = new PtxRig();
        rig.Add<int>("out", new int[32]);
        Assert.That(rig.Fault($"{Start} {body} ret;"), Does.Contain(message));
    }

    [Test]
    public void Barriers_WarpsWaitAtDifferentOnes_IsADeadlock()
    {
        using var rig = new PtxRig();
        rig.Add<int>("out", new int[64]);
        Assert.That(
            rig.Fault(Start + "setp.lt.u32 %p0, %t, 32; @%p0 bra A; bar.sync 1; ret; A: bar.sync 2; ret;", threads: 64),
            Does.Contain("deadlock"));
    }

    [Test]
    public void UniformBranch_LanesDisagree_IsCaught()
    {
        using var rig = new PtxRig();
        rig.Add<int>("out", new int[32]);
        Assert.That(
            rig.Fault(Start + "setp.gt.u32 %p0, %t, 16; @%p0 bra.uni A; A: ret;"), Does.Contain("another way than its neighbours"));
    }

    [Test]
    public void IndexedBranch_OneBeyondItsTable_IsCaught()
    {
        using var rig = new PtxRig();
        rig.Add<int>("out", new int[32]);
        Assert.That(
            rig.Fault(Start + "shr.u32 %r0, %t, 3; T: .branchtargets A, B, C; brx.idx %r0, T; A: ret; B: ret; C: ret;"),
            Does.Contain("thread 24 ").And.Contain("asks for target 3 of 3"));
    }

    [Test]
    public void Shuffle_LanesMissing_IsCaught()
    {
        using var rig = new PtxRig();
        rig.Add<int>("out", new int[32]);
        Assert.That(
            rig.Fault(Start + """
                setp.gt.u32 %p0, %t, 3; @%p0 bra A; bra GONE;
                A: setp.gt.u32 %p1, %t, 20; @%p1 bra B; bra C;
                B: shfl.sync.bfly.b32 %r0, %t, 1, 31, 0xffffffff; C: st.global.u32 [%a], %t; ret;
                GONE: ret;
                """),
            Does.Contain("lanes 0xfffffff0 must do").And.Contain("0xffe00000 are here"));
    }

    [Test]
    public void Shuffle_FromALaneThatIsElsewhere_IsCaught()
    {
        using var rig = new PtxRig();
        rig.Add<int>("out", new int[32]);
        Assert.That(
            rig.Fault(Start + """
                setp.lt.u32 %p0, %t, 16; @!%p0 bra END; add.u32 %r1, %t, 5;
                shfl.sync.idx.b32 %r0, %t, %r1, 31, 0xffff; st.global.u32 [%a], %r0; END: ret;
                """),
            Does.Contain("thread 11 ").And.Contain("takes a value from lane 16, which is not here"));
    }

    [TestCase("st.local.u32 [depot+16], %t;", "at 16 of its 16")]
    [TestCase("st.local.u32 [depot+-4], %t;", "of its 16")]
    [TestCase("ld.local.v2.u32 {%r0, %r1}, [depot+12];", "8 bytes at 12 of its 16")]
    [TestCase("st.local.u32 [depot+2], %t;", "at 2 of its 16")]
    public void LocalAccess_OutOfBoundsOrMisaligned_IsCaught(string access, string message)
    {
        using var rig = new PtxRig();
        rig.Add<int>("out", new int[32]);
        Assert.That(rig.Fault($"{Start} .local .align 16 .b8 depot[16]; {access} ret;"), Does.Contain(message));
    }

    [TestCase("", false)]
    [TestCase("cp.async.commit_group;", false)]
    [TestCase("cp.async.commit_group; cp.async.wait_group 1;", false)]
    [TestCase("cp.async.commit_group; cp.async.wait_group 0;", true)]
    [TestCase("cp.async.wait_all;", true)]
    public void AsyncCopy_ReadBeforeTheWait_IsCaught(string wait, bool isRight)
    {
        using var rig = new PtxRig();
        var output = rig.Add<int>("out", [.. Enumerable.Range(100, 32)]);
        var body = Start + $"""
            cvt.u32.u64 %r0, %s; cp.async.ca.shared.global [%r0], [%a], 4; {wait}
            ld.shared.u32 %r1, [%s]; add.u32 %r1, %r1, 1; st.global.u32 [%a], %r1; ret;
            """;
        if (isRight)
        {
            rig.Run(body);
            Assert.That(rig.Device.Download(output), Is.EqualTo(Enumerable.Range(101, 32)));
        }
        else
        {
            Assert.That(rig.Fault(body), Does.Contain("cp.async").And.Contain("not waited for"));
        }
    }

    [Test]
    public void AsyncCopy_ReadByAnotherWarpWithoutABarrier_IsARace()
    {
        using var rig = new PtxRig();
        rig.Add<int>("out", new int[64]);
        Assert.That(rig.Fault(Start + """
            cvt.u32.u64 %r0, %s; cp.async.ca.shared.global [%r0], [%a], 4; cp.async.wait_all;
            mov.u64 %rd1, tile; xor.b32 %r0, %t, 32; mul.wide.u32 %rd2, %r0, 4; add.u64 %rd1, %rd1, %rd2;
            ld.shared.u32 %r1, [%rd1]; ret;
            """, threads: 64), Does.Contain("race").Or.Contain("not waited for").Or.Contain("nothing was written"));
    }

    [Test]
    public void Loop_WithoutEnd_IsGivenUp()
    {
        using var rig = new PtxRig();
        rig.Add<int>("out", new int[32]);
        Assert.That(rig.Fault(Start + "AGAIN: bra AGAIN; ret;"), Does.Contain("endless loop"));
    }

    [TestCase(0, 1, "1 to 1024 threads")]
    [TestCase(1025, 1, "1 to 1024 threads")]
    [TestCase(32, 0, "a grid has")]
    public void Launch_ThatADriverWouldRefuse_IsRefused(int threads, int blocks, string message)
    {
        using var rig = new PtxRig();
        rig.Add<int>("out", new int[32]);
        Assert.That(rig.Fault(Start + "ret;", threads, blocks), Does.Contain(message));
    }

    [Test]
    public void SharedMemory_BeyondTheArchitecture_IsRefused()
    {
        using var rig = new PtxRig();
        rig.Add<int>("out", new int[32]);
        Assert.That(
            rig.Fault(Start + ".shared .align 16 .b8 more[232448]; ret;"), Does.Contain("236544 bytes of shared").And.Contain("sm_90a has 232448"));
    }

    [TestCase("frobnicate.f32 %r0, %r1;")]
    [TestCase("add.rz.f32 %r0, %r1, %r2;")]
    [TestCase("ld.const.f32 %r0, [%rd0];")]
    [TestCase("call foo;")]
    public void Instruction_NotKnown_IsRefusedByNameAndLine(string instruction)
    {
        using var rig = new PtxRig();
        rig.Add<int>("out", new int[32]);
        var text = Start + "\n" + instruction + "\nret;";
        var line = rig.Text(text).Split('\n').ToList().FindIndex(l => l.Contains(instruction)) + 1;
        Assert.That(
            rig.Fault(text), Does.Contain(instruction.Split(' ')[0]).And.Contain($"PTX line {line}:").And.Contain("does not know"));
    }

    [Test]
    public void Register_ThatNothingWrites_IsRefused()
    {
        using var rig = new PtxRig();
        rig.Add<int>("out", new int[32]);
        Assert.That(
            rig.Fault(Start + "add.u32 %r0, %t, %r1; ret;"),
            Does.Contain("add.u32 %r0, %t, %r1").And.Contain("reads a register that nothing writes"));
    }

    [Test]
    public void Register_OfAnotherWidth_IsRefused()
    {
        using var rig = new PtxRig();
        rig.Add<int>("out", new int[32]);
        Assert.That(rig.Fault(Start + "add.u32 %r0, %rd0, %r1; ret;"), Does.Contain("%rd0, which is a .b64"));
    }

    [Test]
    public void Slice_OfAFreedBuffer_IsRefused()
    {
        using var device = new SimDevice(selection: new KernelSelection());
        var freed = device.Upload<float>([1, 2, 3]);
        var slice = freed.Slice;
        freed.Dispose();
        Assert.That(() => device.Download(slice), Throws.TypeOf<KernelException>().With.Message.Contains("freed"));
    }
}
