namespace Kernels.Tests;

/// <summary>Loads, stores, atomics and copies of every width and space, and what the statistics say about them.</summary>
public sealed class MemoryInstructionTests
{
    private const string Start = """
        .reg .pred %p<9>; .reg .b16 %h<9>; .reg .b32 %r<20>; .reg .b64 %rd<20>; .reg .b64 %o; .reg .b32 %t;
        mov.u32 %t, %tid.x; mul.wide.u32 %rd0, %t, 8; add.u64 %o, %out, %rd0;
        """;

    [TestCase("u8", "b32", 0xFEUL)]
    [TestCase("s8", "b32", 0xFFFFFFFEUL)]
    [TestCase("u8", "b16", 0xFEUL)]
    [TestCase("s8", "b64", 0xFFFFFFFFFFFFFFFEUL)]
    [TestCase("u16", "b32", 0xDCFEUL)]
    [TestCase("s16", "b32", 0xFFFFDCFEUL)]
    [TestCase("u32", "b64", 0x98BADCFEUL)]
    [TestCase("s32", "b64", 0xFFFFFFFF98BADCFEUL)]
    [TestCase("b64", "b64", 0x1032547698BADCFEUL)]
    public void Load_NarrowType_ExtendsToTheRegister(string type, string register, ulong expected)
    {
        using var rig = new PtxRig();
        var output = rig.Add<ulong>("out", new ulong[32]);
        rig.Add<ulong>("in", [0x1032547698BADCFE]);
        rig.Run(Start + $"""
            .reg .{register} %x; ld.global.{type} %x, [%in]; st.global.{register} [%o], %x; ret;
            """);
        Assert.That(rig.Device.Download(output), Is.All.EqualTo(expected));
    }

    /// <summary>The second word of a buffer's parameter is its length: 0x9C9C.</summary>
    [TestCase("u8", "b32", 0x9CUL)]
    [TestCase("s8", "b32", 0xFFFFFF9CUL)]
    [TestCase("u16", "b32", 0x9C9CUL)]
    [TestCase("s16", "b32", 0xFFFF9C9CUL)]
    [TestCase("s16", "b64", 0xFFFFFFFFFFFF9C9CUL)]
    [TestCase("s32", "b64", 0x9C9CUL)]
    public void Parameter_NarrowType_ExtendsToTheRegister(string type, string register, ulong expected)
    {
        using var rig = new PtxRig();
        var output = rig.Add<ulong>("out", new ulong[32]);
        rig.AddFresh<byte>("long", 0x9C9C);
        rig.Run(Start + $".reg .{register} %x; ld.param.{type} %x, [p_long+8]; st.global.{register} [%o], %x; ret;");
        Assert.That(rig.Device.Download(output), Is.All.EqualTo(expected));
    }

    [Test]
    public void Address_In32Bits_MeansThePlaceThatItMeansIn64()
    {
        using var rig = new PtxRig();
        var output = rig.Add<ulong>("out", new ulong[32]);
        rig.Run(Start + """
            .shared .align 16 .b8 tile[512]; mov.u64 %rd1, tile; mul.wide.u32 %rd2, %t, 16; add.u64 %rd1, %rd1, %rd2;
            cvt.u32.u64 %r0, %rd1; add.u32 %r1, %t, 10; add.u32 %r2, %t, 20;
            st.shared.u32 [%r0+4], %r1; st.shared.u32 [%rd1+8], %r2; add.u32 %r0, %r0, 16;
            ld.shared.u32 %r3, [%rd1+4]; ld.shared.u32 %r4, [%r0+-8];
            mad.lo.u32 %r3, %r3, 1000, %r4; cvt.u64.u32 %rd3, %r3; st.global.u64 [%o], %rd3; ret;
            """);
        Assert.That(rig.Device.Download(output), Is.EqualTo(Enumerable.Range(0, 32).Select(i => (ulong)(((i + 10) * 1000) + i + 20))));
    }

