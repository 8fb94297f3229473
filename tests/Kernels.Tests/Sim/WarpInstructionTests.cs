namespace Kernels.Tests;

/// <summary>What lanes of a warp do together: shuffles, votes, fragments and their products.</summary>
public sealed class WarpInstructionTests
{
    private const string Start = """
        .reg .pred %p<9>; .reg .b32 %r<20>; .reg .b64 %rd<9>; .reg .b64 %o; .reg .b32 %t;
        mov.u32 %t, %tid.x; mul.wide.u32 %rd0, %t, 4; add.u64 %o, %out, %rd0;
        """;

    [TestCase("bfly", 5, 31)]
    [TestCase("bfly", 16, 31)]
    [TestCase("bfly", 3, 0x1c1f)]
    [TestCase("down", 4, 31)]
    [TestCase("down", 2, 0x181f)]
    [TestCase("up", 4, 0)]
    [TestCase("up", 3, 0x1800)]
    [TestCase("idx", 9, 31)]
    [TestCase("idx", 5, 0x181f)]
    public void Shuffle_EachKind_TakesTheLaneOfTheManual(string kind, int b, int c)
    {
        using var rig = new PtxRig();
        var output = rig.Add<int>("out", new int[32]);
        rig.Run(Start + $"""
            mad.lo.u32 %r0, %t, 3, 100;
            shfl.sync.{kind}.b32 %r0|%p0, %r0, {b}, {c}, 0xffffffff;
            selp.u32 %r2, 1000, 0, %p0; add.u32 %r1, %r0, %r2; st.global.u32 [%o], %r1; ret;
            """);
        Assert.That(rig.Device.Download(output), Is.EqualTo(Enumerable.Range(0, 32).Select(Expected)));

        int Expected(int lane)
        {
            var segment = c >> 8;
            var limit = (lane & segment) | (c & 31 & ~segment);
            var source = kind switch
            {
                "up" => lane - b,
                "down" => lane + b,
                "bfly" => lane ^ b,
                _ => (lane & segment) | (b & ~segment),
            };
            var isInside = kind == "up" ? source >= limit : source <= limit;
            return 100 + (3 * (isInside ? source : lane)) + (isInside ? 1000 : 0);
        }
    }

    [Test]
    public void Vote_EachKind_SaysWhatLanesSay()
    {
        using var rig = new PtxRig();
        var output = rig.Add<int>("out", new int[32]);
        rig.Run(Start + """
            setp.lt.u32 %p0, %t, 12; vote.sync.ballot.b32 %r0, %p0, 0xffffffff;
            vote.sync.all.pred %p1, %p0, 0xffffffff; vote.sync.any.pred %p2, %p0, 0xffffffff;
            vote.sync.uni.pred %p3, !%p0, 0xffffffff;
            selp.u32 %r1, 0x10000, 0, %p1; or.b32 %r0, %r0, %r1; selp.u32 %r1, 0x20000, 0, %p2; or.b32 %r0, %r0, %r1;
            selp.u32 %r1, 0x40000, 0, %p3; or.b32 %r0, %r0, %r1;
            setp.lt.u32 %p4, %t, 7; @%p4 bra A; bra B;
            A: activemask.b32 %r2; shl.b32 %r2, %r2, 20; or.b32 %r0, %r0, %r2;
            B: st.global.u32 [%o], %r0; ret;
            """);
        Assert.That(
            rig.Device.Download(output), Is.EqualTo(Enumerable.Range(0, 32).Select(i => 0x20fff | (i < 7 ? 0x7f << 20 : 0))));
    }

    /// <summary>Lanes that are elsewhere have no vote, and unanimity is of those that are here.</summary>
    [TestCase("lt.u32 %p0, %t, 12", 0x1007f, 1, 1, 1)]
    [TestCase("lt.u32 %p0, %t, 3", 0x10007, 0, 1, 0)]
    [TestCase("gt.u32 %p0, %t, 9", 0x10000, 0, 0, 1)]
    public void Vote_OfTheFirstSeven_CountsThemAlone(string comparison, int ballot, int all, int any, int uniform)
    {
        using var rig = new PtxRig();
        var output = rig.Add<int>("out", new int[32]);
        rig.Run(Start + $"""
            setp.{comparison}; setp.lt.u32 %p4, %t, 7; mov.u32 %r0, 0; @!%p4 bra END;
            vote.sync.ballot.b32 %r0, %p0, 0x7f; or.b32 %r0, %r0, 0x10000;
            vote.sync.all.pred %p1, %p0, 0x7f; vote.sync.any.pred %p2, %p0, 0x7f; vote.sync.uni.pred %p3, %p0, 0x7f;
            selp.u32 %r1, 0x20000, 0, %p1; or.b32 %r0, %r0, %r1; selp.u32 %r1, 0x40000, 0, %p2; or.b32 %r0, %r0, %r1;
            selp.u32 %r1, 0x80000, 0, %p3; or.b32 %r0, %r0, %r1;
            END: st.global.u32 [%o], %r0; ret;
            """);
        var expected = ballot | (all << 17) | (any << 18) | (uniform << 19);
        Assert.That(rig.Device.Download(output), Is.EqualTo(Enumerable.Range(0, 32).Select(i => i < 7 ? expected : 0)));
    }

