namespace Kernels.Tests;

/// <summary>
/// Two accesses that nothing orders, one kind of hazard alone in each kernel: found and called by its name under every
/// schedule. With what is missing put in, nothing is found.
/// </summary>
public sealed class RaceTests
{
    /// <summary>
    /// %x is the first word of shared memory, which was written before a barrier, %g that of "out"; %p0 to %p3 say which
    /// warp a thread is of, %l0 and %l1 whether it is lane 0 or 1, %b0 and %b1 whether it is of block 0 or 1.
    /// </summary>
    private const string Start = """
        .reg .pred %p<4>; .reg .pred %l<2>; .reg .pred %b<2>; .reg .b32 %r<9>; .reg .b64 %rd<9>; .reg .b64 %a; .reg .b16 %h;
        .reg .b64 %x; .reg .b64 %g; .reg .b64 %own; .reg .b32 %x32; .reg .b32 %t; .reg .b32 %w; .reg .b32 %lane; .reg .b32 %block;
        .shared .align 16 .b8 tile[1024];
        mov.u32 %t, %tid.x; shr.u32 %w, %t, 5; and.b32 %lane, %t, 31; mov.u32 %block, %ctaid.x;
        setp.eq.u32 %p0, %w, 0; setp.eq.u32 %p1, %w, 1; setp.eq.u32 %p2, %w, 2; setp.eq.u32 %p3, %w, 3;
        setp.eq.u32 %l0, %lane, 0; setp.eq.u32 %l1, %lane, 1; setp.eq.u32 %b0, %block, 0; setp.eq.u32 %b1, %block, 1;
        mov.u64 %x, tile; mov.u32 %x32, tile; mov.u64 %g, %out;
        mul.wide.u32 %rd0, %t, 4; add.u64 %a, %x, %rd0; add.u64 %own, %g, %rd0;
        st.shared.u32 [%a], %t; bar.sync 0;

        """;

    private const string Meet = "bar.warp.sync 0xffffffff;";

    /// <summary>%rd1 is the word of the lane and %rd2 its four words, whatever the warp: whole warps access memory in rows.</summary>
    private const string Rows = """
        mul.wide.u32 %rd1, %lane, 4; add.u64 %rd1, %x, %rd1; mul.wide.u32 %rd2, %lane, 16; add.u64 %rd2, %x, %rd2;
        @%p0 st.shared.v4.u32 [%rd2], {%w, %w, %w, %w}; bar.sync 0;

        """;

    private static readonly (string Hazard, string First, string Second)[] Hazards =
    [
        ("read-after-write", "st.SPACE.u32 [%M], %t;", "ld.SPACE.u32 %r0, [%M];"),
        ("write-after-read", "ld.SPACE.u32 %r0, [%M];", "st.SPACE.u32 [%M], %t;"),
        ("write-after-write", "st.SPACE.u32 [%M], %t;", "st.SPACE.u32 [%M], %w;"),
    ];

    public static IEnumerable<TestCaseData> HazardsOf(string[] spaces) =>
        from hazard in Hazards
        from space in spaces
        let first = In(space, hazard.First)
        let second = In(space, hazard.Second)
        select new TestCaseData(hazard.Hazard, first, second).SetArgDisplayNames(hazard.Hazard, space);

    [TestCaseSource(nameof(HazardsOf), [new[] { "shared", "global" }])]
    public void Warps_WithoutABarrier(string hazard, string first, string second)
    {
        Finds($"no barrier is between them (a {hazard} race)", $"@%p0 {first} @%p1 {second}".Replace("%t;", "%w;"));
        FindsNothing($"@%p0 {first} bar.sync 0; @%p1 {second}".Replace("%t;", "%w;"));
    }

    [TestCaseSource(nameof(HazardsOf), [new[] { "shared", "global" }])]
    public void Lanes_WithoutABarrierOfTheWarp(string hazard, string first, string second)
    {
        Finds($"no bar.warp.sync is between them (a {hazard} race)", $"@%l0 {first} @%l1 {second}", threads: 32);
        FindsNothing($"@%l0 {first} bar.warp.sync 0xffffffff; @%l1 {second}", threads: 32);
        FindsNothing($"@%l0 {first} @%l0 {second}", threads: 32);
    }