    [TestCase("global")]
    [TestCase("shared")]
    [TestCase("local")]
    [TestCase("generic shared")]
    [TestCase("generic local")]
    [TestCase("generic global")]
    public void StoreAndLoad_VectorOfFour_ComesBackInEverySpace(string space)
    {
        using var rig = new PtxRig();
        var output = rig.Add<ulong>("out", new ulong[32]);
        rig.Add<int>("scratch", new int[128]);
        var kind = space.Split(' ')[^1];
        var isGeneric = space != kind;
        var suffix = isGeneric ? "" : "." + kind;
        var own = kind == "local" ? "" : "mul.wide.u32 %rd2, %t, 16; add.u64 %rd1, %rd1, %rd2;";
        rig.Run(Start + $$"""
            .shared .align 16 .b8 tile[512]; .local .align 16 .b8 depot[32];
            {{(kind == "global" ? "mov.u64 %rd1, %scratch;" : $"mov.u64 %rd1, {(kind == "shared" ? "tile" : "depot")};")}}
            {{(isGeneric ? $"cvta.{kind}.u64 %rd1, %rd1;" : "")}} {{own}}
            add.u32 %r0, %t, 10; add.u32 %r1, %t, 20; add.u32 %r2, %t, 30; add.u32 %r3, %t, 40;
            st{{suffix}}.v4.u32 [%rd1], {%r0, %r1, %r2, %r3};
            ld{{suffix}}.v2.u32 {%r4, %r5}, [%rd1+8];
            {{(isGeneric ? $"cvta.to.{kind}.u64 %rd3, %rd1; ld.{kind}.u32 %r6, [%rd3+4];" : $"ld.{kind}.u32 %r6, [%rd1+4];")}}
            mad.lo.u32 %r4, %r4, 1000, %r6; mad.lo.u32 %r4, %r5, 1000000, %r4;
            cvt.u64.u32 %rd4, %r4; st.global.u64 [%o], %rd4; ret;
            """);
        Assert.That(
            rig.Device.Download(output),
            Is.EqualTo(Enumerable.Range(0, 32).Select(i => (ulong)(((i + 40) * 1000000) + ((i + 30) * 1000) + i + 20))));
    }

    [Test]
    public void Move_PackAndUnpack_LowestPartFirst()
    {
        using var rig = new PtxRig();
        var output = rig.Add<ulong>("out", new ulong[32]);
        rig.Run(Start + """
            mov.b32 %r0, 0x12345678; mov.b32 {%h0, %h1}, %r0; mov.b32 %r1, {%h1, %h0};
            mov.b64 %rd1, {%r0, %r1}; mov.b64 {%r2, %r3}, %rd1; mov.b64 %rd2, {%r3, %r2}; st.global.u64 [%o], %rd2; ret;
            """);
        Assert.That(rig.Device.Download(output), Is.All.EqualTo(0x12345678_56781234UL));
    }

    [TestCase("add.u32", 7, 31 * 16 + 7)]
    [TestCase("add.s32", -7, 31 * 16 - 7)]
    [TestCase("min.s32", 5, 0)]
    [TestCase("max.u32", 5, 31)]
    [TestCase("and.b32", 0xff, 0)]
    [TestCase("or.b32", 64, 95)]
    [TestCase("xor.b32", 64, 64)]
    public void Reduction_OfAllLanes_IsTheWhole(string operation, int start, int expected)
    {
        using var rig = new PtxRig();
        rig.Add<ulong>("out", new ulong[32]);
        var sum = rig.Add<int>("sum", [start]);
        rig.Run(Start + $"red.global.{operation} [%sum], %t; ret;");
        Assert.That(rig.Device.Download(sum)[0], Is.EqualTo(expected));
    }

