using DPT.Engine.Dpt;
using DPT.Engine.Kernels;

namespace Dpt.Tests;

public sealed class NoiseScheduleTests
{
    private static readonly VariancePreservingSchedule[] All =
        [new LinearVpSchedule(), new CosineSchedule(), new DiscreteSchedule(), new EdmInputSchedule()];

    [TestCase(1, 0.006571586495, 0.9999784069, -5.024978407)]
    [TestCase(0.5, 0.2811828808, 0.9596542021, -1.227567734)]
    [TestCase(0.1, 0.9467217988, 0.3220525355, 1.078290593)]
    [TestCase(1e-3, 0.9999450265, 0.01048541634, 4.557714933)]
    [TestCase(1e-4, 0.9999949503, 0.003177963027, 5.751509795)]
    public void LinearVp_GoldenTimes_MatchTheReference(double time, double alpha, double sigma, double lambda) =>
        AssertGolden(new LinearVpSchedule(), time, alpha, sigma, lambda);

    [TestCase(1, 0.06826491422, 0.9976672298, -2.68202385)]
    [TestCase(0.5005, 0.5263082372, 0.8502938548, -0.4796949579)]
    [TestCase(0.5, 0.5269436881, 0.8499001998, -0.4780252414)]
    [TestCase(1e-3, 0.9995749096, 0.02915475947, 3.534711924)]
    public void Discrete_GoldenTimes_MatchTheReference(double time, double alpha, double sigma, double lambda) =>
        AssertGolden(new DiscreteSchedule(), time, alpha, sigma, lambda);

    [TestCase(1, 0.99915)]
    [TestCase(500, 0.27766965045646774)]
    [TestCase(1000, 0.004660098513077241)]
    public void Discrete_Knots_AreTheCumulativeProducts(int n, double cumulativeAlpha) =>
        Assert.That(Math.Pow(new DiscreteSchedule().Alpha(n / 1000.0), 2), Is.EqualTo(cumulativeAlpha).Within(1e-14));

    [Test]
    public void Cosine_AnyTime_IsTheQuotientOfCosines()
    {
        var schedule = new CosineSchedule();
        foreach (var time in new[] { 1e-3, 0.2, 0.7, schedule.Start })
        {
            var expected = Math.Cos((time + 0.008) / 1.008 * Math.PI / 2) / Math.Cos(0.008 / 1.008 * Math.PI / 2);
            Assert.That(schedule.Alpha(time), Is.EqualTo(expected).Within(1e-15));
        }
    }

    [TestCaseSource(nameof(All))]
    public void TimeOfLambda_OfLambda_IsTheTime(VariancePreservingSchedule schedule)
    {
        for (var i = 0; i <= 200; i++)
        {
            var time = schedule.End + ((schedule.Start - schedule.End) * i / 200);
            Assert.That(schedule.TimeOfLambda(schedule.Lambda(time)), Is.EqualTo(time).Within(1e-12 * (1 + time)));
        }
    }

    [TestCaseSource(nameof(All))]
    public void Schedule_EveryTime_PreservesVarianceAndStartsClean(VariancePreservingSchedule schedule)
    {
        Assert.That((schedule.Alpha(0), schedule.Sigma(0)), Is.EqualTo((1.0, 0.0)));
        for (var i = 0; i <= 100; i++)
        {
            var time = schedule.Start * i / 100;
            var (alpha, sigma) = (schedule.Alpha(time), schedule.Sigma(time));
            Assert.That((alpha * alpha) + (sigma * sigma), Is.EqualTo(1).Within(1e-14));
        }
    }

    [TestCaseSource(nameof(All))]
    public void Drift_InsideAnInterval_IsTheSlopeOfLogAlpha(VariancePreservingSchedule schedule)
    {
        const double Half = 1e-5;
        foreach (var time in new[] { 0.0105, 0.3005, 0.9005 })
        {
            var slope = (schedule.LogAlpha(time + Half) - schedule.LogAlpha(time - Half)) / (2 * Half);
            Assert.That(schedule.Drift(time), Is.EqualTo(slope).Within(1e-6 * Math.Abs(slope)));
            Assert.That(schedule.Diffusion(time), Is.EqualTo(-2 * schedule.Drift(time)));
        }
    }

    /// <summary>Near time 0 sigma is the root of beta_0 t: it must not be lost beside alpha.</summary>
    [TestCase(1e-9)]
    [TestCase(1e-13)]
    public void Sigma_NearTimeZero_KeepsItsDigits(double time) => Assert.That(
        new LinearVpSchedule().Sigma(time), Is.EqualTo(Math.Sqrt(0.1 * time)).Within(1e-5).Percent);

    /// <summary>x = x_0 + t eps: g^2 is the derivative of the variance t^2.</summary>
    [Test]
    public void Edm_AddsNoiseAsItsVarianceGrows()
    {
        var schedule = new EdmSchedule();
        Assert.Multiple(() =>
        {
            Assert.That(schedule.Diffusion(3), Is.EqualTo(6));
            Assert.That(schedule.Drift(3), Is.Zero);
            Assert.That(schedule.StartDeviation, Is.EqualTo(80));
            Assert.That(schedule.TimeOfLambda(schedule.Lambda(3)), Is.EqualTo(3).Within(1e-12));
        });
    }