    [TestCaseSource(nameof(HazardsOf), [new[] { "shared" }])]
    public void Lanes_ThatHaveDiverged(string hazard, string first, string second) =>
        Finds($"(a {hazard} race)", $"@%l0 bra ONE; @%l1 bra TWO; bra END; ONE: {first} bra END; TWO: {second} END:", threads: 32);

    [TestCaseSource(nameof(HazardsOf), [new[] { "global" }])]
    public void Blocks_HaveNoOrder(string hazard, string first, string second)
    {
        const string OneThread = "@!%l0 ret; ";
        Finds($"blocks of a launch have no order (a {hazard} race)", $"{OneThread} @%b0 {first} @%b1 {second}", 32, blocks: 2);
        FindsNothing($"{OneThread} @%b0 {first} @%b0 {second}", 32, blocks: 2);
    }

    [Test]
    public void Blocks_ManyReadAndOneOfThemWrites()
    {
        const string Body = "@!%l0 ret; ld.global.u32 %r0, [%g]; setp.eq.u32 %p0, %block, 2; @%p0 st.global.u32 [%g], %t;";
        Finds("which another block reads", Body, 32, blocks: 3);
        Finds("which another block reads", Body.Replace("@!%l0 ret; ", "").Replace("%g", "%own"), 32, blocks: 3);
    }

    [TestCaseSource(nameof(HazardsOf), [new[] { "shared" }])]
    public void Rows_OfTwoWarps(string hazard, string first, string second)
    {
        (first, second) = (first.Replace("%x", "%rd1"), second.Replace("%x", "%rd1"));
        Finds($"no barrier is between them (a {hazard} race)", $"{Rows} @%p0 {first} @%p1 {second}");
        FindsNothing($"{Rows} @%p0 {first} bar.sync 0; @%p1 {second}");
    }

    /// <summary>Lane i accesses what lane i + 1 does.</summary>
    [TestCaseSource(nameof(HazardsOf), [new[] { "shared" }])]
    public void Rows_OfAWarp_ThatOverlap(string hazard, string first, string second)
    {
        (first, second) = (first.Replace("%x", "%rd1"), second.Replace("%x", "%rd1+4"));
        Finds($"no bar.warp.sync is between them (a {hazard} race)", $"{Rows} {first} {second}", threads: 32);
        FindsNothing($"{Rows} {first} {Meet} {second}", threads: 32);
        FindsNothing($"{Rows} {first} {second.Replace("+4", "")}", threads: 32);
    }

    [Test]
    public void Rows_OfFourWords_ThatOverlap()
    {
        const string Load = "ld.shared.v4.u32 {%r0, %r1, %r2, %r3}, [%rd2];";
        Finds("(a read-after-write race)", $"{Rows} st.shared.u32 [%rd1], %t; {Load}", threads: 32);
        FindsNothing($"{Rows} st.shared.u32 [%rd1], %t; {Meet} {Load}", threads: 32);
        Finds("(a write-after-read race)", $"{Rows} {Load} st.shared.u32 [%rd1], %t;", threads: 32);
        FindsNothing($"{Rows} {Load} {Meet} st.shared.u32 [%rd1], %t;", threads: 32);
        FindsNothing($"{Rows} {Load} st.shared.u32 [%rd2+8], %t;", threads: 32);
        Finds("(a write-after-read race)", $"{Rows} {Load} @!%l0 st.shared.u32 [%rd2+-4], %t;", threads: 32);
    }

