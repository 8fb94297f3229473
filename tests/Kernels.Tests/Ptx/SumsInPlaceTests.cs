namespace Kernels.Tests;

/// <summary>Copies of sums around products of warpgroups: which go, and which must stay.</summary>
public sealed class SumsInPlaceTests
{
    private const string Product = "wgmma.mma_async.sync.aligned.m64n8k16.f32.bf16.bf16";

    /// <summary>What ILGPU prints for a loop that adds to sums in place.</summary>
    [Test]
    public void Copies_AroundALoop_AreGone()
    {
        var after = Apply($$"""
            mov.b64 %d0, 0; mov.f32 %f0, 0f00000000; mov.f32 %f1, 0f00000000; mov.f32 %f2, 0f00000000; mov.f32 %f3, 0f00000000; mov.b32 %r0, 0;
            LOOP:
            mov.f32 %f4, %f0; mov.f32 %f5, %f1; mov.f32 %f6, %f2; mov.f32 %f7, %f3;
            {{Product}} {%f4, %f5, %f6, %f7}, %d0, %d0, 1, 1, 1, 0, 0;
            mov.f32 %f8, %f4; mov.f32 %f9, %f5; mov.f32 %f10, %f6; mov.f32 %f11, %f7;
            {{Product}} {%f8, %f9, %f10, %f11}, %d0, %d0, 1, 1, 1, 0, 0;
            mov.f32 %f0, %f8; mov.f32 %f1, %f9; mov.f32 %f2, %f10; mov.f32 %f3, %f11;
            add.u32 %r0, %r0, 1; setp.lt.u32 %p0, %r0, 4; @%p0 bra LOOP;
            st.global.v4.f32 [%d0], {%f0, %f1, %f2, %f3};
            ret;
            """);
        Assert.That(after.Count(i => i.Name == "mov" && i.Operands[1] is PtxName), Is.Zero);
        var sums = after.Where(i => i.Name == "wgmma" || i.Name == "st").Select(i => string.Join(" ", i.Operands.OfType<PtxVector>().Single()));
        Assert.That(sums.Distinct().Count(), Is.EqualTo(1));
    }

    /// <summary>The old sums are stored behind the product: they must not become the new ones.</summary>
    [Test]
    public void Copy_OfWhatIsNeededLater_Stays()
    {
        var after = Apply($$"""
            mov.b64 %d0, 0; mov.f32 %f0, 0f3f800000; mov.f32 %f1, 0f3f800000; mov.f32 %f2, 0f3f800000; mov.f32 %f3, 0f3f800000;
            mov.f32 %f4, %f0; mov.f32 %f5, %f1; mov.f32 %f6, %f2; mov.f32 %f7, %f3;
            {{Product}} {%f4, %f5, %f6, %f7}, %d0, %d0, 1, 1, 1, 0, 0;
            st.global.v4.f32 [%d0], {%f4, %f5, %f6, %f7}; st.global.f32 [%d0+16], %f1;
            ret;
            """);
        Assert.That(after.Count(i => i.Name == "mov" && i.Operands[1] is PtxName), Is.EqualTo(1));
    }

    /// <summary>Copies in a chain: joining the first pair must not hide that the ends interfere.</summary>
    [Test]
    public void Chain_WhoseEndsInterfere_KeepsACopy()
    {
        var after = Apply($$"""
            mov.b64 %d0, 0; mov.f32 %f0, 0f3f800000; mov.f32 %f4, %f0; mov.f32 %f5, %f0; mov.f32 %f6, %f0; mov.f32 %f7, %f0;
            {{Product}} {%f4, %f5, %f6, %f7}, %d0, %d0, 1, 1, 1, 0, 0;
            mov.f32 %f8, %f4; mov.f32 %f9, %f8; add.f32 %f4, %f9, %f9; st.global.v2.f32 [%d0], {%f4, %f9};
            ret;
            """);
        var store = (PtxVector)after.Single(i => i.Name == "st").Operands[1];
        Assert.That(store.Items.Distinct().Count(), Is.EqualTo(2));
        Assert.That(after.Count(i => i.Name == "mov" && i.Operands[1] is PtxName), Is.GreaterThanOrEqualTo(4), "three sums of one number, and one of the chain");
    }

