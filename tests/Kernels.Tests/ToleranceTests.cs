using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>The judge of all kernels: it must accept rounding and nothing worse.</summary>
public sealed class ToleranceTests
{
    private const int Rows = 7;
    private const int Columns = 33;

    private static readonly Tolerance OneTerm = new() { Terms = 1 };

    [Test]
    public void Compare_RoundedToFloat_Holds()
    {
        var truth = Truth();
        Assert.That(ErrorStats.Compare(Rounded(truth), truth, OneTerm).Share, Is.InRange(1e-3, 0.25));
    }

    [Test]
    public void Compare_NaiveFloatSum_HoldsForItsNumberOfTermsOnly()
    {
        const int Terms = 10_000;
        var random = new Random(5);
        var truth = new double[20];
        var sums = new double[20];
        for (var i = 0; i < truth.Length; i++)
        {
            var sum = 0f;
            for (var t = 0; t < Terms; t++)
            {
                var term = (float)random.NextDouble();
                sum += term;
                truth[i] += term;
            }

            sums[i] = sum;
        }

        Assert.Multiple(() =>
        {
            Assert.That(ErrorStats.Compare(sums, truth, new Tolerance { Terms = Terms }).Holds, Is.True);
            Assert.That(ErrorStats.Compare(sums, truth, OneTerm).Holds, Is.False);
        });
    }

    /// <summary>The policy in figures: u is half the distance from 1 to the next float.</summary>
    [Test]
    public void Limit_IsThatOfThePolicy()
    {
        const double U = 1.0 / (1 << 24);
        var alone = new Tolerance { Terms = 100 };
        var beside = alone with { LibraryError = 0.25, Factor = Tolerance.Backward };
        Assert.Multiple(() =>
        {
            Assert.That(OneTerm.Limit(1), Is.EqualTo(16 * U).Within(1e-9).Percent);
            Assert.That(alone.Limit(1), Is.EqualTo(160 * U).Within(1e-9).Percent, "roundings are a random walk");
            Assert.That(alone.Limit(8), Is.EqualTo(1280 * U).Within(1e-9).Percent, "relative to the size");
            Assert.That(beside.Limit(1), Is.EqualTo(0.75 + (40 * U)).Within(1e-9).Percent, "a library explains most of it");
            Assert.That((alone with { ExtraError = 0.5 }).Limit(3), Is.EqualTo(1.5 + (480 * U)).Within(1e-9).Percent);
            Assert.That((alone with { StorageRoundoff = 0.25 }).Limit(3), Is.EqualTo(0.75 + (480 * U)).Within(1e-9).Percent);
            Assert.That((alone with { IntermediateRoundoff = 0.25 }).Limit(3), Is.EqualTo(3 + (480 * U)).Within(1e-9).Percent);
            Assert.That(alone.Limit(0, sensitivity: 2), Is.EqualTo(132).Within(1e-9).Percent);
            Assert.That(alone.Limit(0), Is.EqualTo(80 * Math.ScaleB(1, -149)).Within(1e-9).Percent, "what denormals lose");
        });
    }

    [TestCase(double.NaN)]
    [TestCase(double.PositiveInfinity)]
    [TestCase(double.NegativeInfinity)]
    public void Compare_OneElementNotFinite_IsRejectedWhereverItIs(double value)
    {
        var truth = Truth();
        var anything = OneTerm with { LibraryError = 1e30, Factor = 2 };
        foreach (var at in new[] { 0, 100, truth.Length - 1 })
        {
            var actual = Rounded(truth);
            actual[at] = value;
            var stats = ErrorStats.Compare(actual, truth, anything);
            Assert.That((stats.Holds, stats.Index, stats.MaxError), Is.EqualTo((false, (long)at, double.PositiveInfinity)));
        }
    }

    [Test]
    public void Compare_TwoRowsSwapped_IsRejected()
    {
        var truth = Truth();
        var actual = Rounded(truth);
        truth.AsSpan(Columns, Columns).CopyTo(actual.AsSpan(2 * Columns));
        truth.AsSpan(2 * Columns, Columns).CopyTo(actual.AsSpan(Columns));
        Assert.That(ErrorStats.Compare(actual, truth, OneTerm).Holds, Is.False);
    }