    /// <summary>Some lanes of each warp access places side by side, and those of the warps are neighbours: what is marked is their own.</summary>
    [TestCase("shared")]
    [TestCase("global")]
    public void Rows_OfSomeLanes(string space)
    {
        const string Fives = "setp.lt.u32 %p2, %lane, 5; mad.lo.u32 %r1, %w, 5, %lane; mul.wide.u32 %rd1, %r1, 4; add.u64 %rd1, %M, %rd1;";
        const string Behind = "setp.ge.u32 %p2, %lane, 3; mul.wide.u32 %rd1, %t, 4; add.u64 %rd1, %M, %rd1;";
        const string Use = "@%p2 st.SPACE.u32 [%rd1], %t; @%p2 ld.SPACE.u32 %r0, [%rd1]; @%p2 st.SPACE.u32 [%rd1], %w;";
        FindsNothing(In(space, Fives + Use));
        FindsNothing(In(space, Behind + Use));
        FindsNothing(In(space, Fives + Use.Replace("st.", "ld.").Replace(", %t", "").Replace("u32 [", "u32 %r0, [").Replace(", %w", "")));
        const string OfOne = "setp.eq.u32 %p3, %lane, 5;" + Behind + "@%p2 st.SPACE.u32 [%rd1], %t; bar.sync 0; @%p2 ld.SPACE.u32 %r0, [%rd1]; @%p3 st.SPACE.u32 [%rd1], %w;";
        FindsNothing(In(space, OfOne));
        Finds("(a write-after-read race)", In(space, OfOne.Replace("[%rd1], %w", "[%rd1+-4], %w")));
        Finds("no barrier is between them (a write-after-write race)", In(space, Fives.Replace("%w, 5", "%w, 4") + Use));
        Finds("no barrier is between them (a write-after-write race)", In(space, $"{Fives} {Use} @%p1 st.SPACE.u32 [%M+16], %t;").Replace("%t;", "%w;"));
    }

    [TestCaseSource(nameof(HazardsOf), [new[] { "global" }])]
    public void Rows_OfWarpsAndBlocks(string hazard, string first, string second)
    {
        const string Address = "mul.wide.u32 %rd1, %lane, 4; add.u64 %rd1, %g, %rd1;";
        (first, second) = (first.Replace("%g", "%rd1"), second.Replace("%g", "%rd1"));
        Finds($"no barrier is between them (a {hazard} race)", $"{Address} @%p0 {first} @%p1 {second}".Replace("%t;", "%w;"));
        FindsNothing($"{Address} @%p0 {first} bar.sync 0; @%p1 {second}".Replace("%t;", "%w;"));
        Finds($"blocks of a launch have no order (a {hazard} race)", $"{Address} @%b0 {first} @%b1 {second}", 32, blocks: 2);
        FindsNothing($"{Address} @%b0 {first} @%b0 {second}", 32, blocks: 2);
        FindsNothing($"{Address} @%b0 {first} @%b1 {second.Replace("%rd1", "%rd1+128")}", 32, blocks: 2);
    }

    /// <summary>Two lanes have read a word, and one of the two writes it: the other's read is not forgotten.</summary>
    [Test]
    public void Rows_ReadTwice_AreReadByBothLanes()
    {
        const string Reads = "ld.shared.u32 %r0, [%rd1]; ld.shared.u32 %r1, [%rd1+4];";
        Finds("(a write-after-read race)", $"{Rows} {Reads} st.shared.u32 [%rd1+4], %t;", threads: 32);
        Finds("(a write-after-read race)", $"{Rows} {Reads} st.shared.u32 [%rd1], %t;", threads: 32);
        FindsNothing($"{Rows} {Reads} {Meet} st.shared.u32 [%rd1+4], %t;", threads: 32);
    }

    [Test]
    public void Rows_WhereNothingWasWritten()
    {
        const string Address = "mul.wide.u32 %rd1, %lane, 4; add.u64 %rd1, %x, %rd1;";
        Finds("thread 31 of block (0, 0, 0) reads shared memory at 128, where nothing was written",
            $"{Address} ld.shared.u32 %r0, [%rd1+4];", threads: 32);
        Finds("thread 0 of block (0, 0, 0) reads shared memory at 128, where nothing was written",
            $"{Address} ld.shared.u32 %r0, [%rd1+128];", threads: 32);
        Finds("of 1024 bytes of shared memory", $"{Address} st.shared.u32 [%rd1+900], %t;", threads: 32);
        Finds("no multiple of 4", $"{Address} st.shared.u32 [%rd1+2], %t;", threads: 32);
    }