    /// <summary>Both names of a number that nobody changes are one.</summary>
    [Test]
    public void Copy_OfWhatStaysAsItIs_IsGone()
    {
        var after = Apply($$"""
            mov.b64 %d0, 0; mov.f32 %f0, 0f00000000; mov.f32 %f1, 0f00000000; mov.f32 %f2, 0f00000000; mov.f32 %f3, 0f00000000;
            {{Product}} {%f0, %f1, %f2, %f3}, %d0, %d0, 1, 1, 1, 0, 0;
            mov.f32 %f4, %f0; st.global.v2.f32 [%d0], {%f4, %f0}; st.global.f32 [%d0+8], %f4;
            ret;
            """);
        Assert.That(after.Count(i => i.Name == "mov" && i.Operands[1] is PtxName), Is.Zero);
    }

    /// <summary>f8 becomes f9 first; f4 is written while f9 is needed, so f8 must not become f4 as well.</summary>
    [Test]
    public void Registers_ThatWereJoined_KeepTheNeighboursOfBoth()
    {
        var after = Apply($$"""
            mov.b64 %d0, 0; mov.f32 %f9, 0f3f800000; mov.f32 %f8, %f9; st.global.f32 [%d0], %f8;
            mov.f32 %f4, 0f00000000; mov.f32 %f5, 0f00000000; mov.f32 %f6, 0f00000000; mov.f32 %f7, 0f00000000; mov.f32 %f9, 0f40000000;
            {{Product}} {%f4, %f5, %f6, %f7}, %d0, %d0, 1, 1, 1, 0, 0;
            st.global.f32 [%d0], %f9; mov.f32 %f8, %f4; st.global.f32 [%d0], %f8;
            ret;
            """);
        Assert.That(after.Count(i => i.Name == "mov" && i.Operands[1] is PtxName), Is.EqualTo(1));
        var product = (PtxVector)after.Single(i => i.Name == "wgmma").Operands[0];
        Assert.That(after.Where(i => i.Name == "st").Select(i => i.Operands[1]).ElementAt(1), Is.Not.EqualTo(product.Items[0]));
    }

    [Test]
    public void Names_InGuardsAndCoordinates_AreReplacedToo()
    {
        var after = Apply($$"""
            mov.b64 %d0, 0; mov.f32 %f0, 0f00000000; mov.f32 %f1, 0f00000000; mov.f32 %f2, 0f00000000; mov.f32 %f3, 0f00000000;
            mov.b32 %r0, 1; setp.eq.u32 %p0, %r0, 1; mov.b32 %r1, %r0; mov.pred %p1, %p0;
            {{Product}} {%f0, %f1, %f2, %f3}, %d0, %d0, 1, 1, 1, 0, 0;
            @%p0 cp.async.bulk.tensor.1d.global.shared::cta.bulk_group [%d0, {%r0}], [%d0]; st.global.b32 [%d0], %r1; @%p1 ret;
            ret;
            """);
        var copy = after.Single(i => i.Name == "cp");
        Assert.That(after.Count(i => i.Name == "mov" && i.Operands[1] is PtxName), Is.Zero);
        Assert.That(PtxBody.Reads(copy).Distinct(), Is.SubsetOf(after.SelectMany(PtxBody.Writes)));
    }

    [Test]
    public void Fragments_OfAProduct_KeepTheirRegisters()
    {
        var text = $$"""
            mov.b64 %d0, 0; mov.b32 %r0, 1; mov.b32 %r1, %r0; mov.f32 %f0, 0f00000000; mov.f32 %f1, 0f00000000; mov.f32 %f2, 0f00000000; mov.f32 %f3, 0f00000000;
            {{Product}} {%f0, %f1, %f2, %f3}, {%r1, %r1, %r1, %r1}, %d0, 1, 1, 1, 0;
            st.global.v4.f32 [%d0], {%f0, %f1, %f2, %f3};
            ret;
            """;
        Assert.That(Apply(text).Select(i => i.ToString()), Is.EqualTo(Parse(text).Entry.Instructions.Select(i => i.ToString())));
    }

    [Test]
    public void Kernels_WithoutProducts_AreAsTheyWere()
    {
        var module = Parse("mov.b32 %r0, 1; mov.b32 %r1, %r0; mov.b64 %d0, 0; st.global.b32 [%d0], %r1; ret;");
        Assert.That(SumsInPlace.Apply(module).ToString(), Is.EqualTo(module.ToString()));
    }

    private static List<PtxInstruction> Apply(string body) => [.. SumsInPlace.Apply(Parse(body)).Entry.Instructions];

    private static PtxModule Parse(string body) => PtxParser.Parse(
        $".version 8.0 .target sm_90a .address_size 64 .visible .entry k() {{ .reg .pred %p<2>; .reg .b32 %r<4>; .reg .b64 %d<2>; .reg .f32 %f<12>; {body} }}");
}