    [Test]
    public void Atomics_ThatGiveTheOldValue_TakeTurns()
    {
        using var rig = new PtxRig(threads: 2);
        var output = rig.Add<ulong>("out", new ulong[32]);
        var memory = rig.Add<int>("memory", [0, 100, 5]);
        var floats = rig.Add<float>("floats", [0.5f]);
        rig.Run(Start + """
            .reg .f32 %f<2>; cvt.rn.f32.u32 %f0, %t;
            atom.global.add.u32 %r0, [%memory], 1; atom.global.exch.b32 %r1, [%memory+4], %t;
            add.u32 %r3, %t, 77; atom.global.cas.b32 %r2, [%memory+8], 5, %r3; red.global.add.f32 [%floats], %f0;
            mad.lo.u32 %r0, %r0, 1000, %r1; setp.eq.u32 %p0, %r2, 5; @%p0 add.u32 %r0, %r0, 1000000;
            cvt.u64.u32 %rd1, %r0; st.global.u64 [%o], %rd1; ret;
            """, blocks: 1);
        Assert.Multiple(() =>
        {
            Assert.That(rig.Device.Download(output), Is.EqualTo(
                Enumerable.Range(0, 32).Select(i => (ulong)((i * 1000) + (i == 0 ? 100 : i - 1) + (i == 0 ? 1000000 : 0)))));
            Assert.That(rig.Device.Download(memory), Is.EqualTo(new[] { 32, 31, 77 }));
            Assert.That(rig.Device.Download(floats)[0], Is.EqualTo(496.5f));
        });
    }

    [Test]
    public void AsyncCopy_ShorterSource_FillsWithZero()
    {
        using var rig = new PtxRig();
        var output = rig.Add<ulong>("out", new ulong[32]);
        rig.Add<uint>("in", [.. Enumerable.Range(1, 128).Select(i => (uint)i)]);
        rig.Run(Start + """
            .shared .align 16 .b8 tile[512]; mul.wide.u32 %rd2, %t, 16; mov.u64 %rd1, tile; add.u64 %rd1, %rd1, %rd2;
            add.u64 %rd3, %in, %rd2; and.b32 %r0, %t, 3; mul.lo.u32 %r0, %r0, 4; cvt.u32.u64 %r1, %rd1;
            cp.async.cg.shared.global [%r1], [%rd3], 16, %r0; cp.async.commit_group; cp.async.wait_group 0;
            ld.shared.v4.u32 {%r2, %r3, %r4, %r5}, [%rd1]; add.u32 %r2, %r2, %r3; add.u32 %r2, %r2, %r4;
            mad.lo.u32 %r2, %r5, 10000, %r2; cvt.u64.u32 %rd4, %r2; st.global.u64 [%o], %rd4; ret;
            """);
        Assert.That(
            rig.Device.Download(output),
            Is.EqualTo(Enumerable.Range(0, 32).Select(i => (ulong)Enumerable.Range((4 * i) + 1, i % 4).Sum())));
    }

    /// <summary>The lanes between, which do not run, are no part of a row.</summary>
    [Test]
    public void Sectors_OfEveryOtherLane_AreCounted()
    {
        using var rig = new PtxRig();
        rig.Add<ulong>("out", new ulong[32]);
        rig.Add<int>("in", new int[256]);
        var statistics = rig.Run(Start + """
            mul.wide.u32 %rd1, %t, 16; add.u64 %rd1, %rd1, %in; and.b32 %r0, %t, 1; setp.eq.u32 %p0, %r0, 0;
            @%p0 ld.global.v4.u32 {%r1, %r2, %r3, %r4}, [%rd1]; ret;
            """);
        Assert.That(statistics.Sectors, Is.EqualTo(16));
    }

    /// <summary>A row of 128 bytes that begins in the middle of a sector is in five.</summary>
    [Test]
    public void Sectors_OfARowThatBeginsInTheMiddleOfOne_AreCounted()
    {
        using var rig = new PtxRig();
        rig.Add<ulong>("out", new ulong[32]);
        rig.Add<int>("in", new int[256]);
        var statistics = rig.Run(Start + "mul.wide.u32 %rd1, %t, 4; add.u64 %rd1, %rd1, %in; ld.global.u32 %r1, [%rd1+16]; ret;");
        Assert.That(statistics.Sectors, Is.EqualTo(5));
    }

