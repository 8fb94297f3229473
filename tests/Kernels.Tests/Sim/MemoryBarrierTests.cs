namespace Kernels.Tests;

/// <summary>What mbarriers count, whom they let go on, and what they order.</summary>
public sealed class MemoryBarrierTests
{
    /// <summary>Thread 0 makes a barrier at "bar" for %COUNT arrivals; %w is the warp, %l0 whether it is lane 0.</summary>
    private const string Start = """
        .reg .pred %p<8>; .reg .pred %l0; .reg .b32 %t; .reg .b32 %w; .reg .b32 %r<8>; .reg .b64 %s; .reg .b64 %rd<4>;
        .shared .align 16 .b8 tile[1024]; .shared .align 8 .b8 bar[8];
        mov.u32 %t, %tid.x; shr.u32 %w, %t, 5; and.b32 %r7, %t, 31; setp.eq.u32 %l0, %r7, 0;
        setp.eq.u32 %p0, %w, 0; setp.eq.u32 %p1, %w, 1; setp.eq.u32 %p7, %t, 0;
        mul.wide.u32 %rd0, %r7, 4; mov.u64 %s, tile; add.u64 %rd1, %s, %rd0;
        @%p7 mbarrier.init.shared::cta.b64 [bar], COUNT; bar.sync 0;

        """;

    private const string WaitPhase0 = "ASK: mbarrier.try_wait.parity.shared::cta.b64 %p2, [bar], 0; @!%p2 bra ASK;";

    [Test]
    public void Arrivals_OfAllLanes_EndThePhase() => FindsNothing(
        $"@!%p0 bra WAIT; st.shared.u32 [%rd1], %t; mbarrier.arrive.shared::cta.b64 _, [bar]; bra END; WAIT: {WaitPhase0} ld.shared.u32 %r0, [%rd1]; END:",
        count: 32);

    [Test]
    public void Arrival_OfOneLane_HandsOverWhatAllDid_OnlyWhenTheyHaveMet()
    {
        const string Kernel = $$"""
            @!%p0 bra WAIT; st.shared.u32 [%rd1], %t; {0} @%l0 mbarrier.arrive.shared::cta.b64 _, [bar]; bra END;
            WAIT: {{WaitPhase0}} ld.shared.u32 %r0, [%rd1]; END:
            """;
        Finds("(a read-after-write race)", Kernel.Replace("{0}", ""));
        FindsNothing(Kernel.Replace("{0}", "bar.warp.sync 0xffffffff;"));
    }

    [Test]
    public void Arrival_OfTheLaneThatDidIt_HandsItOver_AndNotWhatItDoesBehind()
    {
        const string Kernel = $$"""
            @!%p0 bra WAIT; @!%l0 bra END; {0} mbarrier.arrive.shared::cta.b64 _, [bar]; {1} bra END;
            WAIT: {{WaitPhase0}} @%l0 ld.shared.u32 %r0, [%s]; END:
            """;
        const string Write = "st.shared.u32 [%s], %t;";
        FindsNothing(Kernel.Replace("{0}", Write).Replace("{1}", ""));
        Finds("race", Kernel.Replace("{0}", "st.shared.u32 [%s], %t; st.shared.u32 [%s+4], %t;").Replace("{1}", Write));
    }

    /// <summary>One lane has waited: the others know nothing before they have met it.</summary>
    [Test]
    public void Wait_OfOneLane_IsNotOneOfTheOthers()
    {
        const string Kernel = $$"""
            @!%p0 bra WAIT; st.shared.u32 [%rd1], %t; bar.warp.sync 0xffffffff; @%l0 mbarrier.arrive.shared::cta.b64 _, [bar]; bra END;
            WAIT: @!%l0 bra ON; {{WaitPhase0}} ON: {0} ld.shared.u32 %r0, [%rd1]; END:
            """;
        Finds("race", Kernel.Replace("{0}", ""));
        FindsNothing(Kernel.Replace("{0}", "bar.warp.sync 0xffffffff;"));
    }

    [Test]
    public void Lanes_OfTheSameWarp_AreNotOrderedByAnArrival()
    {
        const string Kernel = "@!%p0 bra END; @%l0 st.shared.u32 [%s], %t; @%l0 mbarrier.arrive.shared::cta.b64 _, [bar]; {0} ld.shared.u32 %r0, [%s]; END:";
        Finds("no bar.warp.sync is between them", Kernel.Replace("{0}", ""));
        FindsNothing(Kernel.Replace("{0}", "bar.warp.sync 0xffffffff;"));
    }

