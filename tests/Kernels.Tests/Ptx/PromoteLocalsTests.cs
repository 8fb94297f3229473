namespace Kernels.Tests;

/// <summary>Local memory becomes registers where that cannot change a result, and stays where it could.</summary>
public sealed class PromoteLocalsTests
{
    private const string Start = """
        .local .align 4 .b8 depot[16];
        .reg .pred %p<4>; .reg .b16 %rs<4>; .reg .b32 %r<9>; .reg .b64 %rd<9>; .reg .f32 %f<9>;
        mov.b64 %rd1, depot;
        """;

    [Test]
    public void ConstantOffsets_BecomeRegisters()
    {
        var body = Promoted("""
            st.local.f32 [%rd1], 0f3F800000;
            mul.wide.u32 %rd2, 2, 4;
            add.u64 %rd3, %rd1, %rd2;
            @%p1 st.local.v2.f32 [%rd3], {%f1, %f2};
            mad.lo.u64 %rd4, 3, 4, %rd1;
            ld.local.f32 %f3, [%rd4];
            ld.local.b32 %r1, [%rd3+-8];
            """);
        Assert.That(body, Is.EqualTo(new[]
        {
            ".reg .b32 %depot_0;", ".reg .b32 %depot_8;", ".reg .b32 %depot_12;",
            "mov.f32 %depot_0, 0f3F800000;",
            "mul.wide.u32 %rd2, 2, 4;",
            "@%p1 mov.f32 %depot_8, %f1;", "@%p1 mov.f32 %depot_12, %f2;",
            "mov.f32 %f3, %depot_12;",
            "mov.b32 %r1, %depot_0;",
        }));
    }

    [Test]
    public void WideValues_BecomeWideRegisters()
    {
        var body = Promoted("st.local.b64 [%rd1+8], %rd7; ld.local.b64 %rd6, [%rd1+8];");
        Assert.That(
            body, Is.EqualTo(new[] { ".reg .b64 %depot_8;", "mov.b64 %depot_8, %rd7;", "mov.b64 %rd6, %depot_8;" }));
    }

    [Test]
    public void AddressesThatAgreeWhereBranchesMeet_BecomeRegisters()
    {
        var body = Promoted("""
            @%p1 bra ELSE;
            add.u64 %rd2, %rd1, 4;
            bra END;
            ELSE: add.u64 %rd2, %rd1, 4;
            END: st.local.b32 [%rd2], %r1;
            """);
        Assert.That(body, Does.Contain("mov.b32 %depot_4, %r1;").And.None.Contains(".local"));
    }

    [TestCase("st.global.b64 [%rd8], %rd1;", TestName = "the address is stored")]
    [TestCase("cvta.local.u64 %rd2, %rd1; ld.f32 %f1, [%rd2];", TestName = "the address becomes generic")]
    [TestCase("add.u64 %rd2, %rd1, %rd7; ld.local.f32 %f1, [%rd2];", TestName = "the index varies")]
    [TestCase("@%p1 add.u64 %rd1, %rd1, 4; ld.local.f32 %f1, [%rd1];", TestName = "the address depends on a predicate")]
    [TestCase("LOOP: st.local.f32 [%rd1], %f1; add.u64 %rd1, %rd1, 4; bra LOOP;", TestName = "the address runs in a loop")]
    [TestCase(
        "LOOP: add.s32 %r1, %r1, 1; st.local.f32 [%rd1], %f1; add.u64 %rd1, %rd1, 4; bra LOOP;",
        TestName = "the address runs in a loop that begins with something else")]
    [TestCase(
        "add.sat.s32 %r1, 0x7fffffff, 1; mul.wide.s32 %rd2, %r1, 4; add.s64 %rd3, %rd2, -8589934588; add.u64 %rd4, %rd1, %rd3; ld.local.f32 %f1, [%rd4];",
        TestName = "the index is a sum of fewer bits")]
    [TestCase(
        "mul.hi.u64 %rd2, 2, 4; add.u64 %rd3, %rd1, %rd2; ld.local.f32 %f1, [%rd3];",
        TestName = "the index is the upper half of a product")]
    [TestCase(
        "mad.hi.u64 %rd3, 2, 4, %rd1; ld.local.f32 %f1, [%rd3];", TestName = "the address adds the upper half of a product")]
    [TestCase("@%p1 bra ELSE; mov.b64 %rd1, %rd7; ELSE: ld.f32 %f1, [%rd1];", TestName = "the address meets another")]
    [TestCase("st.local.b64 [%rd1], %rd7; ld.local.b32 %r1, [%rd1];", TestName = "two widths at one place")]
    [TestCase("st.local.b64 [%rd1], %rd7; st.local.b32 [%rd1+4], %r1;", TestName = "accesses overlap")]
    [TestCase("st.local.b16 [%rd1], %rs1;", TestName = "an access is narrower than a register")]
    [TestCase("ld.local.b32 %rd2, [%rd1];", TestName = "a load widens")]
    [TestCase("st.local.b32 [%rd1+16], %r1;", TestName = "an access is outside")]
    [TestCase("call.uni F, (%rd1);", TestName = "a function gets the address")]
    [TestCase("st.global.b64 [%rd8], depot;", TestName = "the name itself is used")]
    public void AnythingElse_Stays(string body)
    {
        var module = PtxText.Entry($"{Start}\n{body}");
        Assert.That(PromoteLocals.Apply(module).ToString(), Is.EqualTo(module.ToString()));
    }

    [Test]
    public void TwoVariables_OnlyTheOneThatCannotStays()
    {
        var body = Promoted("""
            .local .align 4 .b8 array[8];
            mov.b64 %rd2, array;
            add.u64 %rd3, %rd2, %rd7;
            ld.local.f32 %f1, [%rd3];
            st.local.f32 [%rd1], %f1;
            """);
        Assert.That(body, Does.Contain(".local .align 4 .b8 array[8];").And.Contain("mov.f32 %depot_0, %f1;"));
    }

    private static string[] Promoted(string body) =>
        [.. PtxText.Body(PromoteLocals.Apply(PtxText.Entry($"{Start}\n{body}"))).Where(l => !l.Contains('<'))];
}