    [Test]
    public void Rows_OverAWordThatAtomicsChanged()
    {
        const string Update = "red.shared.add.u32 [%x+124], %t;";
        Finds("(a read-after-write race)", $"{Rows} {Update} ld.shared.u32 %r0, [%rd1];", threads: 32);
        Finds("(a write-after-write race)", $"{Rows} {Update} st.shared.u32 [%rd1], %t;", threads: 32);
        FindsNothing($"{Rows} {Update} {Meet} ld.shared.u32 %r0, [%rd1];", threads: 32);
    }

    /// <summary>What a block before this one wrote is not what this one wrote.</summary>
    [Test]
    public void Rows_OfTheBlockBefore_AreNotWritten() =>
        Finds("where nothing was written", $"{Rows.Replace("@%p0", "@%b0")} ld.shared.u32 %r0, [%rd1+256];", threads: 32, blocks: 2);

    [Test]
    public void Broadcast_OfWhatALaneWroteOrWillWrite()
    {
        Finds("(a read-after-write race)", "@%l0 st.shared.u32 [%x], %t; ld.shared.u32 %r0, [%x];", threads: 32);
        FindsNothing($"@%l0 st.shared.u32 [%x], %t; {Meet} ld.shared.u32 %r0, [%x];", threads: 32);
        Finds("(a write-after-read race)", "ld.shared.u32 %r0, [%x]; @%l0 st.shared.u32 [%x], %t;", threads: 32);
        FindsNothing($"ld.shared.u32 %r0, [%x]; {Meet} @%l0 st.shared.u32 [%x], %t;", threads: 32);
        FindsNothing("@%l0 st.shared.u32 [%x], %t; @%l0 ld.shared.u32 %r0, [%x]; @%l0 st.shared.u32 [%x], %t;", threads: 32);
    }

    /// <summary>Half of the lanes read one word, half another, which one of them wrote.</summary>
    [Test]
    public void Broadcast_OfTwoWords()
    {
        const string Reads = "shr.u32 %r1, %lane, 4; mul.wide.u32 %rd1, %r1, 4; add.u64 %rd1, %x, %rd1; ld.shared.u32 %r0, [%rd1];";
        const string Writes = "setp.eq.u32 %l0, %lane, 20; @%l0 st.shared.u32 [%x+4], %t;";
        Finds("thread 16 of block (0, 0, 0) reads shared memory at 4", $"{Writes} {Reads}", threads: 32);
        FindsNothing($"{Writes} {Meet} {Reads}", threads: 32);
        Finds("(a write-after-read race)", $"{Reads} {Writes}", threads: 32);
    }

    [Test]
    public void Loop_BarrierMissingAtItsEnd_IsAReadBeforeTheNextWrite() =>
        Finds("(a write-after-read race)", """
            mov.u32 %r2, 0;
            LOOP: @%p0 st.shared.u32 [%x], %r2; bar.sync 0; ld.shared.u32 %r0, [%x];
            add.u32 %r2, %r2, 1; setp.lt.u32 %p3, %r2, 3; @%p3 bra LOOP;
            """);

    [Test]
    public void Read_HiddenBehindALaterReadOfAnotherWarp_IsRemembered() =>
        Finds("which warp 0 reads", """
            @%p0 ld.shared.u32 %r0, [%x]; @%p0 bra END; bar.sync 1, 64;
            @%p1 ld.shared.u32 %r0, [%x]; bar.sync 1, 64;
            @%p2 st.shared.u32 [%x], %w; END:
            """, threads: 96);