    [Test]
    public void Compare_ShiftedByOneElement_IsRejected()
    {
        var truth = Truth();
        var actual = Rounded([.. truth[1..], truth[0]]);
        Assert.That(ErrorStats.Compare(actual, truth, OneTerm).Holds, Is.False);
    }

    [Test]
    public void Compare_SmallElementWrongBesideALargeOneThatIsRight_IsRejected()
    {
        var truth = Truth();
        truth[3] = 1e8; // Its own rounding, up to 4, is larger than any other element.
        var actual = Rounded(truth);
        actual[3] += 64;
        Assert.That(ErrorStats.Compare(actual, truth, OneTerm).Holds, Is.True);
        actual[7] += 32; // The smaller error of the two, and beyond the limit of its element.
        Assert.That(ErrorStats.Compare(actual, truth, OneTerm) is { Holds: false, Index: 7 });
        actual[7] -= 32;
        truth[3] = actual[3] = 1e4;
        actual[7] += 0.01;
        Assert.That(ErrorStats.Compare(actual, truth, OneTerm) is { Holds: false, Index: 7 });
    }

    [TestCase(1e-30)]
    [TestCase(1e30)]
    public void Compare_AnyScale_JudgesAlike(double scale)
    {
        var truth = Truth().Select(v => v * scale).ToArray();
        var actual = Rounded(truth);
        Assert.That(ErrorStats.Compare(actual, truth, OneTerm).Holds, Is.True);
        actual[5] += 1e-5 * scale;
        Assert.That(ErrorStats.Compare(actual, truth, OneTerm).Holds, Is.False);
    }

    [Test]
    public void Compare_DenormalTruth_AllowsTheRoundingOfDenormals()
    {
        double[] truth = [1e-41, -3e-42, 2.1e-45, 0];
        var actual = Rounded(truth);
        Assert.That(ErrorStats.Compare(actual, truth, OneTerm).Holds, Is.True);
        actual[0] = 0;
        Assert.That(ErrorStats.Compare(actual, truth, OneTerm).Holds, Is.False);
    }

    [Test]
    public void Compare_LibraryErrorKnown_AllowsItsMultipleAndHardlyMore()
    {
        var truth = Truth();
        var actual = Rounded(truth);
        actual[9] += 1e-3;
        Assert.Multiple(() =>
        {
            foreach (var (library, holds) in new[] { (1e-3, true), (0.51e-3, true), (0.49e-3, false), (0, false) })
            {
                var tolerance = OneTerm with { LibraryError = library, Factor = Tolerance.Forward };
                Assert.That(ErrorStats.Compare(actual, truth, tolerance).Holds, Is.EqualTo(holds), $"library {library}");
            }
        });
    }

    [TestCase(double.NaN)]
    [TestCase(double.PositiveInfinity)]
    public void LibraryError_NotFinite_IsAnErrorOfTheTest(double error) =>
        Assert.That(() => OneTerm with { LibraryError = error }, Throws.ArgumentException);

    [TestCase(double.NaN)]
    [TestCase(double.PositiveInfinity)]
    [TestCase(1e39)]
    public void Compare_TruthThatNoFloatHolds_IsAnErrorOfTheTest(double value)
    {
        double[] truth = [1, value];
        Assert.That(() => ErrorStats.Compare(truth, truth, OneTerm), Throws.ArgumentException);
    }

    [TestCase(2, 3)]
    [TestCase(3, 2)]
    public void Compare_OtherLength_IsAnErrorOfTheTest(int actual, int truth) =>
        Assert.That(() => ErrorStats.Compare(new double[actual], new double[truth], OneTerm), Throws.ArgumentException);

    private static double[] Truth()
    {
        var random = new Random(3);
        return [.. Enumerable.Range(0, Rows * Columns).Select(_ => (2 * random.NextDouble()) - 1)];
    }

    private static double[] Rounded(double[] values) => [.. values.Select(v => (double)(float)v)];
}
