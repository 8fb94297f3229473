namespace DPT.Engine.Dpt.Tests;

/// <summary>MSN's training: its schedules, and what a step says of itself.</summary>
public sealed class MsnTrainingTests
{
    /// <summary>Spec 2.2, by hand: 100 steps, planned for 125, 20 of which the rate rises.</summary>
    [Test]
    public void Schedules_AreTheSpecification()
    {
        var schedule = new MsnSchedule(steps: 100, warmUp: 20);
        Assert.Multiple(() =>
        {
            Assert.That(schedule.RateOf(0), Is.EqualTo(2e-4 + (8e-4 / 20)).Within(1e-12));
            Assert.That(schedule.RateOf(18), Is.EqualTo(2e-4 + (8e-4 * 19 / 20)).Within(1e-12));
            Assert.That(schedule.RateOf(19), Is.EqualTo(1e-3).Within(1e-12));
            Assert.That(schedule.RateOf(99), Is.EqualTo(1e-6 + (9.99e-4 * 0.5 * (1 + Math.Cos(Math.PI * 80 / 105)))).Within(1e-12));
            Assert.That(schedule.DecayOf(0), Is.EqualTo(0.4 - (0.36 * 0.5 * (1 + Math.Cos(Math.PI / 125)))).Within(1e-12));
            Assert.That(schedule.DecayOf(99), Is.EqualTo(0.4 - (0.36 * 0.5 * (1 + Math.Cos(Math.PI * 0.8)))).Within(1e-12));
            Assert.That(schedule.DecayOf(500), Is.EqualTo(0.4).Within(1e-12), "no further");
            Assert.That(schedule.MomentumOf(0), Is.EqualTo(0.996).Within(1e-12));
            Assert.That(schedule.MomentumOf(50), Is.EqualTo(0.996 + (0.004 * 50 / 125)).Within(1e-12));
        });
    }
}