    [Test]
    public void SpecialRegisters_OfAGrid_NameTheThread()
    {
        using var rig = new PtxRig();
        var output = rig.Add<int>("out", new int[96]);
        rig.Run(Start + """
            mov.u32 %r0, %laneid; mov.u32 %r1, %warpid; mad.lo.u32 %r0, %r1, 100, %r0;
            mov.u32 %r1, %nctaid.x; mad.lo.u32 %r0, %r1, 10000, %r0; mov.u32 %r1, %ntid.x; mad.lo.u32 %r0, %r1, 100000, %r0;
            mov.u32 %r1, %lanemask_lt; popc.b32 %r1, %r1; sub.u32 %r0, %r0, %r1;
            st.global.u32 [%o], %r0; ret;
            """, threads: 96, blocks: 1);
        Assert.That(
            rig.Device.Download(output), Is.EqualTo(Enumerable.Range(0, 96).Select(i => 9_610_000 + (i / 32 * 100))));
    }

    [TestCase("x1", false)]
    [TestCase("x2", false)]
    [TestCase("x4", false)]
    [TestCase("x1", true)]
    [TestCase("x2", true)]
    [TestCase("x4", true)]
    public void LoadMatrix_EveryShape_DealsTheElements(string shape, bool isTransposed)
    {
        var count = int.Parse(shape.AsSpan(1));
        using var rig = new PtxRig();
        var output = rig.Add<int>("out", new int[32 * count]);
        var registers = string.Join(", ", Enumerable.Range(4, count).Select(i => $"%r{i}"));
        var stores = string.Join("\n", Enumerable.Range(0, count).Select(i => $"st.global.u32 [%o+{128 * i}], %r{4 + i};"));

        // Element j of the tile is j; row r of all 32 begins at 16 r bytes.
        rig.Run(Start + $$"""
            .shared .align 16 .b8 tile[512];
            mov.u64 %rd1, tile; mul.wide.u32 %rd2, %t, 16; add.u64 %rd1, %rd1, %rd2; mul.lo.u32 %r0, %t, 8;
            mad.lo.u32 %r0, %r0, 0x10001, 0x10000;
            st.shared.u32 [%rd1], %r0; add.u32 %r1, %r0, 0x20002; st.shared.u32 [%rd1+4], %r1;
            add.u32 %r1, %r0, 0x40004; st.shared.u32 [%rd1+8], %r1; add.u32 %r1, %r0, 0x60006; st.shared.u32 [%rd1+12], %r1;
            bar.warp.sync 0xffffffff; cvt.u32.u64 %r2, %rd1;
            ldmatrix.sync.aligned.m8n8.{{shape}}{{(isTransposed ? ".trans" : "")}}.shared.b16 {{{registers}}}, [%r2];
            {{stores}}
            ret;
            """);
        var actual = rig.Device.Download(output);
        for (var i = 0; i < count; i++)
        {
            for (var lane = 0; lane < 32; lane++)
            {
                var (line, pair) = (lane / 4, lane % 4 * 2);
                var (low, high) = isTransposed
                    ? ((8 * pair) + line, (8 * (pair + 1)) + line)
                    : ((8 * line) + pair, (8 * line) + pair + 1);
                Assert.That(actual[(32 * i) + lane], Is.EqualTo((low + (64 * i)) | ((high + (64 * i)) << 16)), $"{i}, lane {lane}");
            }
        }
    }

