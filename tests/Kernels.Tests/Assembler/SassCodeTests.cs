namespace Kernels.Tests;

/// <summary>SASS, read: from what the disassembler printed of a kernel, and from small texts with every kind of branch.</summary>
public sealed class SassCodeTests
{
    private static readonly SassCode Packing = SassCode.Parse(Resource("bf16-packing.sass"), PtxParser.Parse(Resource("bf16-packing.ptx")));

    [Test]
    public void Parse_OfAKernel_HasItsInstructionsInOrder()
    {
        var code = Packing.Instructions;
        Assert.Multiple(() =>
        {
            Assert.That(code.Select(i => i.Address), Is.EqualTo(Enumerable.Range(0, 0x55).Select(i => 16 * i)), "16 bytes each, no padding");
            Assert.That(Packing.Barriers, Is.EqualTo(1));
            Assert.That(code[0].Text, Is.EqualTo("LDC R1, c[0x0][0x28]"));
            Assert.That(code[1].Text, Is.EqualTo("S2R R8, SR_TID.X"));
            Assert.That(code[^2].Text, Is.EqualTo("EXIT"));
            Assert.That(code[^1].Text, Is.EqualTo("BRA `(.L_x_4)"));
            Assert.That(code.Single(i => i.Name == "STG"), Has.Property("Opcode").EqualTo("STG.E.128").And.Property("Guard").Empty);
            Assert.That(code.Where(i => i.Guard.Length > 0).Select(i => i.Text.Split(' ')[0]), Is.EqualTo(new[] { "@P0", "@P0", "@P0", "@!P0" }));
        });
    }

    /// <summary>The line of the text, and from there the line of C# that stands above it in a <c>.loc</c>.</summary>
    [Test]
    public void Parse_OfAKernel_LeadsBackToItsText()
    {
        var rows = Resource("bf16-packing.ptx").Split('\n');
        var store = Packing.Instructions.Single(i => i.Name == "STG");
        Assert.That(rows[store.Line - 1], Does.Contain("st.global.v4.b32"));
        Assert.That(store.Origin, Is.EqualTo(new PtxOrigin("Bf16Packing.cs", 88)));
        var load = Packing.Instructions.Single(i => i.Name == "LDG");
        Assert.That(rows[load.Line - 1], Does.Contain("ld.global.f32"));
        Assert.That(load.Origin!.ToString(), Is.EqualTo("Bf16Packing.cs:76"));
        Assert.That(Packing.Instructions[0].Origin, Is.Null, "the stack pointer is nobody's");
    }

    [Test]
    public void Loops_OfAKernel_AreWhatRunsAgain()
    {
        var loop = Packing.Loops.Single();
        Assert.Multiple(() =>
        {
            Assert.That((loop.Start, loop.End, loop.Depth), Is.EqualTo((0x120, 0x2e0, 0)));
            Assert.That(loop.Body, Has.Count.EqualTo(29));
            Assert.That(loop.Mix[0], Is.EqualTo(("IMAD", 11)));
            Assert.That(loop.Mix.Sum(m => m.Count), Is.EqualTo(29));
            Assert.That(loop.Stalls, Is.EqualTo(112));
            Assert.That(loop.Calls, Is.Empty);
        });
    }

    [TestCase(0x000e620000002100UL, "------:-:1:-:01", TestName = "Control_OfALoad_ReleasesACounter")]
    [TestCase(0x000fe200000e0000UL, "------:-:-:-:01", TestName = "Control_OfPlainArithmetic_IsAStall")]
    [TestCase(0x002fc80000000000UL, "-1----:-:-:Y:04", TestName = "Control_OfAReader_WaitsAndYields")]
    [TestCase(0x0207e20000000800UL, "-----5:3:-:-:01", TestName = "Control_OfAStore_SaysWhenItHasRead")]
    public void Control_OfAnInstruction_IsDecoded(ulong high, string expected) =>
        Assert.That(SassControl.Decode(high).ToString(), Is.EqualTo(expected));

    [Test]
    public void Loops_OneInTheOther_HaveTheirDepths()
    {
        var loops = SassRows.Code("A", ".L_x_1:", "B", ".L_x_2:", "C", "@P0 BRA `(.L_x_2)", "D", "@!P1 BRA `(.L_x_1)", "EXIT").Loops;
        Assert.That(loops.Select(Names), Is.EqualTo(new[] { "B C BRA D BRA", "C BRA" }));
        Assert.That(loops.Select(l => l.Depth), Is.EqualTo(new[] { 0, 1 }));
    }

