namespace Kernels.Tests;

/// <summary>
/// The smallest kernel that has all of Hopper: C = A B^T, 64 x 16 with 256 terms, two stages. Warp 4 copies boxes of 64 terms, warps 0
/// to 3 multiply them; barriers say which stage is full and which is empty.
/// </summary>
internal static class WarpGroupPipeline
{
    public const int M = 64;
    public const int N = 16;
    public const int K = 256;
    private const int Terms = 64;

    /// <summary>The text; tests take lines of it out or change them.</summary>
    public const string Body = """
        .reg .pred %p<8>; .reg .b32 %t; .reg .b32 %w; .reg .b32 %k; .reg .b32 %x; .reg .b32 %stage; .reg .b32 %phase; .reg .b32 %full;
        .reg .b32 %empty; .reg .b32 %a; .reg .b32 %b; .reg .b32 %q; .reg .b64 %da; .reg .b64 %db; .reg .f32 %f<8>; .reg .b64 %to; .reg .b64 %o;
        .shared .align 1024 .b8 tiles[20480]; .shared .align 8 .b8 bars[32];
        mov.u32 %t, %tid.x; shr.u32 %w, %t, 5; setp.ne.u32 %p0, %t, 0; setp.eq.u32 %p1, %w, 4; and.b32 %x, %t, 127; setp.eq.u32 %p7, %x, 0;
        @%p0 bra READY;
        mbarrier.init.shared::cta.b64 [bars], 1; mbarrier.init.shared::cta.b64 [bars+8], 1;
        mbarrier.init.shared::cta.b64 [bars+16], 1; mbarrier.init.shared::cta.b64 [bars+24], 1;
        fence.mbarrier_init.release.cluster;
        READY:
        bar.sync 0;
        mov.u32 %k, 0; mov.u32 %stage, 0;
        @!%p1 bra CONSUMER;
        mov.u32 %phase, 1;
        @!%p7 bra END;
        PRODUCE:
        mad.lo.u32 %full, %stage, 8, bars; add.u32 %empty, %full, 16; mad.lo.u32 %a, %stage, 10240, tiles; add.u32 %b, %a, 8192;
        ASK_EMPTY: mbarrier.try_wait.parity.shared::cta.b64 %p2, [%empty], %phase; @!%p2 bra ASK_EMPTY;
        mbarrier.arrive.expect_tx.shared::cta.b64 _, [%full], 10240;
        cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes [%a], [%mapA, {%k, 0}], [%full];
        cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes [%b], [%mapB, {%k, 0}], [%full];
        add.u32 %k, %k, 64; xor.b32 %stage, %stage, 1; setp.eq.u32 %p3, %stage, 0; @%p3 xor.b32 %phase, %phase, 1;
        setp.lt.u32 %p4, %k, 256; @%p4 bra PRODUCE;
        bra END;
        CONSUMER:
        mov.f32 %f0, 0f00000000; mov.f32 %f1, %f0; mov.f32 %f2, %f0; mov.f32 %f3, %f0; mov.f32 %f4, %f0; mov.f32 %f5, %f0;
        mov.f32 %f6, %f0; mov.f32 %f7, %f0; mov.u32 %phase, 0;
        CONSUME:
        mad.lo.u32 %full, %stage, 8, bars; add.u32 %empty, %full, 16; mad.lo.u32 %a, %stage, 10240, tiles; add.u32 %b, %a, 8192;
        ASK_FULL: mbarrier.try_wait.parity.shared::cta.b64 %p2, [%full], %phase; @!%p2 bra ASK_FULL;
        shr.u32 %a, %a, 4; shr.u32 %b, %b, 4; cvt.u64.u32 %da, %a; cvt.u64.u32 %db, %b;
        or.b64 %da, %da, 0x4000004000010000; or.b64 %db, %db, 0x4000004000010000;
        wgmma.fence.sync.aligned;
        wgmma.mma_async.sync.aligned.m64n16k16.f32.bf16.bf16 {%f0, %f1, %f2, %f3, %f4, %f5, %f6, %f7}, %da, %db, 1, 1, 1, 0, 0;
        add.u64 %da, %da, 2; add.u64 %db, %db, 2;
        wgmma.mma_async.sync.aligned.m64n16k16.f32.bf16.bf16 {%f0, %f1, %f2, %f3, %f4, %f5, %f6, %f7}, %da, %db, 1, 1, 1, 0, 0;
        add.u64 %da, %da, 2; add.u64 %db, %db, 2;
        wgmma.mma_async.sync.aligned.m64n16k16.f32.bf16.bf16 {%f0, %f1, %f2, %f3, %f4, %f5, %f6, %f7}, %da, %db, 1, 1, 1, 0, 0;
        add.u64 %da, %da, 2; add.u64 %db, %db, 2;
        wgmma.mma_async.sync.aligned.m64n16k16.f32.bf16.bf16 {%f0, %f1, %f2, %f3, %f4, %f5, %f6, %f7}, %da, %db, 1, 1, 1, 0, 0;
        wgmma.commit_group.sync.aligned;
        wgmma.wait_group.sync.aligned 0;
        @%p7 mbarrier.arrive.shared::cta.b64 _, [%empty];
        add.u32 %k, %k, 64; xor.b32 %stage, %stage, 1; setp.eq.u32 %p3, %stage, 0; @%p3 xor.b32 %phase, %phase, 1;
        setp.lt.u32 %p4, %k, 256; @%p4 bra CONSUME;
        shl.b32 %x, %w, 4; and.b32 %q, %t, 31; shr.u32 %a, %q, 2; add.u32 %x, %x, %a; and.b32 %q, %q, 3; shl.b32 %q, %q, 1;
        mad.lo.u32 %x, %x, 16, %q; mul.wide.u32 %o, %x, 4; add.u64 %to, %out, %o;
        st.global.v2.f32 [%to], {%f0, %f1}; st.global.v2.f32 [%to+512], {%f2, %f3};
        st.global.v2.f32 [%to+32], {%f4, %f5}; st.global.v2.f32 [%to+544], {%f6, %f7};
        END:
        ret;
        """;

    /// <summary>Runs a text, and gives the largest error against double precision.</summary>
    public static double Run(string body, ulong seed)
    {
        using var rig = new PtxRig(seed);
        var (a, b) = (Bf16.Random(1, M * K), Bf16.Random(2, N * K));
        Map(rig, "mapA", rig.Add("inA", a), M);
        Map(rig, "mapB", rig.Add("inB", b), N);
        var output = rig.AddFresh<float>("out", M * N);
        rig.Run(body, threads: 160);
        var actual = rig.Device.Download(output);
        return Enumerable.Range(0, M * N).Max(i => Math.Abs(
            Enumerable.Range(0, K).Sum(k => (double)Bf16.Widen(a[(i / N * K) + k]) * Bf16.Widen(b[(i % N * K) + k])) - actual[i]));
    }

    private static void Map(PtxRig rig, string name, DPT.Engine.Kernels.Slice<ushort> matrix, int rows) => rig.AddMap(
        name, new PtxTensorMap(matrix.Address, sizeof(ushort), [K, rows], [K * sizeof(ushort)], [Terms, rows], PtxSwizzle.Bytes128));
}