    [Test]
    public void ArrivedWarp_WritesBehindItsArrival_IsNotOrdered()
    {
        Finds("which warp", """
            @%p1 bra CONSUMER; bar.arrive 1, 64; st.shared.u32 [%x], %w; bra END;
            CONSUMER: bar.sync 1, 64; ld.shared.u32 %r0, [%x]; END:
            """);
        Finds("which warp", $"""
            @%p1 bra CONSUMER; bar.arrive 1, 64; st.shared.u32 [%x], %w; bra END;
            CONSUMER: {Meet} {Meet} {Meet} bar.sync 1, 64; ld.shared.u32 %r0, [%x]; END:
            """);
        FindsNothing("""
            @%p1 bra CONSUMER; st.shared.u32 [%x], %w; bar.arrive 1, 64; bra END;
            CONSUMER: bar.sync 1, 64; ld.shared.u32 %r0, [%x]; END:
            """);
    }

    /// <summary>A warp that has ended counts as having come, with all that it did, however often its lanes had met.</summary>
    [Test]
    public void EndedWarp_ReadBehindTheNextBarrier_IsOrdered()
    {
        FindsNothing($"""
            @%p1 bra READER; {Meet} {Meet} {Meet} st.shared.u32 [%x], %w; bra END;
            READER: bar.sync 0; ld.shared.u32 %r0, [%x]; END:
            """);
    }

    [Test]
    public void Atomics_ReadWithoutABarrier_EvenByAWarpThatUpdated()
    {
        Finds("(a read-after-write race)", "red.shared.add.u32 [%x], %t; @%p0 ld.shared.u32 %r0, [%x];");
        FindsNothing("red.shared.add.u32 [%x], %t; bar.sync 0; @%p0 ld.shared.u32 %r0, [%x];");
    }

    [Test]
    public void Atomics_BehindAStartThatNoBarrierSeparates()
    {
        Finds("(a write-after-write race)", "@%p0 st.shared.u32 [%x], %w; red.shared.add.u32 [%x], %t;");
        Finds("(a write-after-write race)", "@%p0 st.shared.u32 [%x], %w; bar.warp.sync 0xffffffff; red.shared.add.u32 [%x], %t;");
    }

    [TestCase("shared", "%x")]
    [TestCase("global", "%g")]
    [TestCase("global", "%g", "bra.uni THERE; THERE:")]
    public void Store_LanesWriteDifferentValuesToOnePlace(string space, string address, string between = "")
    {
        Finds("the same place as lane 0, in one instruction (a write-after-write race)",
            $"{between} st.{space}.u32 [{address}], %t;", threads: 32, watchedBytes: 0);
        FindsNothing($"{between} st.{space}.u32 [{address}], %w;", threads: 32, watchedBytes: 0);
    }

    [Test]
    public void Store_TwoLanesInTheMiddleMeet_IsFound() =>
        Finds("thread 20 of block (0, 0, 0) writes another value to the same place as lane 7", """
            setp.eq.u32 %p0, %t, 20; @%p0 sub.u64 %own, %own, 52; st.global.u32 [%own], %t;
            """, threads: 32);

    [Test]
    public void AsyncCopy_OtherLaneReadsWithoutABarrierOfTheWarp()
    {
        const string Copy = "cp.async.ca.shared.global [%x32], [%g], 4; cp.async.wait_all;";
        Finds("(a read-after-write race)", $"@%l0 {Copy} ld.shared.u32 %r0, [%x];", threads: 32);
        FindsNothing($"@%l0 {Copy} bar.warp.sync 0xffffffff; ld.shared.u32 %r0, [%x];", threads: 32);
    }

    [Test]
    public void AsyncCopy_BarrierBeforeTheWait_DoesNotHelpOtherWarps()
    {
        const string Copy = "setp.eq.u32 %l0, %t, 0; @%l0 cp.async.ca.shared.global [%x32], [%g], 4;";
        for (ulong seed = 1; seed <= 8; seed++)
        {
            Assert.That(
                FaultOf($"{Copy} bar.sync 0; cp.async.wait_all; @%p1 ld.shared.u32 %r0, [%x];", 64, 1, seed, 0),
                Does.Contain("(a read-after-write race)").Or.Contain("not waited for"));
        }

        FindsNothing($"{Copy} cp.async.wait_all; bar.sync 0; @%p1 ld.shared.u32 %r0, [%x];");
    }