    /// <summary>Two ways back to one start are one loop.</summary>
    [Test]
    public void Loops_WithTwoBranchesBack_IsOne() => Assert.That(
        SassRows.Code(
            "A", ".L_x_1:", "B", "@P0 BRA `(.L_x_2)", "C", "BRA `(.L_x_1)", ".L_x_2:", "D", "@P1 BRA `(.L_x_1)", "EXIT").Loops.Select(Names),
        Is.EqualTo(new[] { "B BRA C BRA D BRA" }));

    /// <summary>A branch without a guard may depend on a predicate of the warp: the loop that it leaves goes on behind it.</summary>
    [Test]
    public void Loops_LeftByABranchOfTheWarp_GoOnBehindIt() => Assert.That(
        SassRows.Code("A", ".L_x_1:", "B", "BRA UP0, `(.L_x_2)", "C", "@P0 BRA `(.L_x_1)", ".L_x_2:", "EXIT").Loops.Select(Names),
        Is.EqualTo(new[] { "B BRA C BRA" }));

    /// <summary>Rare code stands behind the end and branches back to where it came from: that is no loop.</summary>
    [Test]
    public void Loops_OfCodeMovedOutOfTheWay_AreNone()
    {
        Assert.That(SassRows.Code("A", "@P0 BRA `(.L_x_2)", ".L_x_1:", "B", "EXIT", ".L_x_2:", "C", "BRA `(.L_x_1)").Loops, Is.Empty);
        var around = SassRows.Code(
            "A", ".L_x_0:", "B", "BRA.DIV UR4, `(.L_x_2)", ".L_x_1:", "C", "@P0 BRA `(.L_x_0)", "EXIT", ".L_x_2:", "D", "BRA `(.L_x_1)");
        Assert.That(around.Loops.Select(Names), Is.EqualTo(new[] { "B BRA C BRA D BRA" }), "inside a loop it is part of it");
    }

    [Test]
    public void Loops_OfTheTrapBehindTheEnd_AreNone() => Assert.That(SassRows.Code("A", "EXIT", ".L_x_1:", "BRA `(.L_x_1)").Loops, Is.Empty);

    /// <summary>What a uniform predicate or a table decides may go on, or go to each of its labels.</summary>
    [TestCase("BRA UP0, `(.L_x_1)", "B BRA")]
    [TestCase("BRA.U !UP0, `(.L_x_1)", "B BRA")]
    [TestCase("BRX R2 -0x20 (*\"BRANCH_TARGETS .L_x_2,.L_x_1\"*)", "B BRX")]
    [TestCase("@P2 CALL.REL.NOINC `(.L_x_1)", "B CALL")]
    public void Loops_OfOtherBranches_AreFound(string branch, string expected)
    {
        var loops = SassRows.Code("A", ".L_x_1:", "B", branch, ".L_x_2:", "C", "EXIT").Loops;
        Assert.That(loops.Select(Names), Is.EqualTo(new[] { expected }));
        Assert.That(loops[0].Calls, Is.Empty);
    }

    [Test]
    public void Calls_OfFunctions_ComeBackAndAreNamed()
    {
        var loop = SassRows.Code(
            "A", ".L_x_1:", "B", "CALL.REL.NOINC `($__internal_1_$__cuda_sm3x_div_rn_noftz_f32_slowpath)", "C", "@P0 BRA `(.L_x_1)", "EXIT",
            "$__internal_1_$__cuda_sm3x_div_rn_noftz_f32_slowpath:", "D", "RET.REL.NODEC R6 `(kernel)").Loops.Single();
        Assert.That(Names(loop), Is.EqualTo("B CALL C BRA"));
        Assert.That(loop.Calls, Is.EqualTo(new[] { "__cuda_sm3x_div_rn_noftz_f32_slowpath" }));
    }

    [Test]
    public void Parse_OfAFunctionOfTheAssembler_GivesItNoLine()
    {
        var code = SassRows.Code("\t//## File \"kernel.ptx\", line 7", "A", "$__internal_0_$slow:", "B", "\t//## File \"kernel.ptx\", line 9", "C");
        Assert.That(code.Instructions.Select(i => i.Line), Is.EqualTo(new[] { 7, 0, 9 }));
    }

    [Test]
    public void Parse_WithoutTheKernel_IsRefused() => Assert.That(
        () => SassCode.Parse(Resource("bf16-packing.sass"), PtxText.Entry("ret;")),
        Throws.TypeOf<PtxException>().With.Message.Contains("no instruction of kernel"));

    private static string Names(SassLoop loop) => string.Join(' ', loop.Body.Select(i => i.Name));

    private static string Resource(string name)
    {
        using var stream = typeof(SassCodeTests).Assembly.GetManifestResourceStream(name)!;
        return new StreamReader(stream).ReadToEnd();
    }
}
