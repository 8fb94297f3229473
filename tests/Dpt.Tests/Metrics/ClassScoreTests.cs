namespace DPT.Engine.Dpt.Tests;

public sealed class ClassScoreTests
{
    [Test]
    public void OfSurePredictions_IsTheNumberOfClassesThatOccur()
    {
        Assert.That(ClassScore.Of([1, 0, 0, 0, 1, 0, 0, 0, 1], 3), Is.EqualTo(3).Within(1e-12));
        Assert.That(ClassScore.Of([1, 0, 0, 0, 1, 0], 3), Is.EqualTo(2).Within(1e-12));
        Assert.That(ClassScore.Of([1, 0, 1, 0], 2), Is.EqualTo(1).Within(1e-12));
    }

    [Test]
    public void OfEqualPredictions_IsOne() => Assert.That(ClassScore.Of([0.25f, 0.75f, 0.25f, 0.75f], 2), Is.EqualTo(1).Within(1e-12));

    /// <summary>Rows (3/4, 1/4) and (1/4, 3/4), mean (1/2, 1/2): each diverges by 3/4 ln(3/2) + 1/4 ln(1/2).</summary>
    [Test]
    public void OfUnsurePredictions_IsAsByHand() => Assert.That(
        ClassScore.Of([0.75f, 0.25f, 0.25f, 0.75f], 2), Is.EqualTo(Math.Exp((0.75 * Math.Log(1.5)) + (0.25 * Math.Log(0.5)))).Within(1e-12));

    [Test]
    public void OfNothing_Throws() => Assert.That(() => ClassScore.Of([], 2), Throws.InstanceOf<ArgumentOutOfRangeException>());
}
