using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>Products of warpgroups on every layout of their factors in shared memory, against double precision and mma.sync.</summary>
public sealed class GroupMultiplyTests
{
    private const int Depth = 16;

    public static IEnumerable<TestCaseData> Layouts() =>
        from swizzle in Enum.GetValues<PtxSwizzle>()
        from transA in new[] { false, true }
        from transB in new[] { false, true }
        from n in new[] { 8, 64, 104, 256 }
        select new TestCaseData(swizzle, transA, transB, n);

    [TestCaseSource(nameof(Layouts))]
    public void Product_IsTheSumOfProducts(PtxSwizzle swizzle, bool transA, bool transB, int n)
    {
        var (a, b, old) = (Bf16.Random(1, 64 * Depth), Bf16.Random(2, n * Depth), Bf16.Random(3, 64 * n));
        var sums = Run(swizzle, transA, transB, n, a, b, old, "1, 1, 1");
        for (var i = 0; i < 64 * n; i++)
        {
            var exact = (double)Bf16.Widen(old[i]) + Enumerable.Range(0, Depth).Sum(
                k => (double)Bf16.Widen(a[(i / n * Depth) + k]) * Bf16.Widen(b[(i % n * Depth) + k]));
            Assert.That(sums[i], Is.EqualTo(exact).Within(4e-6), $"row {i / n}, column {i % n}");
        }
    }

    [TestCase("0, 1, 1", 0, 1)]
    [TestCase("1, -1, 1", 1, -1)]
    [TestCase("1, 1, -1", 1, -1)]
    [TestCase("1, -1, -1", 1, 1)]
    public void Scales_SaySigns_AndWhetherOldSumsCount(string scales, int ofOld, int ofProduct)
    {
        var (a, b, old) = (Bf16.Random(1, 64 * Depth), Bf16.Random(2, 8 * Depth), Bf16.Random(3, 64 * 8));
        var sums = Run(PtxSwizzle.Bytes128, false, false, 8, a, b, old, scales);
        var product = Run(PtxSwizzle.Bytes128, false, false, 8, a, b, new ushort[64 * 8], "1, 1, 1");
        for (var i = 0; i < sums.Length; i++)
        {
            Assert.That(sums[i], Is.EqualTo((ofOld * Bf16.Widen(old[i])) + (ofProduct * product[i])).Within(1e-6));
        }
    }

    [TestCase("or.b64 %da, %da, 0x0002000000000000;", "base offset")]
    [TestCase("add.u64 %da, %da, 8;", "starts at multiples of 1024")]
    [TestCase("add.u64 %da, %da, 8192;", "shared memory")]
    public void Descriptor_ThatIsWrong_IsCaught(string change, string message) => Assert.That(
        () => Run(PtxSwizzle.Bytes128, false, false, 8, new ushort[64 * Depth], new ushort[8 * Depth], new ushort[64 * 8], "1, 1, 1", change),
        Throws.TypeOf<KernelException>().With.Message.Contains(message));

    /// <summary>What warps write is seen by tensor cores behind a fence and a barrier, whoever wrote it.</summary>
    [TestCase("", "bar.sync 0;", "reads in the background")]
    [TestCase("fence.proxy.async;", "", "race")]
    public void Factors_WrittenByWarps_NeedFenceAndBarrier(string fence, string barrier, string message)
    {
        for (ulong seed = 1; seed <= 5; seed++)
        {
            Assert.That(
                () => Run(PtxSwizzle.Bytes128, false, false, 8, new ushort[64 * Depth], new ushort[8 * Depth], new ushort[64 * 8], "1, 1, 1",
                    fence: fence, barrier: barrier, seed: seed),
                Throws.TypeOf<KernelException>().With.Message.Contains(message).Or.Message.Contains(barrier.Length == 0 ? "nothing was written" : message));
        }
    }

