namespace Kernels.Tests;

/// <summary>Divergence, loops and barriers in PTX written by hand: every thread must do what its own program says.</summary>
public sealed class ControlFlowTests
{
    /// <summary>Registers, the thread's number in the grid in %i, and the address of its output in %o.</summary>
    private const string Start = """
        .reg .pred %p<9>; .reg .b32 %r<20>; .reg .b64 %rd<9>; .reg .b64 %o; .reg .b32 %i; .reg .b32 %t;
        mov.u32 %t, %tid.x; mov.u32 %r0, %ctaid.x; mov.u32 %r1, %ntid.x; mad.lo.s32 %i, %r0, %r1, %t;
        mul.wide.u32 %rd0, %i, 4; add.u64 %o, %out, %rd0;
        """;

    [TestCase(1)]
    [TestCase(32)]
    [TestCase(45)]
    [TestCase(1024)]
    public void IfElse_LanesDisagree_BothSidesRunAndMeet(int threads)
    {
        Check(threads, 3, i => (i % 3 == 0 ? i * 10 : i + 7) + 1000, """
            rem.u32 %r2, %i, 3; setp.eq.u32 %p0, %r2, 0;
            @%p0 bra A;
            add.u32 %r3, %i, 7; bra.uni B;
            A: mul.lo.u32 %r3, %i, 10; bra B;
            B: add.u32 %r3, %r3, 1000; st.global.u32 [%o], %r3; ret;
            """);
    }

    [Test]
    public void Loop_OwnTripCountInEachLane_EndsForEachAlone()
    {
        Check(96, 2, i => Enumerable.Range(0, i % 37).Sum(), """
            rem.u32 %r2, %i, 37; mov.u32 %r3, 0; mov.u32 %r4, 0;
            HEAD: setp.lt.u32 %p0, %r4, %r2;
            @%p0 bra BODY;
            bra.uni DONE;
            DONE: st.global.u32 [%o], %r3; ret;
            BODY: add.u32 %r3, %r3, %r4; add.u32 %r4, %r4, 1; bra HEAD;
            """);
    }

    [Test]
    public void NestedLoops_BreakAndContinue_AgreeWithTheSameLoopsInCSharp()
    {
        static int Expected(int i)
        {
            var sum = 0;
            for (var a = 0; a < i % 5; a++)
            {
                for (var b = 0; b < 7; b++)
                {
                    if ((a + b + i) % 4 == 0)
                    {
                        continue;
                    }

                    if (b > i % 6)
                    {
                        break;
                    }

                    sum += (a * 100) + b;
                }
            }

            return sum;
        }

        Check(64, 2, Expected, """
            rem.u32 %r2, %i, 5; rem.u32 %r5, %i, 6; mov.u32 %r3, 0; mov.u32 %r6, 0;
            OUTER: setp.ge.u32 %p0, %r6, %r2; @%p0 bra DONE;
            mov.u32 %r7, 0;
            INNER: setp.ge.u32 %p1, %r7, 7; @%p1 bra NEXT;
            add.u32 %r8, %r6, %r7; add.u32 %r8, %r8, %i; and.b32 %r8, %r8, 3; setp.eq.u32 %p2, %r8, 0;
            @%p2 bra CONTINUE;
            setp.gt.u32 %p3, %r7, %r5; @%p3 bra NEXT;
            mad.lo.u32 %r3, %r6, 100, %r3; add.u32 %r3, %r3, %r7;
            CONTINUE: add.u32 %r7, %r7, 1; bra INNER;
            NEXT: add.u32 %r6, %r6, 1; bra OUTER;
            DONE: st.global.u32 [%o], %r3; ret;
            """);
    }

    [Test]
    public void IndexedBranch_FourTargets_EachLaneGoesToItsOwn()
    {
        Check(64, 1, i => new[] { 5, 50, 500, 5000 }[i % 4] + i, """
            and.b32 %r2, %i, 3;
            T: .branchtargets A, B, C, D;
            brx.idx %r2, T;
            A: mov.u32 %r3, 5; bra END;
            B: mov.u32 %r3, 50; bra END;
            C: mov.u32 %r3, 500; bra END;
            D: mov.u32 %r3, 5000; bra END;
            END: add.u32 %r3, %r3, %i; st.global.u32 [%o], %r3; ret;
            """);
    }

    /// <summary>Both sides of the branch are run before what follows it: there the warp is whole again.</summary>
    [Test]
    public void Shuffle_BehindABranch_HasAllLanes()
    {
        Check(64, 1, i => (i ^ 1) % 3 == 0 ? 5 : 6, """
            rem.u32 %r2, %i, 3; setp.eq.u32 %p0, %r2, 0; @%p0 bra A;
            mov.u32 %r3, 6; bra MEET;
            A: mov.u32 %r3, 5; bra MEET;
            MEET: shfl.sync.bfly.b32 %r4, %r3, 1, 31, 0xffffffff; st.global.u32 [%o], %r4; ret;
            """);
    }

    [Test]
    public void EarlyReturn_SomeLanes_TheOthersGoOn()
    {
        Check(64, 1, i => i % 2 == 0 ? 1 : 2, """
            mov.u32 %r3, 1; st.global.u32 [%o], %r3;
            and.b32 %r2, %i, 1; setp.eq.u32 %p0, %r2, 0; @%p0 ret;
            mov.u32 %r3, 2; st.global.u32 [%o], %r3; ret;
            """);
    }