    [Test]
    public void AsyncCopy_OntoWhatAnotherWarpStillReads()
    {
        const string Copy = "@%l0 cp.async.ca.shared.global [%x32], [%g], 4; cp.async.wait_all;";
        const string ByWarp0 = "setp.eq.u32 %l0, %t, 0;";
        Finds("(a write-after-read race)", $"@%p1 ld.shared.u32 %r0, [%x]; {ByWarp0} {Copy}");
        FindsNothing($"@%p1 ld.shared.u32 %r0, [%x]; bar.sync 0; {ByWarp0} {Copy}");
    }

    [Test]
    public void AsyncCopy_NotWaitedForWhenItsBlockEnds_IsNoFaultOfTheNext() =>
        FindsNothing("setp.eq.u32 %l0, %t, 0; @%l0 cp.async.ca.shared.global [%x32], [%g], 4;", threads: 32, blocks: 3);

    [Test]
    public void Global_NeighbouringBytesOfManyThreads_AreNoRace() =>
        FindsNothing("cvt.u64.u32 %rd1, %t; add.u64 %rd1, %rd1, %g; cvt.u16.u32 %h, %t; st.global.u8 [%rd1], %h;");

    [Test]
    public void Global_BeyondTheWatchedBytes_IsNotLookedAt() =>
        FindsNothing("@%p0 st.global.u32 [%g], %w; @%p1 ld.global.u32 %r0, [%g];", watchedBytes: 0);

    [Test]
    public void Global_TwoLaunches_AreOrdered()
    {
        using var rig = new PtxRig();
        rig.Add<int>("out", new int[256]);
        rig.Run(Start + "@%p0 st.global.u32 [%g], %w; ret;", threads: 64);
        rig.Run(Start + "@%p1 ld.global.u32 %r0, [%g]; ret;", threads: 64);
    }

    /// <summary>The fault says both lines, so that the author need not look for the other side.</summary>
    [Test]
    public void Message_NamesBothSides()
    {
        const string Body = "@%p0 st.shared.u32 [%x], %w;\n@%p1 ld.shared.u32 %r0, [%x];\nret;";
        using var rig = new PtxRig();
        rig.Add<int>("out", new int[256]);
        var lines = rig.Text(Start + Body).Split('\n').ToList();
        var write = lines.FindIndex(l => l.StartsWith("@%p0 st.shared.u32 [%x], %w")) + 1;
        Assert.That(
            rig.Fault(Start + Body, threads: 64),
            Does.Contain("shared memory at 0").And.Contain($"PTX line {write}").And.Contain($"PTX line {write + 1}")
                .And.Contain("(a read-after-write race)"));
    }

    private static string In(string space, string text) =>
        text.Replace("SPACE", space).Replace("%M", space == "shared" ? "%x" : "%g");

    private static void Finds(string what, string body, int threads = 64, int blocks = 1, long watchedBytes = 1 << 17)
    {
        for (ulong seed = 1; seed <= 8; seed++)
        {
            Assert.That(FaultOf(body, threads, blocks, seed, watchedBytes), Does.Contain(what), $"schedule {seed}");
        }
    }

    private static string FaultOf(string body, int threads, int blocks, ulong seed, long watchedBytes)
    {
        using var rig = new PtxRig(seed, watchedBytes: watchedBytes);
        rig.Add<int>("out", new int[256]);
        return rig.Fault($"{Start}{body}\nret;", threads, blocks);
    }

    private static void FindsNothing(string body, int threads = 64, int blocks = 1, long watchedBytes = 1 << 17)
    {
        for (ulong seed = 1; seed <= 8; seed++)
        {
            using var rig = new PtxRig(seed, watchedBytes: watchedBytes);
            rig.Add<int>("out", new int[256]);
            rig.Run($"{Start}{body}\nret;", threads, blocks);
        }
    }
}
