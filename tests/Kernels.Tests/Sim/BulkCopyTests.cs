using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>Boxes of tensors and blocks of bytes between global and shared memory, against plain loops.</summary>
public sealed class BulkCopyTests
{
    private const string Start = """
        .reg .pred %p<4>; .reg .b32 %t; .reg .b32 %r<8>; .reg .b64 %rd<8>; .reg .b32 %v<4>;
        .shared .align 1024 .b8 tile[16384]; .shared .align 8 .b8 bar[8];
        mov.u32 %t, %tid.x; setp.eq.u32 %p0, %t, 0; setp.ne.u32 %p1, %t, 0;
        @%p0 mbarrier.init.shared::cta.b64 [bar], 1; @%p0 fence.mbarrier_init.release.cluster; bar.sync 0;

        """;

    private const string Wait = "ASK: mbarrier.try_wait.parity.shared::cta.b64 %p2, [bar], 0; @!%p2 bra ASK;\n";

    /// <summary>All of the tile to "out", 16 bytes a thread.</summary>
    private const string Dump = """

        mov.u32 %r0, %t;
        NEXT: setp.ge.u32 %p3, %r0, PIECES; @%p3 ret; shl.b32 %r1, %r0, 4; add.u32 %r2, %r1, tile; cvt.u64.u32 %rd0, %r1; add.u64 %rd1, %out, %rd0;
        ld.shared.v4.u32 {%v0, %v1, %v2, %v3}, [%r2]; st.global.v4.u32 [%rd1], {%v0, %v1, %v2, %v3};
        add.u32 %r0, %r0, 64; bra NEXT;
        """;

    [TestCase(PtxSwizzle.None, 32, 0, 0)]
    [TestCase(PtxSwizzle.None, 32, 20, 30)]
    [TestCase(PtxSwizzle.None, 256, -8, -2)]
    [TestCase(PtxSwizzle.Bytes32, 16, 5, 3)]
    [TestCase(PtxSwizzle.Bytes64, 32, 33, 17)]
    [TestCase(PtxSwizzle.Bytes128, 64, 0, 25)]
    [TestCase(PtxSwizzle.Bytes128, 64, -3, -1)]
    [TestCase(PtxSwizzle.Bytes128, 32, 1, 1)]
    [TestCase(PtxSwizzle.Bytes128, 64, 100, 100)]
    public void Box_OfAMatrix_IsThere_WithZerosBeyondTheEdges(PtxSwizzle swizzle, int width, int x, int y)
    {
        const int Columns = 50, Stride = 56, Rows = 30, Height = 16;
        var source = Bf16.Random(1, Rows * Stride);
        using var rig = new PtxRig();
        var matrix = rig.Add("in", source);
        rig.AddMap("map", new PtxTensorMap(matrix.Address, 2, [Columns, Rows], [Stride * 2], [width, Height], swizzle));
        var output = rig.Add<ushort>("out", new ushort[width * Height]);
        rig.Run($"{Start}{Copy("2d", $"{x}, {y}", width * Height * 2)}{Wait}{Dump.Replace("PIECES", $"{width * Height / 8}")}", threads: 64);
        var actual = rig.Device.Download(output);
        for (var i = 0; i < width * Height; i++)
        {
            var (row, column) = (y + (i / width), x + (i % width));
            var isInside = row is >= 0 and < Rows && column is >= 0 and < Columns;
            Assert.That(actual[Swizzled(i * 2, (int)swizzle) / 2], Is.EqualTo(isInside ? source[(row * Stride) + column] : 0), $"{row}, {column}");
        }
    }

    [Test]
    public void Box_OfThreeDimensions_IsThere()
    {
        uint[] source = [.. Enumerable.Range(1, 5 * 6 * 8).Select(i => (uint)i)];
        using var rig = new PtxRig();
        var tensor = rig.Add("in", source);
        rig.AddMap("map", new PtxTensorMap(tensor.Address, 4, [8, 6, 5], [32, 192], [4, 2, 16]));
        var output = rig.Add<uint>("out", new uint[128]);
        rig.Run($"{Start}{Copy("3d", "6, 5, -1", 512)}{Wait}{Dump.Replace("PIECES", "32")}", threads: 64);
        var actual = rig.Device.Download(output);
        for (var i = 0; i < 128; i++)
        {
            var (x, y, z) = (6 + (i % 4), 5 + (i / 4 % 2), -1 + (i / 8));
            Assert.That(actual[i], Is.EqualTo(x < 8 && y < 6 && z is >= 0 and < 5 ? source[(z * 48) + (y * 8) + x] : 0), $"{x}, {y}, {z}");
        }
    }