    [Test]
    public void EarlyReturn_BeforeABarrier_TheOthersPass()
    {
        Check(128, 1, i => i < 70 ? 9 : 8, """
            mov.u32 %r3, 9; st.global.u32 [%o], %r3;
            setp.lt.u32 %p0, %i, 70; @%p0 ret;
            bar.sync 0; mov.u32 %r3, 8; st.global.u32 [%o], %r3; ret;
            """);
    }

    [Test]
    public void EarlyReturn_InAWarpBeforeItsBarrier_TheOthersPass()
    {
        Check(64, 1, i => i % 32 < 20 ? 9 : 8, """
            mov.u32 %r3, 9; st.global.u32 [%o], %r3;
            rem.u32 %r2, %i, 32; setp.ge.u32 %p0, %r2, 20; @%p0 bra GO; bra.uni GONE;
            GO: bar.sync 0; mov.u32 %r3, 8; st.global.u32 [%o], %r3; bra GONE;
            GONE: ret;
            """);
    }

    [Test]
    public void Predication_GuardedInstructions_WriteOnlyWhereTheGuardHolds()
    {
        Check(32, 1, i => i > 20 ? 3 : i < 5 ? 4 : i, """
            setp.gt.u32 %p0, %i, 20; setp.lt.or.u32 %p1, %i, 5, %p0; mov.u32 %r3, %i;
            @%p1 mov.u32 %r3, 4; @%p0 mov.u32 %r3, 3; @!%p1 add.u32 %r3, %r3, 0;
            st.global.u32 [%o], %r3; ret;
            """);
    }

    [Test]
    public void Block_LabelsAndRegistersInBraces_AreItsOwn()
    {
        Check(32, 1, i => (2 * (i % 4)) + 1, """
            mov.u32 %r3, 1; and.b32 %r2, %i, 3;
            { .reg .pred p; .reg .b32 n; mov.u32 n, %r2;
              AGAIN: setp.eq.u32 p, n, 0; @p bra OUT; sub.u32 n, n, 1; add.u32 %r3, %r3, 1; bra AGAIN; OUT: }
            { .reg .pred p; .reg .b32 n; mov.u32 n, %r2;
              AGAIN: setp.eq.u32 p, n, 0; @p bra OUT; sub.u32 n, n, 1; add.u32 %r3, %r3, 1; bra AGAIN; OUT: }
            st.global.u32 [%o], %r3; ret;
            """);
    }

    [Test]
    public void Barrier_ReversalThroughSharedMemory_AnyScheduleGivesTheSame()
    {
        const string Body = """
            .shared .align 4 .b8 tile[1024];
            mul.lo.u32 %r2, %t, 4; cvt.u64.u32 %rd1, %r2; mov.u64 %rd2, tile; add.u64 %rd1, %rd1, %rd2;
            st.shared.u32 [%rd1], %i;
            bar.sync 0;
            sub.u32 %r4, 255, %t; mul.wide.u32 %rd3, %r4, 4; add.u64 %rd3, %rd3, %rd2;
            ld.shared.u32 %r3, [%rd3]; st.global.u32 [%o], %r3; ret;
            """;
        for (var seed = 0UL; seed < 20; seed++)
        {
            Check(256, 3, i => (i / 256 * 256) + 255 - (i % 256), Body, seed);
        }
    }

    [Test]
    public void NamedBarrier_ProducersAndConsumers_AreOrdered()
    {
        const string Body = """
            .shared .align 4 .b8 tile[128];
            setp.ge.u32 %p0, %t, 32; mov.u64 %rd2, tile; and.b32 %r2, %t, 31;
            mul.wide.u32 %rd1, %r2, 4; add.u64 %rd1, %rd1, %rd2; mov.u32 %r3, 0;
            @%p0 bra CONSUME;
            mul.lo.u32 %r4, %t, 3; st.shared.u32 [%rd1], %r4; bar.arrive 1, 64; bra END;
            CONSUME: bar.sync 1, 64; ld.shared.u32 %r3, [%rd1];
            END: st.global.u32 [%o], %r3; ret;
            """;
        for (var seed = 0UL; seed < 10; seed++)
        {
            Check(64, 2, i => i % 64 < 32 ? 0 : (i % 64 - 32) * 3, Body, seed);
        }
    }

    [Test]
    public void DivergentBranches_TwoOfThreeWarps_AreCounted()
    {
        using var rig = new PtxRig();
        rig.Add<int>("out", new int[96]);
        var statistics = rig.Run(Start + """
            setp.lt.u32 %p0, %t, 16; setp.gt.u32 %p1, %t, 70; or.pred %p0, %p0, %p1;
            @%p0 bra A; bra.uni A; A: st.global.u32 [%o], %t; ret;
            """, threads: 96);
        Assert.That(statistics.DivergentBranches, Is.EqualTo(2));
    }

    private static void Check(int threads, int blocks, Func<int, int> expected, string body, ulong seed = 1)
    {
        using var rig = new PtxRig(seed);
        var output = rig.Add<int>("out", Enumerable.Repeat(-1, threads * blocks).ToArray());
        rig.Run(Start + body, threads, blocks);
        Assert.That(
            rig.Device.Download(output), Is.EqualTo(Enumerable.Range(0, threads * blocks).Select(expected)), $"seed {seed}");
    }
}