    [TestCase("m16n8k16", "bf16", 16)]
    [TestCase("m16n8k8", "bf16", 8)]
    [TestCase("m16n8k16", "f16", 16)]
    [TestCase("m16n8k8", "f16", 8)]
    [TestCase("m16n8k8", "tf32", 8)]
    [TestCase("m16n8k4", "tf32", 4)]
    public void MultiplyMatrix_Fragments_GiveThePlainProduct(string shape, string type, int depth)
    {
        var random = new Random(3);
        var a = Matrix(random, 16, depth);
        var b = Matrix(random, depth, 8);
        var c = Matrix(random, 16, 8);
        var perRegister = type == "tf32" ? 1 : 2;
        var (countA, countB) = (16 * depth / 32 / perRegister, 8 * depth / 32 / perRegister);
        using var rig = new PtxRig();
        rig.Add<uint>("a", [.. Enumerable.Range(0, 32 * countA).Select(i => Pack(i / 32, i % 32, isA: true))]);
        rig.Add<uint>("b", [.. Enumerable.Range(0, 32 * countB).Select(i => Pack(i / 32, i % 32, isA: false))]);
        rig.Add<float>("c", [.. Enumerable.Range(0, 128).Select(i => At(c, i / 32, i % 32))]);
        var output = rig.Add<float>("out", new float[128]);
        rig.Run(Start + $$"""
            .reg .f32 %f<8>; add.u64 %rd1, %a, %rd0; add.u64 %rd2, %b, %rd0; add.u64 %rd3, %c, %rd0;
            {{Lines(countA, i => $"ld.global.u32 %r{i}, [%rd1+{128 * i}];")}}
            {{Lines(countB, i => $"ld.global.u32 %r{8 + i}, [%rd2+{128 * i}];")}}
            {{Lines(4, i => $"ld.global.f32 %f{i}, [%rd3+{128 * i}];")}}
            mma.sync.aligned.{{shape}}.row.col.f32.{{type}}.{{type}}.f32 {%f4, %f5, %f6, %f7},
                {{{List("%r", 0, countA)}}}, {{{List("%r", 8, countB)}}}, {%f0, %f1, %f2, %f3};
            {{Lines(4, i => $"st.global.f32 [%o+{128 * i}], %f{4 + i};")}}
            ret;
            """);
        var actual = rig.Device.Download(output);
        for (var i = 0; i < actual.Length; i++)
        {
            var (row, column) = Place(i / 32, i % 32);
            var exact = (double)c[row, column];
            for (var k = 0; k < depth; k++)
            {
                exact += (double)a[row, k] * b[k, column];
            }

            Assert.That(actual[i], Is.EqualTo(exact).Within(1e-5), $"row {row}, column {column}");
        }

        uint Pack(int register, int lane, bool isA)
        {
            var bits = 0u;
            for (var i = 0; i < perRegister; i++)
            {
                var k = (perRegister * ((lane % 4) + (4 * (isA ? register / 2 : register)))) + i;
                var value = isA ? a[(lane / 4) + (8 * (register % 2)), k] : b[k, lane / 4];
                bits |= type switch
                {
                    "tf32" => BitConverter.SingleToUInt32Bits(value) | 0x1555, // The lowest 13 bits are not looked at.
                    "f16" => (uint)BitConverter.HalfToUInt16Bits((Half)value),
                    _ => BitConverter.SingleToUInt32Bits(value) >> 16,
                } << (16 * i);
            }

            return bits;
        }

        static float At(float[,] matrix, int register, int lane) => matrix[Place(register, lane).Row, Place(register, lane).Column];

        static (int Row, int Column) Place(int register, int lane) =>
            ((lane / 4) + (8 * (register / 2)), (lane % 4 * 2) + (register % 2));
    }

    [Test]
    public void MultiplyMatrix_InDivergentCode_IsCaught()
    {
        using var rig = new PtxRig();
        rig.Add<int>("out", new int[32]);
        Assert.That(rig.Fault(Start + """
            .reg .f32 %f<4>; setp.lt.u32 %p0, %t, 9; mov.f32 %f0, 0f00000000;
            @%p0 mma.sync.aligned.m16n8k4.row.col.f32.tf32.tf32.f32 {%f0, %f1, %f2, %f3}, {%t, %t}, {%t}, {%f0, %f0, %f0, %f0};
            ret;
            """), Does.Contain("lanes 0x000001ff are here"));
    }

    /// <summary>Small multiples of 1/8, which every type here holds exactly.</summary>
    private static float[,] Matrix(Random random, int rows, int columns)
    {
        var values = new float[rows, columns];
        foreach (ref var value in System.Runtime.InteropServices.MemoryMarshal.CreateSpan(ref values[0, 0], values.Length))
        {
            value = random.Next(-30, 31) / 8f;
        }

        return values;
    }

    private static string Lines(int count, Func<int, string> line) => string.Join(" ", Enumerable.Range(0, count).Select(line));

    private static string List(string prefix, int first, int count) =>
        string.Join(", ", Enumerable.Range(first, count).Select(i => $"{prefix}{i}"));
}