    /// <summary>
    /// EDM's D = c_skip x + c_out F of a noised image x = y + sigma n in its own words (spec 4.7), against the image that is made of the
    /// velocity -F where the network is given c_in x: images of the process are 2 y. Its loss has a weight that makes every level's alike.
    /// </summary>
    [TestCase(0)]
    [TestCase(0.002)]
    [TestCase(0.3)]
    [TestCase(0.5)]
    [TestCase(7)]
    [TestCase(80)]
    public void EdmInput_IsThePreconditioningOfEdm(double sigma)
    {
        const double Data = 0.5;
        var schedule = new EdmInputSchedule();
        var variance = (sigma * sigma) + (Data * Data);
        var (skip, ofOutput, ofInput) = (Data * Data / variance, sigma * Data / Math.Sqrt(variance), 1 / Math.Sqrt(variance));
        var weights = ModelWeights.For(schedule, sigma, Prediction.Velocity, Prediction.Data, guidance: 0);
        Assert.That(schedule.Alpha(sigma) / schedule.DataDeviation, Is.EqualTo(ofInput).Within(1e-12), "of the image in what the network is given");
        Assert.That(schedule.Sigma(sigma), Is.EqualTo(sigma * ofInput).Within(1e-12), "of the noise in it");
        Assert.That(weights.State * ofInput * Data, Is.EqualTo(skip).Within(1e-12));
        Assert.That(weights.Conditional * -Data, Is.EqualTo(ofOutput).Within(1e-12));
        if (sigma == 0)
        {
            Assert.That((weights.State * ofInput * Data, weights.Conditional), Is.EqualTo((1.0, 0.0)));
        }
        else
        {
            var ofLoss = variance / Math.Pow(sigma * Data, 2);
            Assert.That(ofLoss * Math.Pow(weights.Conditional * Data, 2), Is.EqualTo(1).Within(1e-12));
        }
    }

    [Test]
    public void NetworkTime_OfEachProcess_IsWhatItsNetworksWereTrainedWith()
    {
        Assert.Multiple(() =>
        {
            Assert.That(new LinearVpSchedule().NetworkTime(1), Is.EqualTo(999));
            Assert.That(new CosineSchedule().NetworkTime(0.5), Is.EqualTo(499.5));
            Assert.That(new DiscreteSchedule().NetworkTime(0.0015), Is.EqualTo(1.5));
            Assert.That(new EdmInputSchedule().NetworkTime(Math.E), Is.EqualTo(250).Within(1e-12));
        });
    }

    [Test]
    public void TrainingTime_OfUniformNumbers_CoversTheProcess()
    {
        for (var sample = 0; sample < 1000; sample++)
        {
            double uniform = Stream(sample).NextUniform();
            Assert.That(Time(new LinearVpSchedule(), sample), Is.EqualTo(uniform));
            Assert.That(Time(new CosineSchedule(), sample), Is.EqualTo(0.9946 * uniform).Within(1e-12));
            Assert.That(Time(new DiscreteSchedule(), sample), Is.EqualTo((1 + Math.Floor(1000 * uniform)) / 1000));
        }
    }

    /// <summary>ln sigma has mean -1.2 and deviation 1.2; of 20,000 draws their errors are 0.0085 and 0.006.</summary>
    [Test]
    public void TrainingTime_OfEdm_IsLogNormal()
    {
        double[] logs = [.. Enumerable.Range(0, 20_000).Select(sample => Math.Log(Time(new EdmInputSchedule(), sample)))];
        var mean = logs.Average();
        Assert.That(mean, Is.EqualTo(-1.2).Within(0.03));
        Assert.That(Math.Sqrt(logs.Average(log => (log - mean) * (log - mean))), Is.EqualTo(1.2).Within(0.02));
    }

    [Test]
    public void Find_UnknownName_ListsTheNames() => Assert.That(
        () => VariancePreservingSchedule.Find("linear"),
        Throws.InstanceOf<DptException>().With.Message.Contains("vp, cosine, discrete, edm"));

    [Test]
    public void Find_EveryName_GivesItsProcess() => Assert.That(
        new[] { "vp", "cosine", "discrete", "edm" }.Select(name => VariancePreservingSchedule.Find(name).GetType()),
        Is.EqualTo(All.Select(schedule => schedule.GetType())));

    [Test]
    public void Exponentials_NearZero_KeepTheirDigits()
    {
        Assert.Multiple(() =>
        {
            Assert.That(Exponentials.Expm1(1e-9), Is.EqualTo(1e-9 + 5e-19).Within(1e-24));
            Assert.That(Exponentials.Expm1(1e-300), Is.EqualTo(1e-300));
            Assert.That(Exponentials.Expm1(-50), Is.EqualTo(-1).Within(1e-15));
            Assert.That(Exponentials.Expm1(-800), Is.EqualTo(-1));
            Assert.That(Exponentials.Expm1(800), Is.EqualTo(double.PositiveInfinity));
            Assert.That(Exponentials.Log1p(1e-9), Is.EqualTo(1e-9 - 5e-19).Within(1e-24));
            Assert.That(Exponentials.Softplus(-800), Is.Zero);
            Assert.That(Exponentials.Softplus(800), Is.EqualTo(800));
        });
    }

    private static double Time(VariancePreservingSchedule schedule, int sample)
    {
        var random = Stream(sample);
        return schedule.TrainingTime(ref random);
    }

    private static PhiloxStream Stream(int sample) => new(seed: 3, stream: 7, sample);

    private static void AssertGolden(
        NoiseSchedule schedule, double time, double alpha, double sigma, double lambda)
    {
        Assert.Multiple(() =>
        {
            Assert.That(schedule.Alpha(time), Is.EqualTo(alpha).Within(1e-9 * alpha));
            Assert.That(schedule.Sigma(time), Is.EqualTo(sigma).Within(1e-9 * sigma));
            Assert.That(schedule.Lambda(time), Is.EqualTo(lambda).Within(1e-9 * Math.Abs(lambda)));
        });
    }
}