    /// <summary>What a launch that broke off had under way never arrives: the next one finds shared memory as if it had not been.</summary>
    [Test]
    public void Launch_AfterOneThatBrokeOffBehindACopy_IsAFreshOne()
    {
        using var rig = new PtxRig(threads: 1);
        rig.Add<uint>("in", [.. Enumerable.Range(1, 256).Select(i => (uint)i)]);
        var offset = rig.Add<ulong>("offset", [1 << 20]);
        var output = rig.AddFresh<uint>("out", 256);
        using var machine = new PtxMachine("rig", rig.Text($"""
            {Start}@%p1 bra OTHERS; mbarrier.arrive.expect_tx.shared::cta.b64 _, [bar], 1024;
            cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [tile], [%in], 1024, [bar];
            ld.global.u64 %rd2, [%offset]; add.u64 %rd3, %in, %rd2; ld.global.u32 %r2, [%rd3];
            OTHERS: {Wait}{Dump.Replace("PIECES", "64")}
            """));
        Assert.Throws<KernelException>(() => rig.RunOn(machine, threads: 64));
        rig.Device.CopyIn<ulong>([0], offset);
        rig.RunOn(machine, threads: 64);
        Assert.That(rig.Device.Download(output), Is.EqualTo(Enumerable.Range(1, 256)));
    }

    [Test]
    public void Block_ThereAndBack_IsTheSame()
    {
        uint[] source = [.. Enumerable.Range(1, 256).Select(i => (uint)i)];
        using var rig = new PtxRig();
        rig.Add("in", source);
        var output = rig.AddFresh<uint>("out", 256);
        rig.Run($"""
            {Start}@%p1 ret; mbarrier.arrive.expect_tx.shared::cta.b64 _, [bar], 1024;
            cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [tile], [%in], 1024, [bar];
            {Wait} cp.async.bulk.global.shared::cta.bulk_group [%out], [tile], 1024;
            cp.async.bulk.commit_group; cp.async.bulk.wait_group 0; ret;
            """, threads: 64);
        Assert.That(rig.Device.Download(output), Is.EqualTo(source));
    }

    /// <summary>A box that lies half outside: what is outside is not written.</summary>
    [Test]
    public void Store_OfABox_WritesWhatIsInside()
    {
        var fault = StoreFault("fence.proxy.async.shared::cta;", "bar.sync 0;", "cp.async.bulk.wait_group.read 0;", out var written);
        Assert.That(fault, Is.Null);
        for (var i = 0; i < written.Length; i++)
        {
            var (row, column) = (i / 40, i % 40);
            var isInside = row >= 25 && column >= 8;
            Assert.That(written[i], Is.EqualTo(isInside ? (uint)((row - 25) * 32) + (uint)(column - 8) + 1 : 0), $"{row}, {column}");
        }
    }

    [TestCase("", "bar.sync 0;", "cp.async.bulk.wait_group.read 0;", "no fence.proxy.async is between them")]
    [TestCase("fence.proxy.async.shared::cta;", "", "cp.async.bulk.wait_group.read 0;", "race")]
    [TestCase("fence.proxy.async.global;", "bar.sync 0;", "cp.async.bulk.wait_group.read 0;", "no fence.proxy.async is between them")]
    [TestCase("fence.proxy.async.shared::cta;", "bar.sync 0;", "", "were not waited for")]
    [TestCase("fence.proxy.async.shared::cta;", "bar.sync 0;", "cp.async.bulk.wait_group.read 1;", "were not waited for")]
    [TestCase("fence.proxy.async.shared::cta;", "bar.sync 0;", "st.shared.u32 [tile], %t; cp.async.bulk.wait_group.read 0;", "a bulk store of warp 0 reads")]
    public void Store_WithoutWhatItNeeds_IsCaught(string fence, string barrier, string wait, string message) =>
        Assert.That(StoreFault(fence, barrier, wait, out _), Does.Contain(message).Or.Contain(barrier.Length == 0 ? "nothing was written" : message));

    /// <summary>The one who issues may fence, if he knows of the writes.</summary>
    [Test]
    public void Store_WithTheFenceBehindTheBarrier_IsFine() =>
        Assert.That(StoreFault("", "bar.sync 0; @%p0 fence.proxy.async;", "cp.async.bulk.wait_group 0;", out _), Is.Null);

