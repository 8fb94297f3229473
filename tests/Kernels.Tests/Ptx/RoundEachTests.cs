using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>Sums and products name their rounding, and nothing else changes.</summary>
public sealed class RoundEachTests
{
    [Test]
    public void ArithmeticWithoutARounding_GetsTheOneItHas() => Assert.That(
        PtxText.Body(RoundEach.Apply(PtxText.Entry(
            """
            mul.f32 %f1, %f2, %f3;
            @%p1 add.f32 %f1, %f1, %f4;
            @!%p1 sub.f32 %f1, %f1, %f4;
            """))),
        Is.EqualTo(new[] { "mul.rn.f32 %f1, %f2, %f3;", "@%p1 add.rn.f32 %f1, %f1, %f4;", "@!%p1 sub.rn.f32 %f1, %f1, %f4;" }));

    [TestCase("add.rz.f32 %f1, %f2, %f3;")]
    [TestCase("fma.rn.f32 %f1, %f2, %f3, %f4;")]
    [TestCase("div.rn.f32 %f1, %f2, %f3;")]
    [TestCase("mul.lo.s32 %r1, %r2, %r3;")]
    [TestCase("add.s32 %r1, %r2, %r3;")]
    [TestCase("add.f64 %fd1, %fd2, %fd3;")]
    public void EverythingElse_Stays(string instruction) =>
        Assert.That(PtxText.Body(RoundEach.Apply(PtxText.Entry(instruction))), Is.EqualTo(new[] { instruction }));

    [Test]
    public void Kernels_NameEveryRounding() => Assert.That(
        from kernel in GpuKernels.All
        from instruction in PtxPipeline.Build(kernel, kernel.MinArchitecture).Functions.SelectMany(f => f.Instructions)
        where instruction.Opcode is "add.f32" or "sub.f32" or "mul.f32" or "div.f32" or "div.full.f32" or "fma.f32" or "sqrt.f32"
        select $"{kernel.Id}: {instruction}",
        Is.Empty);
}
