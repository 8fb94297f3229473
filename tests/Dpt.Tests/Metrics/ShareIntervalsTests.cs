namespace DPT.Engine.Dpt.Tests;

/// <summary>Intervals of shares against what is published, and at their ends.</summary>
public sealed class ShareIntervalsTests
{
    /// <summary>Fagerland, Lydersen and Laake (Stat Med 2014), table V: 1 and 7 of 21 patients changed sides.</summary>
    [Test]
    public void PairedDifference_OfThePublishedExample()
    {
        var (low, high) = ShareIntervals.PairedDifference(1, 7, 21);
        Assert.That((low, high), Is.EqualTo((-0.5084, -0.0134)).Within(5e-5));
    }

    /// <summary>Newcombe (Stat Med 1998), table I, method 3: the score interval of 81 of 263 and of 0 of 20.</summary>
    [TestCase(81, 263, 0.2553, 0.3662)]
    [TestCase(15, 148, 0.0624, 0.1605)]
    [TestCase(0, 20, 0, 0.1611)]
    [TestCase(1, 29, 0.0061, 0.1718)]
    public void Wilson_OfThePublishedExamples(int right, int count, double low, double high) =>
        Assert.That(ShareIntervals.Wilson((double)right / count, count), Is.EqualTo((low, high)).Within(5e-5));

    [Test]
    public void PairedDifference_OfTheSidesExchanged_IsItsMirror()
    {
        var (low, high) = ShareIntervals.PairedDifference(30, 12, 200);
        Assert.That(ShareIntervals.PairedDifference(12, 30, 200), Is.EqualTo((-high, -low)).Within(1e-15));
        Assert.That(low, Is.LessThan(18 / 200.0).And.GreaterThan(0));
    }

    /// <summary>No difference that was seen is no proof that there is none.</summary>
    [TestCase(0, 0, 1)]
    [TestCase(0, 0, 1000)]
    [TestCase(1, 0, 1)]
    [TestCase(1000, 0, 1000)]
    public void PairedDifference_AtTheEnds_HasSomeWidth_AndIsADifferenceOfShares(int first, int second, int count)
    {
        var (low, high) = ShareIntervals.PairedDifference(first, second, count);
        Assert.That(low, Is.LessThan(high).And.GreaterThanOrEqualTo(-1));
        Assert.That(high, Is.LessThanOrEqualTo(1));
    }

    [TestCase(-1, 0, 5)]
    [TestCase(0, -1, 5)]
    [TestCase(3, 3, 5)]
    [TestCase(0, 0, 0)]
    public void PairedDifference_OfCountsThatCannotBe_IsRefused(int first, int second, int count) =>
        Assert.That(() => ShareIntervals.PairedDifference(first, second, count), Throws.InstanceOf<ArgumentOutOfRangeException>());

    [TestCase(-0.1, 5)]
    [TestCase(1.1, 5)]
    [TestCase(double.NaN, 5)]
    [TestCase(0.5, 0)]
    public void Wilson_OfWhatIsNoShare_IsRefused(double share, int count) =>
        Assert.That(() => ShareIntervals.Wilson(share, count), Throws.InstanceOf<ArgumentOutOfRangeException>());
}