    [TestCase(1, 4, 4)]
    [TestCase(2, 8, 8)]
    [TestCase(8, 32, 32)]
    [TestCase(0, 1, 1)]
    public void Sectors_StridesOfWords_AreCounted(int stride, int sectors, int expected)
    {
        using var rig = new PtxRig();
        rig.Add<ulong>("out", new ulong[32]);
        rig.Add<int>("in", new int[256]);
        var statistics = rig.Run(Start + $"""
            mul.lo.u32 %r0, %t, {4 * stride}; cvt.u64.u32 %rd1, %r0; add.u64 %rd1, %rd1, %in; ld.global.u32 %r1, [%rd1]; ret;
            """);
        Assert.Multiple(() =>
        {
            Assert.That(expected, Is.EqualTo(sectors));
            Assert.That(statistics.GlobalRequests, Is.EqualTo(1));
            Assert.That(statistics.Sectors, Is.EqualTo(expected));
            Assert.That(statistics.GlobalBytesRead, Is.EqualTo(128));
        });
    }

    [TestCase("u32", 4, 0)]
    [TestCase("u32", 8, 1)]
    [TestCase("u32", 128, 31)]
    [TestCase("u32", 132, 0)]
    [TestCase("u32", 0, 0)]
    [TestCase("v2.u32", 8, 0)]
    [TestCase("v4.u32", 16, 0)]
    [TestCase("v4.u32", 32, 4)]
    [TestCase("u16", 2, 0)]
    public void BankConflicts_StridesOfBytes_AreCounted(string type, int stride, int expected)
    {
        using var rig = new PtxRig();
        rig.Add<ulong>("out", new ulong[32]);
        var value = type switch
        {
            "v4.u32" => "{7, 7, 7, 7}",
            "v2.u32" => "{7, 7}",
            "u16" => "%h0",
            _ => "7",
        };
        var statistics = rig.Run(Start + $$"""
            .shared .align 16 .b8 tile[8192]; mul.lo.u32 %r0, %t, {{stride}}; cvt.u64.u32 %rd1, %r0; mov.u64 %rd2, tile;
            add.u64 %rd1, %rd1, %rd2; mov.u16 %h0, 7; st.shared.{{type}} [%rd1], {{value}}; ret;
            """);
        Assert.Multiple(() =>
        {
            Assert.That(statistics.SharedRequests, Is.EqualTo(1));
            Assert.That(statistics.BankConflicts, Is.EqualTo(expected));
            var line = statistics.Instructions.Single(i => i.SharedRequests > 0);
            Assert.That(line.Text, Does.StartWith($"st.shared.{type} [%rd1]"));
            Assert.That(line.BankConflicts, Is.EqualTo(expected));
        });
    }

    /// <summary>Half of the lanes ask for one word, half for another of the same bank: two passes, not as many as lanes.</summary>
    [Test]
    public void BankConflicts_LanesThatShareAWord_TakeOnePass()
    {
        using var rig = new PtxRig();
        rig.Add<ulong>("out", new ulong[32]);
        var statistics = rig.Run(Start + """
            .shared .align 16 .b8 tile[256]; and.b32 %r0, %t, 1; mul.wide.u32 %rd1, %r0, 128; mov.u64 %rd2, tile;
            add.u64 %rd1, %rd1, %rd2; st.shared.u32 [%rd1], 7; ret;
            """);
        Assert.That(statistics.BankConflicts, Is.EqualTo(1));
    }

    [Test]
    public void Statistics_OfALoop_CountEveryInstruction()
    {
        using var rig = new PtxRig();
        rig.Add<ulong>("out", new ulong[64]);
        var statistics = rig.Run(Start + """
            mov.u32 %r0, 0;
            HEAD: add.u32 %r0, %r0, 1; setp.lt.u32 %p0, %r0, 10; @%p0 bra HEAD;
            bar.sync 0; ret;
            """, threads: 64, blocks: 3);
        Assert.Multiple(() =>
        {
            Assert.That(statistics.ByOpcode.Single(o => o.Opcode == "setp.lt.u32"), Is.EqualTo(("setp.lt.u32", 60L, 1920L)));
            Assert.That(statistics.Barriers, Is.EqualTo(3));
            Assert.That(statistics.WarpInstructions, Is.EqualTo(6 * (1 + 3 + 1 + 30 + 2)));
        });
    }
}