    [TestCase("[tile+64]", "which is no multiple of 128")]
    [TestCase("[tile+15360]", "of shared memory")]
    public void Destination_ThatDoesNotFit_IsCaught(string place, string message) =>
        Assert.That(CopyFault(Copy("2d", "0, 0", 2048).Replace("[tile]", place)), Does.Contain(message));

    [TestCase("2d", "%map, {0, 0}", "%out, {0, 0}", "names a tensor map at 0x")]
    [TestCase("2d", "%map, {0, 0}", "%map+64, {0, 0}", "it must be a parameter of 128 bytes, aligned to 64")]
    [TestCase("3d", "%map, {0, 0, 0}", "%map, {0, 0, 0}", "names 3 coordinates in a tensor of 2 dimensions")]
    public void Map_ThatIsNone_IsCaught(string rank, string text, string fault, string message) => Assert.That(
        CopyFault(Copy(rank, rank == "3d" ? "0, 0, 0" : "0, 0", 2048).Replace(text, fault)), Does.Contain(message));

    [Test]
    public void Copy_OfMemoryThatWasNeverWritten_IsCaught() =>
        Assert.That(CopyFault(Copy("2d", "0, 0", 2048), isWritten: false), Does.Contain("nothing was ever written there"));

    /// <summary>Whether it has arrived when the block ends is chance; that it may not have is found.</summary>
    [Test]
    public void Copy_ThatNobodyWaitsFor_OutlivesNoBlock()
    {
        var faults = Enumerable.Range(1, 12).Select(seed => CopyFault(Copy("2d", "0, 0", 2048), seed: (ulong)seed)).OfType<string>().ToList();
        Assert.That(faults, Has.Some.Contains("ends while the bulk copy at"));
    }

    /// <summary>Of two groups the older one is waited for: what it has read may be written, what the other reads may not.</summary>
    [TestCase("[tile]", null)]
    [TestCase("[tile+1024]", "a bulk store of warp 0 reads")]
    public void Stores_OfTwoGroups_AreWaitedForInTurn(string place, string? message)
    {
        using var rig = new PtxRig();
        rig.Add("out", new uint[512]);
        var fault = FaultOf(() => rig.Run($$"""
            {{Start}}shl.b32 %r0, %t, 5; add.u32 %r0, %r0, tile; st.shared.v4.u32 [%r0], {%t, %t, %t, %t}; st.shared.v4.u32 [%r0+16], {%t, %t, %t, %t};
            fence.proxy.async; bar.sync 0; @%p1 ret;
            cp.async.bulk.global.shared::cta.bulk_group [%out], [tile], 1024; cp.async.bulk.commit_group;
            cp.async.bulk.global.shared::cta.bulk_group [%out+1024], [tile+1024], 1024; cp.async.bulk.commit_group;
            cp.async.bulk.wait_group.read 1; st.shared.u32 {{place}}, %t; cp.async.bulk.wait_group.read 0; ret;
            """, threads: 64));
        Assert.That(fault, message is null ? Is.Null : Does.Contain(message));
    }

    /// <summary>Who has waited for the first phase knows nothing of what the second one brings, whether it has come or not.</summary>
    [Test]
    public void Copy_OfTheNextPhase_IsNotWaitedFor()
    {
        const string Second = "@%p1 bra NO; mbarrier.arrive.expect_tx.shared::cta.b64 _, [bar], 2048; "
            + "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [tile+2048], [%in], 2048, [bar]; NO:";
        for (ulong seed = 1; seed <= 12; seed++)
        {
            Assert.That(
                CopyFault($"{Copy("2d", "0, 0", 2048)}{Wait} bar.sync 0; {Second} bar.sync 0; bar.sync 0; bar.sync 0; ld.shared.u32 %r0, [tile+2048];", seed: seed),
                Does.Contain("under way").Or.Contain("nobody has waited for the mbarrier of that copy"), $"schedule {seed}");
        }
    }

    [Test]
    public void Copy_OverWhatIsRead_IsCaught() => Assert.That(
        CopyFault($"st.shared.u32 [tile], %t; bar.sync 0; @%p1 ld.shared.u32 %r0, [tile];{Copy("2d", "0, 0", 2048)}{Wait}".Replace("st.shared", "@%p0 st.shared")),
        Does.Contain("race").Or.Contain("fence.proxy.async"));

