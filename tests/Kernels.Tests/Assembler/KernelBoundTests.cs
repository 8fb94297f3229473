using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>The simulator's counts on machine code, and what they say of the parts of a multiprocessor.</summary>
public sealed class KernelBoundTests
{
    /// <summary>A loop of four copies and one for the rest, as the assembler unrolls: no round is counted twice.</summary>
    [Test]
    public void Counts_OfAnUnrolledLoop_AddUpToTheSimulators()
    {
        var code = SassRows.CodeWithLines(
            "1 S2R R0, SR_TID.X", "2 MOV R1, RZ", "@P0 BRA `(.L_x_2)",
            ".L_x_1:", "5 LDS R2, [R1]", "5 LDS R3, [R1]", "5 LDS R4, [R1]", "5 LDS R5, [R1]", "6 IADD3 R1, R1, 0x1, RZ", "7 @P1 BRA `(.L_x_1)",
            ".L_x_2:", "5 LDS R2, [R1]", "7 @P2 BRA `(.L_x_2)",
            "8 STG.E [R0], R2", "EXIT");
        var counts = new SassCounts(code, [Ran(1, 10), Ran(2, 10), Ran(5, 1000), Ran(6, 1000), Ran(7, 1000), Ran(8, 10)]);
        Assert.That(Sum("LDS"), Is.EqualTo(1000));
        Assert.That(Sum("STG"), Is.EqualTo(10));
        Assert.That(Sum("IADD3"), Is.EqualTo(200), "as often as its block");
        Assert.That(Sum("S2R"), Is.EqualTo(10));
        Assert.That(counts.Sum(code.Loops[0].Body), Is.EqualTo(6 * 200));

        double Sum(string name) => counts.Sum(code.Instructions.Where(i => i.Name == name));
    }

    /// <summary>Arithmetic that was moved in front of a loop runs as often as what is there, not as in the text.</summary>
    [Test]
    public void Counts_OfWhatWasMovedOutOfALoop_AreThoseOfItsPlace()
    {
        var code = SassRows.CodeWithLines("1 LDG.E R0, [R2]", "5 IMAD R1, R0, R0, RZ", ".L_x_1:", "6 STS [R1], R0", "7 @P1 BRA `(.L_x_1)", "EXIT");
        var counts = new SassCounts(code, [Ran(1, 10), Ran(5, 1000), Ran(6, 1000), Ran(7, 1000)]);
        Assert.That(counts.Sum(code.Instructions.Where(i => i.Name == "IMAD")), Is.EqualTo(10));
    }

    [Test]
    public void Counts_OfPaddingAndOfCodeWithoutLines_AreNone()
    {
        var code = SassRows.CodeWithLines("5 LDGSTS.E.128 [R0], [R2]", "5 @!PT LDS RZ, [RZ]", "EXIT", "$__internal_0_$slow:", "MUFU.RCP R0, R1", "RET");
        var counts = new SassCounts(code, [Ran(5, 100)]);
        Assert.That(code.Instructions.Select(i => counts.Sum([i])), Is.EqualTo(new[] { 100, 0, 100, 0, 0 }));
    }

    /// <summary>What 4 schedulers issue in 100 clocks, against the rates of the parts.</summary>
    [TestCase("FFMA R0, R1, R2, R3", 0, 0, "sm_80", "FMA", 0.5)]
    [TestCase("FFMA R0, R1, R2, R3", 0, 0, "sm_90a", "issue", 1)]
    [TestCase("IADD3 R0, R1, R2, R3", 0, 0, "sm_90a", "integer", 0.5)]
    [TestCase("MUFU.EX2 R0, R1", 0, 0, "sm_90a", "exponential unit", 0.125)]
    [TestCase("HMMA.16816.F32.BF16 R0, R4, R8, R0", 0, 0, "sm_80", "tensor pipe", 0.125)]
    [TestCase("HMMA.16816.F32.BF16 R0, R4, R8, R0", 0, 0, "sm_90a", "tensor pipe", 1 / 6.0)]
    [TestCase("HGMMA.64x256x16.F32.BF16 R24, gdesc[UR8], R24", 0, 0, "sm_90a", "tensor pipe", 1 / 128.0)]
    [TestCase("HGMMA.64x64x16.F32.BF16 R24, R4, gdesc[UR8].tnspB, R24", 0, 0, "sm_90a", "tensor pipe", 1 / 32.0)]
    [TestCase("HGMMA.64x16x16.F32.BF16 R24, gdesc[UR8], R24", 0, 0, "sm_90a", "shared memory", 1 / 20.0)]
    [TestCase("LDS R0, [R1]", 0, 0, "sm_90a", "shared memory", 0.25)]
    [TestCase("LDS.128 R0, [R1]", 0, 0, "sm_90a", "shared memory", 1 / 16.0)]
    [TestCase("LDSM.16.M88.4 R0, [R1]", 0, 0, "sm_90a", "shared memory", 1 / 16.0)]
    [TestCase("LDS R0, [R1]", 1200, 0, "sm_90a", "shared memory", 1 / 16.0)]
    [TestCase("LDG.E R0, [R1]", 0, 1600, "sm_90a", "L2", 0.125)]
    public void Bound_OfOneInstruction_IsItsPart(string instruction, long conflicts, long sectors, string architecture, string part, double issue)
    {
        var code = SassRows.CodeWithLines("5 " + instruction);
        var bound = KernelBound.Of(code, [Ran(5, 400) with { BankConflicts = conflicts, Sectors = sectors }], PtxArchitecture.Find(architecture));
        Assert.That(bound.Name, Is.EqualTo(part));
        Assert.That(bound.Parts[0].Share, Is.EqualTo(1));
        Assert.That(bound.Parts.Single(p => p.Part == "issue").Share, Is.EqualTo(issue).Within(1e-9));
    }

    /// <summary>The whole way, on a kernel of the registry: matrix products are as many as the simulator ran.</summary>
    [Test]
    public void Counts_OfARealKernel_AreThoseOfTheSimulator()
    {
        AssemblerGateTests.RequireTheAssembler();
        var op = KernelRegistry.Find("matmul");
        var variant = op.Variants.Single(v => v.Name == "v4-tensor-bf16");
        var kernel = ((IGpuVariant)variant).Kernels.Single(k => k.Id == "MatMulV4TensorBf16.Kernel");
        var ran = SimRun.Of(variant, CaseChoice.Find(op, "M=64 N=96 K=32 NN", _ => true), PtxArchitecture.Sm90a)
            .Where(l => l.Kernel == kernel.Id).SelectMany(l => l.Instructions).ToList();
        var code = PtxAssembler.Disassemble(PtxPipeline.Build(kernel, PtxArchitecture.Sm90a)).Code;
        var counts = new SassCounts(code, ran);
        Assert.That(Sum("HMMA"), Is.EqualTo(Warps("mma")).And.Positive);
        Assert.That(Sum("LDSM"), Is.EqualTo(Warps("ldmatrix")).And.Positive);
        Assert.That(Sum("BAR"), Is.EqualTo(Warps("bar")).And.Positive);

        double Sum(string name) => counts.Sum(code.Instructions.Where(i => i.Name == name));
        long Warps(string name) => ran.Where(i => i.Opcode.Split('.')[0] == name).Sum(i => i.Warps);
    }

    private static SimInstruction Ran(int line, long warps) => new(line, null, "", "", warps, 32 * warps, 0, 0, 0, 0, 0, 0, 0);
}
