namespace Kernels.Tests;

/// <summary>Which names an instruction writes and reads: what every pass that moves values relies on.</summary>
public sealed class PtxBodyTests
{
    [TestCase("@%p1 add.s32 %r1, %r2, %r3;", "%r1", "%p1 %r2 %r3")]
    [TestCase("ld.shared.v2.f32 {%f1, %f2}, [%rd1+4];", "%f1 %f2", "%rd1")]
    [TestCase("st.global.v2.f32 [%rd1+4], {%f1, %f2};", "", "%rd1 %f1 %f2")]
    [TestCase("setp.lt.f32 %p1|%p2, %f1, %f2;", "%p1 %p2", "%f1 %f2")]
    [TestCase("bra.uni L1;", "", "L1")]
    [TestCase("bar.sync 0;", "", "")]
    [TestCase("bar.red.popc.u32 %r1, 0, %p1;", "%r1", "%p1")]
    [TestCase("call.uni (result), F, (a, b);", "", "result F a b")]
    [TestCase("cp.async.cg.shared.global [%r1], [%rd1], 16;", "", "%r1 %rd1")]
    [TestCase("ret;", "", "")]
    public void Instruction_WritesAndReads(string text, string writes, string reads)
    {
        var instruction = PtxText.Entry(text).Entry.Instructions.Single();
        Assert.Multiple(() =>
        {
            Assert.That(string.Join(' ', PtxBody.Writes(instruction)), Is.EqualTo(writes));
            Assert.That(string.Join(' ', PtxBody.Reads(instruction)), Is.EqualTo(reads));
        });
    }
}