    [TestCase(8, 2, 96, "a stride is a multiple of 16 bytes", 30)]
    [TestCase(8, 2, 96, "a tensor starts at a multiple of 16 bytes, not at 8", 32, 8)]
    [TestCase(8, 2, 257, "a box has 1 to 256 elements", 32)]
    [TestCase(12, 2, 8, "a row of a box is a multiple of 16 bytes, not 24", 32)]
    [TestCase(72, 2, 8, "no longer than its swizzle is wide, not 144", 32)]
    [TestCase(8, 3, 8, "an element has 1, 2, 4 or 8 bytes", 32)]
    public void Map_BeyondALimit_SaysSo(int width, int bytes, int height, string message, long stride, long address = 0) => Assert.That(
        () => new PtxTensorMap(address, bytes, [16, 16], [stride], [width, height], PtxSwizzle.Bytes128),
        Throws.TypeOf<PtxException>().With.Message.Contains(message));

    [Test]
    public void Map_ReadBack_IsTheSame()
    {
        var map = new PtxTensorMap(1 << 20, 4, [1L << 32, 7, 9], [1L << 36, 16], [4, 256, 1], PtxSwizzle.Bytes32);
        var bytes = new byte[PtxTensorMap.Bytes];
        map.Encode(bytes);
        Assert.That(PtxTensorMap.Decode(bytes), Is.EqualTo(map));
        Assert.That((map.BoxBytes, map.Extent), Is.EqualTo((4096, ((1L << 32) * 4) + (6L << 36) + 128)));
    }

    private static string Copy(string rank, string at, int bytes) => $$"""
        @%p1 bra NOT; mbarrier.arrive.expect_tx.shared::cta.b64 _, [bar], {{bytes}};
        cp.async.bulk.tensor.{{rank}}.shared::cluster.global.tile.mbarrier::complete_tx::bytes [tile], [%map, {{{at}}}], [bar]; NOT:

        """;

    /// <summary>Bits 4, 5 and 6 of an address change by bits 7, 8 and 9, as far as the pattern is wide.</summary>
    private static int Swizzled(int at, int width) => width switch
    {
        128 => at ^ (at / 128 % 8 * 16),
        64 => at ^ (at / 128 % 4 * 16),
        32 => at ^ (at / 128 % 2 * 16),
        _ => at,
    };

    private static string? CopyFault(string body, bool isWritten = true, ulong seed = 1)
    {
        using var rig = new PtxRig(seed);
        var matrix = isWritten ? rig.Add("in", new ushort[64 * 64]) : rig.AddFresh<ushort>("in", 64 * 64);
        rig.AddMap("map", new PtxTensorMap(matrix.Address, 2, [64, 64], [128], [64, 16], PtxSwizzle.Bytes128));
        rig.Add("out", new uint[64]);
        return FaultOf(() => rig.Run($"{Start}{body}ret;", threads: 64));
    }

    private static string? StoreFault(string fence, string barrier, string wait, out uint[] written)
    {
        using var rig = new PtxRig();
        var output = rig.Add<uint>("out", new uint[40 * 30]);
        rig.AddMap("map", new PtxTensorMap(output.Address, 4, [40, 30], [160], [32, 8], PtxSwizzle.Bytes128));
        var fault = FaultOf(() => rig.Run($$"""
            {{Start}}mov.u32 %r0, %t; add.u32 %r3, %t, 1;
            NEXT: shl.b32 %r1, %r0, 2; shr.u32 %r2, %r1, 7; and.b32 %r2, %r2, 7; shl.b32 %r2, %r2, 4; xor.b32 %r1, %r1, %r2; add.u32 %r1, %r1, tile;
            add.u32 %r3, %r0, 1; st.shared.u32 [%r1], %r3;
            add.u32 %r0, %r0, 64; setp.lt.u32 %p3, %r0, 256; @%p3 bra NEXT;
            {{fence}} {{barrier}}
            @%p1 ret;
            cp.async.bulk.tensor.2d.global.shared::cta.tile.bulk_group [%map, {8, 25}], [tile]; cp.async.bulk.commit_group; {{wait}}
            ret;
            """, threads: 64));
        written = rig.Device.Download(output);
        return fault;
    }

    private static string? FaultOf(Action run)
    {
        try
        {
            run();
            return null;
        }
        catch (KernelException fault)
        {
            return fault.Message;
        }
    }
}
