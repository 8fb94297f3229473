using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>Hard values are as hard as their names say: what a kernel is held to must not become tame unseen.</summary>
public sealed class HardValueTests
{
    private const int Count = 13_000;

    [Test]
    public void Offset_IsFarFromZeroAndVariesByOne()
    {
        var values = Of(Hardship.Offset);
        Assert.That(values.Average(), Is.EqualTo(4096).Within(5 / Math.Sqrt(Count)));
        Assert.That(Size(values.Select(v => v - 4096)), Is.EqualTo(1).Within(5).Percent);
    }

    [Test]
    public void Ramp_RisesThroughZero()
    {
        var values = Of(Hardship.Ramp);
        Assert.That(values, Is.Ordered);
        Assert.That((values[0], values[^1]), Is.EqualTo((-500, 500)).Within(0.1));
    }

    [Test]
    public void Outliers_AreAThousandTimesAsLarge()
    {
        var values = Of(Hardship.Outliers);
        Assert.That(Size(values.Where((_, i) => i % 13 == 5)), Is.EqualTo(1000).Within(10).Percent);
        Assert.That(Size(values.Where((_, i) => i % 13 != 5)), Is.EqualTo(1).Within(5).Percent);
    }

    [Test]
    public void Huge_OverflowsExponentials()
    {
        var values = Of(Hardship.Huge);
        Assert.That(Size(values), Is.EqualTo(10_000).Within(5).Percent);
        Assert.That(values.Count(v => Math.Abs(v) > 100), Is.GreaterThan(Count * 95 / 100));
    }

    [Test]
    public void Tiny_HasDenormalsMinusZeroAndNumbersWhoseSquaresVanish()
    {
        var values = Array.ConvertAll(Of(Hardship.Tiny), v => (float)v);
        Assert.That(values, Has.Some.Matches<float>(float.IsSubnormal));
        Assert.That(values, Has.Some.Matches<float>(v => v == 0 && float.IsNegative(v)));
        Assert.That(values, Has.Some.Matches<float>(v => float.IsNormal(v) && !float.IsNormal(v * v)));
    }

    [TestCase(Hardship.NaN, double.NaN)]
    [TestCase(Hardship.Infinity, double.PositiveInfinity)]
    [TestCase(Hardship.MinusInfinity, double.NegativeInfinity)]
    public void NotFinite_StandsInsideAndAtTheEnd(Hardship hardship, double value)
    {
        var values = Of(hardship);
        Assert.That(Enumerable.Range(0, Count).Where(i => !double.IsFinite(values[i])), Is.EqualTo([Count / 3, Count - 1]));
        Assert.That(new[] { values[Count / 3], values[^1] }, Is.All.EqualTo(value));
    }

    private static double[] Of(Hardship hardship)
    {
        var values = new double[Count];
        HardValues.PutInto(Operand.In("x", Count), values, hardship, seed: 1);
        return values;
    }

    private static double Size(IEnumerable<double> values) => Math.Sqrt(values.Average(v => v * v));
}