    /// <summary>A from registers: its fragments may be read while they are multiplied, not written.</summary>
    [TestCase("", null)]
    [TestCase("mov.b32 %r9, %r0;", null)]
    [TestCase("mov.b32 %r0, 0;", "writes %r0 while the wgmma at")]
    [TestCase("mov.f32 %g, %f1;", "reads %f1 while the wgmma at")]
    public void FactorInRegisters_IsTheRowsOfEachWarp(string inFlight, string? message)
    {
        var (a, b) = (Bf16.Random(1, 64 * Depth), Bf16.Random(2, 8 * Depth));
        using var rig = new PtxRig();
        rig.Add("inA", a);
        rig.Add("inB", b);
        var output = rig.AddFresh<float>("out", 64 * 8);
        var text = $$"""
            .reg .b32 %t; .reg .b32 %x; .reg .b32 %w; .reg .b32 %g0; .reg .b32 %q; .reg .b32 %r<10>; .reg .f32 %f<4>; .reg .f32 %g; .reg .b64 %rd<8>; .reg .b64 %db;
            .shared .align 1024 .b8 tile[256];
            mov.u32 %t, %tid.x; and.b32 %x, %t, 127; shr.u32 %w, %x, 5; and.b32 %q, %x, 3; shr.u32 %g0, %x, 2; and.b32 %g0, %g0, 7;
            mul.wide.u32 %rd0, %x, 2; add.u64 %rd1, %inB, %rd0; .reg .b16 %h; ld.global.u16 %h, [%rd1];
            shr.u32 %r8, %x, 4; and.b32 %r9, %x, 15; shr.u32 %r7, %r9, 3; and.b32 %r9, %r9, 7; mul.lo.u32 %r7, %r7, 128; mad.lo.u32 %r7, %r8, 16, %r7;
            mad.lo.u32 %r7, %r9, 2, %r7; add.u32 %r7, %r7, tile; st.shared.u16 [%r7], %h; fence.proxy.async; bar.sync 0;
            shl.b32 %r6, %w, 4; add.u32 %r6, %r6, %g0; mul.lo.u32 %r6, %r6, 32; mad.lo.u32 %r6, %q, 4, %r6; cvt.u64.u32 %rd2, %r6; add.u64 %rd2, %inA, %rd2;
            ld.global.u32 %r0, [%rd2]; ld.global.u32 %r1, [%rd2+256]; ld.global.u32 %r2, [%rd2+16]; ld.global.u32 %r3, [%rd2+272];
            mov.f32 %f0, 0f00000000; mov.f32 %f1, %f0; mov.f32 %f2, %f0; mov.f32 %f3, %f0;
            mov.u32 %r4, tile; shr.u32 %r4, %r4, 4; cvt.u64.u32 %db, %r4; or.b64 %db, %db, 0x0000001000080000;
            wgmma.fence.sync.aligned;
            wgmma.mma_async.sync.aligned.m64n8k16.f32.bf16.bf16 {%f0, %f1, %f2, %f3}, {%r0, %r1, %r2, %r3}, %db, 1, 1, 1, 0;
            {{inFlight}}
            wgmma.commit_group.sync.aligned; wgmma.wait_group.sync.aligned 0;
            shl.b32 %r6, %w, 4; add.u32 %r6, %r6, %g0; mul.lo.u32 %r6, %r6, 32; mad.lo.u32 %r6, %q, 8, %r6; cvt.u64.u32 %rd2, %r6; add.u64 %rd2, %out, %rd2;
            st.global.v2.f32 [%rd2], {%f0, %f1}; st.global.v2.f32 [%rd2+256], {%f2, %f3};
            ret;
            """;
        if (message is not null)
        {
            Assert.That(rig.Fault(text, threads: 128), Does.Contain(message));
            return;
        }

        rig.Run(text, threads: 128);
        var sums = rig.Device.Download(output);
        for (var i = 0; i < sums.Length; i++)
        {
            var exact = Enumerable.Range(0, Depth).Sum(k => (double)Bf16.Widen(a[(i / 8 * Depth) + k]) * Bf16.Widen(b[(i % 8 * Depth) + k]));
            Assert.That(sums[i], Is.EqualTo(exact).Within(4e-6));
        }
    }

    [TestCase("m64n12k16")]
    [TestCase("m64n264k16")]
    [TestCase("m64n8k8")]
    public void Shape_ThatThereIsNot_IsRefused(string shape)
    {
        using var rig = new PtxRig();
        Assert.That(
            rig.Fault($".reg .f32 %f<6>; .reg .b64 %d<2>; mov.b64 %d0, 0; mov.b64 %d1, 0; wgmma.mma_async.sync.aligned.{shape}.f32.bf16.bf16 {{%f0, %f1, %f2, %f3, %f4, %f5}}, %d0, %d1, 1, 1, 1, 0, 0; ret;"),
            Does.Contain("that the simulator does not know"));
    }

    [Test]
    public void Multiply_OfHalfAWarpgroup_IsCaught()
    {
        using var rig = new PtxRig();
        Assert.That(rig.Fault("wgmma.commit_group.sync.aligned; ret;", threads: 64), Does.Contain("four warps do together"));
    }

