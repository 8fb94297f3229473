using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>Finding a case by what its label says.</summary>
public sealed class CaseChoiceTests
{
    private static readonly Operator Op = KernelRegistry.Find("softmax");

    [Test]
    public void Find_WithoutLabel_IsTheLargest() =>
        Assert.That(
            CaseChoice.Find(Op, null, _ => true).Operands.Sum(o => o.Length),
            Is.EqualTo(Op.Cases().Max(c => c.Operands.Sum(o => o.Length))));

    [Test]
    public void Find_WholeLabel_BeatsLabelsThatContainIt()
    {
        var label = Op.Cases().First().Label;
        Assert.That(CaseChoice.Find(Op, label, _ => true).Label, Is.EqualTo(label));
    }

    [TestCase("nonsense", "no case has")]
    [TestCase("rows=", "cases have")]
    public void Find_NoneOrSeveral_ListsLabels(string label, string expected) =>
        Assert.That(
            () => CaseChoice.Find(Op, label, _ => true),
            Throws.TypeOf<KernelException>().With.Message.Contains(expected).And.Message.Contains("[rows="));
}