    [TestCase("mbarrier.arrive.shared::cta.b64 _, [bar], 2;", ExpectedResult = null)]
    [TestCase("mbarrier.arrive.shared::cta.b64 _, [bar]; mbarrier.arrive.shared::cta.b64 _, [bar];", ExpectedResult = null)]
    [TestCase("mbarrier.expect_tx.relaxed.cta.shared::cta.b64 [bar], 16; mbarrier.arrive.shared::cta.b64 _, [bar]; mbarrier.arrive.shared::cta.b64 _, [bar];",
        ExpectedResult = "0 of 2 arrivals and 16 bytes to come")]
    [TestCase("mbarrier.arrive.shared::cta.b64 _, [bar];", ExpectedResult = "1 of 2 arrivals and 0 bytes to come")]
    [TestCase("mbarrier.arrive.shared::cta.b64 _, [bar], 3;", ExpectedResult = "arrives 3 times at the mbarrier at 1024, which waits for 2 of 2 in phase 0")]
    public string? Count_OfTwo(string arrivals)
    {
        var message = FaultOf($"@%p7 bra ONE; bra ALL; ONE: {arrivals} ALL: {WaitPhase0}", count: 2, seed: 1);
        return message is null ? null : new[] { "0 of 2 arrivals and 16 bytes to come", "1 of 2 arrivals and 0 bytes to come",
            "arrives 3 times at the mbarrier at 1024, which waits for 2 of 2 in phase 0" }.FirstOrDefault(message.Contains, message);
    }

    [Test]
    public void Phase_GivenByAnArrival_CanBeAskedFor() => FindsNothing("""
        .reg .b64 %token; @!%p7 bra END;
        mbarrier.arrive.shared::cta.b64 %token, [bar];
        ASK: mbarrier.test_wait.shared::cta.b64 %p2, [bar], %token; @!%p2 bra ASK; END:
        """);

    /// <summary>Who only asks must go on, though nobody else can.</summary>
    [Test]
    public void Question_ThatIsAskedOnce_DoesNotWaitForEver() => FindsNothing(
        "mbarrier.try_wait.parity.shared::cta.b64 %p2, [bar], 0; bar.warp.sync 0xffffffff; @%p7 mbarrier.arrive.shared::cta.b64 _, [bar];");

    [TestCase("mbarrier.arrive.shared::cta.b64 _, [tile];", "names an mbarrier in shared memory at 0, where none was made")]
    [TestCase("st.shared.u32 [bar], %t; mbarrier.arrive.shared::cta.b64 _, [bar];", "which was overwritten")]
    [TestCase("mbarrier.inval.shared::cta.b64 [bar]; mbarrier.arrive.shared::cta.b64 _, [bar];", "where none was made")]
    [TestCase("mbarrier.init.shared::cta.b64 [tile+4], 1;", "which is no multiple of 8")]
    [TestCase("mbarrier.init.shared::cta.b64 [tile], 0;", "makes an mbarrier for 0 arrivals")]
    [TestCase("mbarrier.expect_tx.relaxed.cta.shared::cta.b64 [bar], 1048576;", "it counts to 1048575")]
    public void Misuse_IsCaught(string what, string message) => Finds(message, $"@%p7 bra ONE; bra END; ONE: {what} END:");

    [Test]
    public void Barrier_MadeByAnotherWarp_MustBeKnown() => Finds(
        "race", "@%p7 mbarrier.init.shared::cta.b64 [tile], 1; @%p1 mbarrier.arrive.shared::cta.b64 _, [tile];", orElse: "where none was made");

    [Test]
    public void Election_ChoosesTheLowestLane()
    {
        using var rig = new PtxRig();
        var output = rig.Add<uint>("out", new uint[64]);
        rig.Run("""
            .reg .pred %p<3>; .reg .b32 %r<3>; .reg .b64 %rd<3>; mov.u32 %r0, %tid.x; setp.ge.u32 %p1, %r0, 3; mul.wide.u32 %rd0, %r0, 8;
            add.u64 %rd1, %out, %rd0; @!%p1 bra END; elect.sync %r1|%p0, 0xfffffff8; selp.u32 %r2, 7, 8, %p0; st.global.v2.u32 [%rd1], {%r1, %r2}; END: ret;
            """);
        Assert.That(
            rig.Device.Download(output),
            Is.EqualTo(Enumerable.Range(0, 32).SelectMany(i => i < 3 ? new uint[] { 0, 0 } : [3, i == 3 ? 7u : 8u])));
    }

    private static void Finds(string what, string body, int count = 1, string? orElse = null)
    {
        for (ulong seed = 1; seed <= 8; seed++)
        {
            var message = FaultOf(body, count, seed);
            Assert.That(message, Does.Contain(what).Or.Contain(orElse ?? what), $"schedule {seed}");
        }
    }

    private static void FindsNothing(string body, int count = 1)
    {
        for (ulong seed = 1; seed <= 8; seed++)
        {
            Assert.That(FaultOf(body, count, seed), Is.Null, $"schedule {seed}");
        }
    }

    private static string? FaultOf(string body, int count, ulong seed)
    {
        using var rig = new PtxRig(seed);
        rig.Add<int>("out", new int[64]);
        try
        {
            rig.Run($"{Start.Replace("COUNT", $"{count}")}{body}\nret;", threads: 64);
            return null;
        }
        catch (DPT.Engine.Kernels.KernelException fault)
        {
            return fault.Message;
        }
    }
}
