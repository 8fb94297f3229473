namespace DPT.Engine.Dpt.Tests;

public class SampleSummaryTests
{
    /// <summary>Tables of Student's t, two-sided.</summary>
    [TestCase(1, 0.95, 12.7062047362)]
    [TestCase(2, 0.95, 4.3026527297)]
    [TestCase(3, 0.95, 3.1824463053)]
    [TestCase(4, 0.95, 2.7764451052)]
    [TestCase(5, 0.95, 2.5705818356)]
    [TestCase(9, 0.95, 2.2621571628)]
    [TestCase(10, 0.95, 2.2281388520)]
    [TestCase(29, 0.95, 2.0452296421)]
    [TestCase(30, 0.95, 2.0422724563)]
    [TestCase(100, 0.95, 1.9839715185)]
    [TestCase(1, 0.99, 63.6567411629)]
    [TestCase(4, 0.99, 4.6040948713)]
    [TestCase(4, 0.9, 2.1318467863)]
    [TestCase(4, 0.999, 8.6103015814)]
    public void CriticalValue_IsThatOfTheTables(int degreesOfFreedom, double confidence, double golden) =>
        Assert.That(StudentT.CriticalValue(degreesOfFreedom, confidence), Is.EqualTo(golden).Within(5e-9).Percent);

    /// <summary>
    /// With t = sqrt(n) tan(x) the density is proportional to cos(x)^(n-1): the integral up to the critical value is the confidence.
    /// </summary>
    [Test]
    public void CriticalValue_LeavesTheConfidenceInside(
        [Values(1, 2, 3, 4, 7, 12, 25, 64, 501)] int n, [Values(0.01, 0.5, 0.95, 0.9999)] double confidence)
    {
        var angle = Math.Atan(StudentT.CriticalValue(n, confidence) / Math.Sqrt(n));
        var inside = Integral(x => Math.Pow(Math.Cos(x), n - 1), angle) / Integral(x => Math.Pow(Math.Cos(x), n - 1), Math.PI / 2);
        Assert.That(inside, Is.EqualTo(confidence).Within(1e-9));
    }

    [Test]
    public void CriticalValue_OfManyDegreesOfFreedom_IsNormal() =>
        Assert.That(StudentT.CriticalValue(1_000_000, 0.95), Is.EqualTo(1.959963985).Within(1e-5));

    [TestCase(0, 0.95)]
    [TestCase(3, 0)]
    [TestCase(3, 1)]
    [TestCase(3, double.NaN)]
    public void CriticalValue_OutsideItsRange_IsRefused(int degreesOfFreedom, double confidence) =>
        Assert.That(() => StudentT.CriticalValue(degreesOfFreedom, confidence), Throws.InstanceOf<ArgumentOutOfRangeException>());

    /// <summary>Student's own example: hours of sleep gained by ten patients with one drug more than with the other.</summary>
    [Test]
    public void Interval_OfStudentsSleepData_IsThePublishedOne()
    {
        double[] first = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0];
        double[] second = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];
        var gain = SampleSummary.Of([.. second.Zip(first, (b, a) => b - a)]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(gain.Count, Is.EqualTo(10));
            Assert.That(gain.Mean, Is.EqualTo(1.58).Within(1e-12));
            Assert.That(gain.StandardDeviation, Is.EqualTo(1.2299954832).Within(1e-9));
            Assert.That(gain.Interval(0.95)!.Value.Low, Is.EqualTo(0.7001142).Within(1e-6));
            Assert.That(gain.Interval(0.95)!.Value.High, Is.EqualTo(2.4598858).Within(1e-6));
        }
    }

    [Test]
    public void Summary_OfOneValue_HasNoDeviation()
    {
        var one = SampleSummary.Of([0.5]);
        Assert.That(one, Is.EqualTo(new SampleSummary(1, 0.5, null)));
        Assert.That(one.Interval(0.95), Is.Null);
        Assert.That(() => SampleSummary.Of([]), Throws.ArgumentException);
    }

    [Test]
    public void Summary_OfWhatIsNoNumber_IsNone() => Assert.That(SampleSummary.Of([1, double.NaN]).StandardDeviation, Is.NaN);

    /// <summary>Simpson's rule from 0.</summary>
    private static double Integral(Func<double, double> f, double end)
    {
        const int Steps = 20_000;
        var h = end / Steps;
        return h / 3 * Enumerable.Range(0, Steps + 1).Sum(i => f(i * h) * (i is 0 or Steps ? 1 : int.IsOddInteger(i) ? 4 : 2));
    }
}