    /// <summary>Lays the factors out, multiplies, and gives the sums by rows.</summary>
    private static float[] Run(
        PtxSwizzle swizzle, bool transA, bool transB, int n, ushort[] a, ushort[] b, ushort[] old, string scales,
        string change = "", string fence = "fence.proxy.async;", string barrier = "bar.sync 0;", ulong seed = 1)
    {
        const int OffsetB = 8 * 1024;
        var image = new ushort[(OffsetB + (32 * 1024)) / 2];
        LayOut(swizzle, transA, 64, 0, (i, k, at) => image[at / 2] = a[(i * Depth) + k]);
        LayOut(swizzle, transB, n, OffsetB, (i, k, at) => image[at / 2] = b[(i * Depth) + k]);
        using var rig = new PtxRig(seed);
        rig.Add("image", image);
        rig.Add("old", Array.ConvertAll(old, Bf16.Widen));
        var output = rig.AddFresh<float>("out", 64 * n);
        var sums = Enumerable.Range(0, n / 2).ToArray();
        var list = string.Join(", ", sums.Select(i => $"%f{i}"));
        string Each(string text) => string.Join(" ", sums.Select(i => text.Replace("#", $"{i}").Replace("@", $"{((i / 4 * 8) + (i % 2) + (i / 2 % 2 * 8 * n)) * 4}")));
        rig.Run($$"""
            .reg .pred %p; .reg .b32 %t; .reg .b32 %x; .reg .b32 %q; .reg .b32 %r<4>; .reg .b32 %v<4>; .reg .f32 %f<{{n / 2}}>; .reg .b64 %rd<4>; .reg .b64 %da; .reg .b64 %db;
            .shared .align 1024 .b8 tile[{{image.Length * 2}}];
            mov.u32 %t, %tid.x; mov.u32 %x, %t;
            NEXT: shl.b32 %r0, %x, 4; cvt.u64.u32 %rd0, %r0; add.u64 %rd0, %image, %rd0; ld.global.v4.u32 {%v0, %v1, %v2, %v3}, [%rd0];
            add.u32 %r0, %r0, tile; st.shared.v4.u32 [%r0], {%v0, %v1, %v2, %v3}; add.u32 %x, %x, 128; setp.lt.u32 %p, %x, {{image.Length / 8}}; @%p bra NEXT;
            {{fence}} {{barrier}}
            shr.u32 %r0, %t, 5; shl.b32 %r0, %r0, 4; and.b32 %r1, %t, 31; shr.u32 %r2, %r1, 2; add.u32 %r0, %r0, %r2; and.b32 %r1, %r1, 3; shl.b32 %r1, %r1, 1;
            mad.lo.u32 %r0, %r0, {{n}}, %r1; mul.wide.u32 %rd0, %r0, 4; add.u64 %rd1, %old, %rd0; add.u64 %rd2, %out, %rd0;
            {{Each("ld.global.f32 %f#, [%rd1+@];")}}
            mov.u32 %r3, tile; shr.u32 %r3, %r3, 4; cvt.u64.u32 %da, %r3; add.u64 %db, %da, {{OffsetB / 16}};
            or.b64 %da, %da, {{Descriptor(swizzle, transA, 64)}}; or.b64 %db, %db, {{Descriptor(swizzle, transB, n)}};
            {{change}}
            wgmma.fence.sync.aligned;
            wgmma.mma_async.sync.aligned.m64n{{n}}k16.f32.bf16.bf16 { {{list}} }, %da, %db, {{scales}}, {{(transA ? 1 : 0)}}, {{(transB ? 1 : 0)}};
            wgmma.commit_group.sync.aligned; wgmma.wait_group.sync.aligned 0;
            {{Each("st.global.f32 [%rd2+@], %f#;")}}
            ret;
            """, threads: 128);
        return rig.Device.Download(output);
    }

    /// <summary>
    /// As NVIDIA describes the canonical layouts: tiles of 8 rows of the pattern's width. With terms adjacent they are stacked along the
    /// rows; with rows adjacent, first along the terms (eight lines of them), then along the rows.
    /// </summary>
    private static void LayOut(PtxSwizzle swizzle, bool isTransposed, int rows, int start, Action<int, int, int> put)
    {
        var width = swizzle == PtxSwizzle.None ? 16 : (int)swizzle;
        var halves = width / 2;
        for (var i = 0; i < rows; i++)
        {
            for (var k = 0; k < Depth; k++)
            {
                var (line, column) = isTransposed ? (k, i) : (i, k);
                var tile = isTransposed ? (line / 8) + (column / halves * 2) : (line / 8) + (column / halves * ((rows + 7) / 8));
                var at = start + (tile * 8 * width) + (line % 8 * width) + (column % halves * 2);
                at = swizzle == PtxSwizzle.None ? at : at ^ (at / 128 % (width / 16) * 16);
                put(i, k, at);
            }
        }
    }

    private static string Descriptor(PtxSwizzle swizzle, bool isTransposed, int rows)
    {
        var width = swizzle == PtxSwizzle.None ? 16 : (int)swizzle;
        var tile = (ulong)(8 * width);
        // From tile to tile along the lines, and along what is adjacent.
        var (lines, columns) = isTransposed ? (tile, 2 * tile) : (tile, tile * (ulong)((rows + 7) / 8));
        var (leading, stride) = isTransposed && swizzle == PtxSwizzle.None ? (lines, columns) : (columns, lines);
        var code = swizzle switch { PtxSwizzle.Bytes128 => 1UL, PtxSwizzle.Bytes64 => 2UL, PtxSwizzle.Bytes32 => 3UL, _ => 0UL };
        return $"0x{(leading / 16 << 16) | (stride / 16 << 32) | (code << 62):x16}";
    }
}
