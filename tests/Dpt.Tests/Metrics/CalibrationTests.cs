namespace DPT.Engine.Dpt.Tests;

public class CalibrationTests
{
    [Test]
    public void EdgesOfIntervals_BelongToTheUpperOne()
    {
        var calibration = Calibration.Of([0, 0.049f, 0.05f, 0.5f, 0.999f, 1], [false, false, false, true, true, true]);
        Assert.That(calibration.Intervals.Select(interval => interval.Count), Is.EqualTo(new[] { 2, 1, 1, 2 }));
        Assert.That(calibration.Intervals.Select(interval => interval.Accuracy), Is.EqualTo(new[] { 0, 0, 1, 1 }));
    }

    /// <summary>Two intervals: 3 predictions at 0.92 of which 2 are right, and 1 at 0.3 that is right.</summary>
    [Test]
    public void ExpectedError_WeighsTheDistanceByPredictions()
    {
        var calibration = Calibration.Of([0.91f, 0.3f, 0.92f, 0.93f], [true, true, false, true]);
        Assert.That(calibration.ExpectedError, Is.EqualTo((3 * (0.92 - (2.0 / 3)) / 4) + ((1 - 0.3) / 4)).Within(1e-7));
        Assert.That(calibration.Intervals.Select(interval => interval.Confidence), Is.EqualTo(new[] { 0.3, 0.92 }).Within(1e-7));
    }

    /// <summary>Whoever is right as often as he says has no error; who is always sure and always wrong has the largest.</summary>
    [Test]
    public void ExpectedError_OfExtremes()
    {
        Assert.That(
            Calibration.Of([0.75f, 0.75f, 0.75f, 0.75f], [true, false, true, true]).ExpectedError, Is.Zero);
        Assert.That(Calibration.Of([1, 1], [false, false]).ExpectedError, Is.EqualTo(1));
    }

    [TestCase(-0.01f)]
    [TestCase(1.01f)]
    [TestCase(float.NaN)]
    [TestCase(float.PositiveInfinity)]
    public void Confidence_ThatIsNoProbability_IsRefused(float value) =>
        Assert.That(() => Calibration.Of([0.5f, value], [true, true]), Throws.ArgumentException.With.Message.Contains("confidence 1"));

    [Test]
    public void Predictions_NoneOrOfAnotherNumber_AreRefused()
    {
        Assert.That(() => Calibration.Of([], []), Throws.ArgumentException);
        Assert.That(() => Calibration.Of([0.5f], [true, false]), Throws.ArgumentException);
    }
}
