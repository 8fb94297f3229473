using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>Which constants move into accesses to shared memory, and which must stay where they are.</summary>
public sealed class FoldSharedOffsetsTests
{
    private const string Registers =
        ".shared .align 16 .b8 tile[4096]; .reg .b64 %rd<9>; .reg .b32 %r<14>; .reg .f32 %f<9>; .reg .pred %p<2>;";

    [Test]
    public void Accesses_ThatDifferByAConstant_ShareOneSum()
    {
        var body = Folded("""
            mov.b64 %rd1, tile;
            add.s32 %r2, %r1, 9;
            mul.wide.u32 %rd2, %r1, 16;
            add.u64 %rd3, %rd1, %rd2;
            ld.shared.v4.f32 {%f1, %f2, %f3, %f4}, [%rd3];
            mul.wide.u32 %rd2, %r2, 16;
            add.u64 %rd3, %rd1, %rd2;
            st.shared.f32 [%rd3+4], %f1;
            """);
        Assert.That(body, Is.EqualTo(new[]
        {
            "mov.b64 %rd1, tile;",
            "mul.lo.u32 %shared0, %r1, 16;",
            "cvt.u32.u64 %shared1, %rd1;",
            "add.u32 %shared2, %shared0, %shared1;",
            "ld.shared.v4.f32 {%f1, %f2, %f3, %f4}, [%shared2];",
            "st.shared.f32 [%shared2+148], %f1;",
        }));
    }

    /// <summary>A swizzled tile: 64 rows further the same bits change, so the same part of the address serves.</summary>
    [Test]
    public void Accesses_WithTheSameBitsChanged_ShareTheirSum()
    {
        var body = Folded("""
            xor.b32 %r2, %r1, 5;
            mul.wide.u32 %rd2, %r2, 16;
            ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%r3, %r4, %r5, %r6}, [%rd2];
            add.s32 %r7, %r1, 64;
            xor.b32 %r2, %r7, 5;
            mul.wide.u32 %rd2, %r2, 16;
            ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%r8, %r9, %r10, %r11}, [%rd2];
            cp.async.cg.shared.global [%rd2], [%rd4], 16;
            """);
        Assert.That(body, Is.EqualTo(new[]
        {
            "xor.b32 %shared0, %r1, 5;",
            "mul.lo.u32 %shared1, %shared0, 16;",
            "ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%r3, %r4, %r5, %r6}, [%shared1];",
            "ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%r8, %r9, %r10, %r11}, [%shared1+1024];",
            "cp.async.cg.shared.global [%shared1+1024], [%rd4], 16;",
        }));
    }

    /// <summary>What lies among the bits that change cannot come out: (i + 4) ^ 5 is not (i ^ 5) + 4.</summary>
    [Test]
    public void Constant_AmongTheBitsThatChange_StaysInside()
    {
        var body = Folded("""
            add.s32 %r2, %r1, 20;
            xor.b32 %r2, %r2, 5;
            mul.wide.u32 %rd2, %r2, 4;
            ld.shared.f32 %f1, [%rd2];
            st.shared.f32 [%rd2+8], %f1;
            """);
        Assert.That(body, Is.EqualTo(new[]
        {
            "add.u32 %shared0, %r1, 4;", "xor.b32 %shared1, %shared0, 5;", "mul.lo.u32 %shared2, %shared1, 4;",
            "ld.shared.f32 %f1, [%shared2+64];", "st.shared.f32 [%shared2+72], %f1;",
        }));
    }

    [Test]
    public void AccessBehindAWriteToItsIndex_HasASumOfItsOwn()
    {
        var body = Folded("""
            mov.b64 %rd1, tile;
            mul.wide.u32 %rd2, %r1, 4;
            add.u64 %rd3, %rd1, %rd2;
            ld.shared.f32 %f1, [%rd3];
            ld.shared.f32 %f2, [%rd3+4];
            mov.b32 %r1, %r2;
            mul.wide.u32 %rd2, %r1, 4;
            add.u64 %rd3, %rd1, %rd2;
            ld.shared.f32 %f3, [%rd3+8];
            st.shared.f32 [%rd3], %f1;
            """);
        Assert.That(body.Where(l => l.Contains("shared.f32", StringComparison.Ordinal)), Is.EqualTo(new[]
        {
            "ld.shared.f32 %f1, [%shared2];", "ld.shared.f32 %f2, [%shared2+4];",
            "ld.shared.f32 %f3, [%shared5+8];", "st.shared.f32 [%shared5], %f1;",
        }));
    }

