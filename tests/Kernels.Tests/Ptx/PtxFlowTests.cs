namespace Kernels.Tests;

/// <summary>Where control may go, and who reads what was written: what the passes believe about paths.</summary>
public sealed class PtxFlowTests
{
    private const string Start = ".reg .pred %p<2>; .reg .b32 %r<9>;\n";

    /// <summary>Every instruction with the numbers of those that may follow; nothing follows the end.</summary>
    [TestCase("add.s32 %r1, %r2, %r3; ret;", "1 | ", TestName = "an instruction goes on, a return does not")]
    [TestCase("A: bra B; ret; B: bra A;", "2 |  | 0", TestName = "a branch goes to its label alone")]
    [TestCase("@%p1 bra B; ret; B: ret;", "2 1 |  | ", TestName = "a branch under a guard may fall through")]
    [TestCase("@%p1 ret; ret;", "1 | ", TestName = "a return under a guard may go on")]
    [TestCase(
        "T: .branchtargets A, B, A; brx.idx %r1, T; A: ret; B: ret;", "1 2 |  | ", TestName = "a table goes to each of its labels")]
    [TestCase("bra A; { A: bra A; } A: ret;", "2 | 1 | ", TestName = "a label inside of braces is theirs")]
    [TestCase("{ bra A; } ret; A: ret;", "2 |  | ", TestName = "a label outside of braces is seen inside")]
    [TestCase("add.s32 %r1, %r2, %r3;", "", TestName = "the text ends")]
    public void Next(string body, string expected)
    {
        var flow = Flow(body);
        var next = Enumerable.Range(0, flow.Instructions.Count).Select(flow.Next).ToList();
        Assert.That(string.Join(" | ", next.Select(n => string.Join(' ', n))), Is.EqualTo(expected));
        Assert.That(
            Enumerable.Range(0, next.Count).Select(flow.Previous),
            Is.EqualTo(Enumerable.Range(0, next.Count).Select(to => Enumerable.Range(0, next.Count).Where(at => next[at].Contains(to)))));
    }

    /// <summary>Instruction 0 writes %r1, 1 reads it, 2 writes it again and 3 reads it.</summary>
    [TestCase("", new[] { 1 }, new[] { 2 }, TestName = "a write ends what was there")]
    [TestCase("@%p1", new[] { 1, 3 }, new[] { 0, 2 }, TestName = "a write under a guard may leave what was there")]
    public void ReadersAndWriters(string guard, int[] readersOfTheFirst, int[] writersForTheLast)
    {
        var flow = Flow($"mov.u32 %r1, 0; add.s32 %r2, %r1, 1; {guard} mov.u32 %r1, 1; add.s32 %r3, %r1, 1;");
        Assert.That(flow.ReadersOf(0, "%r1"), Is.EquivalentTo(readersOfTheFirst));
        Assert.That(flow.WritersFor(3, "%r1"), Is.EquivalentTo(writersForTheLast));
    }

    [TestCase("bra NOWHERE;", "NOWHERE")]
    [TestCase("brx.idx %r1, NOTHING;", "NOTHING")]
    public void Label_ThatDoesNotExist_IsRefused(string body, string name) =>
        Assert.That(() => Flow(body), Throws.TypeOf<PtxException>().With.Message.Contains(name));

    private static PtxFlow Flow(string body) => new(PtxText.Entry(Start + body).Entry);
}
