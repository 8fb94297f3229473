using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>Angles in fixed point against doubles.</summary>
public sealed class TurnPhaseTests
{
    [TestCase(1)]
    [TestCase(2)]
    [TestCase(7)]
    [TestCase(256)]
    [TestCase(1000)]
    public void Of_TimesOfTheModels_IsTheAngleInTurns(int half)
    {
        var ratio = TurnPhase.Ratio(half);
        foreach (var time in new[] { 0f, 1e-30f, 0.001f, 0.37f, 1, 2.5f, 99.99f, 500, 998.75f, 999, -3.25f, -999 })
        {
            for (var i = 0; i < half; i++)
            {
                var turns = time * Math.Pow(10000, -i / (double)half) / (2 * Math.PI);
                var expected = turns - Math.Round(turns);
                var actual = TurnPhase.Of(time, TurnPhase.Frequency(ratio, i));
                var error = Math.Abs(actual - expected);
                Assert.That(Math.Min(error, 1 - error), Is.LessThan(5e-8), $"time {time}, frequency {i} of {half}");
            }
        }
    }

    [Test]
    public void Of_HugeTime_IsBounded() =>
        Assert.That(
            Math.Abs(TurnPhase.Of(float.MaxValue, TurnPhase.Frequency(TurnPhase.Ratio(4), 1))),
            Is.LessThanOrEqualTo(0.5));

    [TestCase(float.NaN)]
    [TestCase(float.PositiveInfinity)]
    [TestCase(float.NegativeInfinity)]
    public void Of_NoNumber_IsNaN(float time) =>
        Assert.That(TurnPhase.Of(time, TurnPhase.Frequency(TurnPhase.Ratio(4), 1)), Is.NaN);
}