    /// <summary>The address was computed from what the register held before: it can no longer be computed at the access.</summary>
    [Test]
    public void AccessWhoseIndexWasOverwrittenMeanwhile_Stays() => RequireUnchanged("""
        mov.b64 %rd1, tile;
        add.s32 %r2, %r1, 9;
        mul.wide.u32 %rd2, %r2, 4;
        add.u64 %rd3, %rd1, %rd2;
        mov.b32 %r1, 0;
        ld.shared.f32 %f1, [%rd3];
        ld.shared.f32 %f2, [%rd3+4];
        st.shared.f32 [0], %f1;
        st.shared.f32 [4], %f2;
        """);

    [Test]
    public void AccessWhoseSwizzledIndexWasOverwrittenMeanwhile_Stays() => RequireUnchanged("""
        xor.b32 %r2, %r1, 5;
        mul.wide.u32 %rd2, %r2, 4;
        mov.b32 %r1, 0;
        ld.shared.f32 %f1, [%rd2];
        st.shared.f32 [%rd2+4], %f1;
        """);

    [Test]
    public void Accesses_WithDifferentBitsChanged_ShareNothing() => RequireUnchanged("""
        xor.b32 %r2, %r1, 5;
        mul.wide.u32 %rd2, %r2, 4;
        ld.shared.f32 %f1, [%rd2];
        xor.b32 %r2, %r1, 3;
        mul.wide.u32 %rd2, %r2, 4;
        st.shared.f32 [%rd2], %f1;
        """);

    [TestCase("@%p1 add.s32 %r2, %r1, 9;", TestName = "a guard")]
    [TestCase("sub.s32 %r2, 9, %r1;", TestName = "a difference, which may be below zero")]
    [TestCase("mul.lo.s32 %r2, %r1, -4;", TestName = "a negative factor")]
    [TestCase("mul.hi.s32 %r2, %r1, 4;", TestName = "an upper half")]
    [TestCase("and.b32 %r2, %r1, 12;", TestName = "another operation")]
    [TestCase("add.s16 %r2, %r1, 12;", TestName = "a sum that wraps at 16 bits")]
    public void IndexFromWhatIsNoSum_StaysARegister(string index)
    {
        var body = Folded($"""
            mov.b64 %rd1, tile;
            {index}
            mul.wide.u32 %rd2, %r2, 4;
            add.u64 %rd3, %rd1, %rd2;
            ld.shared.f32 %f1, [%rd3];
            st.shared.f32 [%rd3+8], %f1;
            """);
        Assert.That(body, Does.Contain("mul.lo.u32 %shared0, %r2, 4;").And.Contain(index));
        Assert.That(body[^2..], Is.EqualTo(new[] { "ld.shared.f32 %f1, [%shared2];", "st.shared.f32 [%shared2+8], %f1;" }));
    }

    /// <summary>Behind a label a register may hold what another way brings.</summary>
    [Test]
    public void AccessesInDifferentBlocks_ShareNothing() => RequireUnchanged("""
        mov.b64 %rd1, tile;
        mul.wide.u32 %rd2, %r1, 4;
        add.u64 %rd3, %rd1, %rd2;
        ld.shared.f32 %f1, [%rd3];
        @%p1 bra NEXT;
        mov.b32 %r1, 0;
        NEXT:
        st.shared.f32 [%rd3+4], %f1;
        """);

    [Test]
    public void GlobalMemory_IsLeftAlone() => RequireUnchanged("""
        mul.wide.u32 %rd2, %r1, 4;
        add.u64 %rd3, %rd1, %rd2;
        ld.global.f32 %f1, [%rd3];
        st.global.f32 [%rd3+4], %f1;
        """);

    /// <summary>Eight terms of 64 multiply-adds: at most the first of them waits for the sums.</summary>
    [Test]
    public void MatMulV3_HasNoAddressArithmeticBetweenItsTerms()
    {
        var names = PtxPipeline.Build(new MatMulV3RegisterTiles().Kernels[0], PtxArchitecture.Sm80).Entry.Instructions.Select(i => i.Name);
        var (most, current) = (0, 0);
        foreach (var name in names)
        {
            current = name == "fma" ? current + 1 : name == "ld" ? current : 0;
            most = Math.Max(most, current);
        }

        Assert.That(most, Is.GreaterThanOrEqualTo(7 * 64));
    }

    private static void RequireUnchanged(string code)
    {
        var module = PtxText.Entry(Registers + code);
        Assert.That(FoldSharedOffsets.Apply(module).ToString(), Is.EqualTo(module.ToString()));
    }

    /// <summary>The code after the pass, without declarations and without what it made superfluous.</summary>
    private static string[] Folded(string code) =>
    [
        .. PtxText.Body(RemoveDeadCode.Apply(FoldSharedOffsets.Apply(PtxText.Entry(Registers + code))))
            .Where(l => !l.StartsWith('.')),
    ];
}
