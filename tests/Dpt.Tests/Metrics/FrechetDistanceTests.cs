using DPT.Engine.Dpt;
using DPT.Engine.Dpt.Tests;

namespace Dpt.Tests;

public sealed class FrechetDistanceTests
{
    [Test]
    public void Between_GoldenMoments_MatchesTheReference()
    {
        var first = new FeatureMoments([0, 1, 2], [2, 0.5, 0.1, 0.5, 1, 0.2, 0.1, 0.2, 1.5], 10);
        var second = new FeatureMoments([0.5, 0.5, 2.5], [1, 0.2, 0, 0.2, 2, 0.3, 0, 0.3, 1], 10);
        Assert.That(FrechetDistance.Between(first, second), Is.EqualTo(1.1804791520).Within(1e-9));
        Assert.That(FrechetDistance.Between(second, first), Is.EqualTo(1.1804791520).Within(1e-9));
    }

    /// <summary>Of numbers it is the difference of means squared plus that of deviations squared.</summary>
    [Test]
    public void Between_OneDimension_HasTheClosedForm()
    {
        var distance = FrechetDistance.Between(new FeatureMoments([1], [4], 5), new FeatureMoments([3], [9], 5));
        Assert.That(distance, Is.EqualTo(5).Within(1e-12));
    }

    [TestCase(64, 1000)]
    [TestCase(64, 20)]
    [TestCase(3, 10)]
    public void Between_ASetAndItself_IsZeroAlsoIfSingular(int width, int count)
    {
        for (var seed = 1; seed <= 10; seed++)
        {
            var moments = new FeatureMoments(width);
            moments.Add(Normal(width * count, seed));
            Assert.That(FrechetDistance.Between(moments, moments), Is.InRange(0, 1e-5), "and never below");
        }
    }

    [Test]
    public void Between_ShiftedSets_IsTheSquaredShift()
    {
        var features = Normal(8 * 500, 2);
        var (first, second) = (new FeatureMoments(8), new FeatureMoments(8));
        first.Add(features);
        second.Add(Array.ConvertAll(features, x => x + 2));
        Assert.That(FrechetDistance.Between(first, second), Is.EqualTo(32).Within(1e-4));
    }

    [Test]
    public void Between_UnusableSets_IsRefused()
    {
        var one = new FeatureMoments(2);
        one.Add([1f, 2f]);
        Assert.That(() => FrechetDistance.Between(one, one), Throws.InvalidOperationException);
        Assert.That(() => FrechetDistance.Between(one, new FeatureMoments(3)), Throws.ArgumentException);
        TestImages.Fails(FailureKind.Diverged, () => one.Add([1f, 2f, float.NaN, 1f]), "vectors 1 to 2 is not finite");
        TestImages.Fails(FailureKind.Diverged, () => one.Add([1f, float.PositiveInfinity]), "not finite");
        Assert.That(one.Count, Is.EqualTo(1));
        TestImages.Fails(FailureKind.Check, () => _ = new FeatureMoments([0], [double.NaN], 5), "not finite");
        Assert.That(() => one.Add([1f]), Throws.ArgumentException);
        var count = one.Count;
        Assert.That(() => one.Add([1f, 2f, 3f]), Throws.ArgumentException);
        Assert.That(one.Count, Is.EqualTo(count), "nothing of it was added");
    }

    [Test]
    public void FeatureMoments_LargeMean_KeepTheCovariance()
    {
        var moments = new FeatureMoments(2);
        moments.Add([4096f, 1f, 4098f, 2f]);
        moments.Add([4100f, 6f]);
        Assert.That(moments.Mean.ToArray(), Is.EqualTo([4098, 3]).Within(1e-12));
        Assert.That(moments.Covariance(), Is.EqualTo([4, 5, 5, 7]).Within(1e-12));
        Assert.That(moments.Count, Is.EqualTo(3));
    }

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(3)]
    [TestCase(17)]
    [TestCase(128)]
    public void SymmetricEigen_RandomMatrix_IsItsDecomposition(int size)
    {
        var matrix = Symmetric(size);
        AssertDecomposes(matrix, size);
    }

    [TestCase(0, TestName = "SymmetricEigen_Zero_IsItsDecomposition")]
    [TestCase(1, TestName = "SymmetricEigen_Identity_IsItsDecomposition")]
    public void SymmetricEigen_MultipleOfOne_IsItsDecomposition(double factor)
    {
        var matrix = new double[49];
        for (var i = 0; i < 7; i++)
        {
            matrix[i * 8] = factor;
        }

        AssertDecomposes(matrix, 7);
    }

    [Test]
    public void SymmetricEigen_RankOne_HasOneEigenvalue()
    {
        var matrix = new double[400];
        Array.Fill(matrix, 2);
        AssertDecomposes(matrix, 20);
        var values = new SymmetricEigen(matrix, 20).Values;
        Assert.That(values.Max(), Is.EqualTo(40).Within(1e-12));
        Assert.That(values.Order().Take(19), Is.All.EqualTo(0).Within(1e-12));
    }

    [TestCase(double.NaN)]
    [TestCase(double.PositiveInfinity)]
    [TestCase(double.NegativeInfinity)]
    public void SymmetricEigen_OfNumbersThatAreNotFinite_IsRefused(double value) =>
        TestImages.Fails(FailureKind.Check, () => _ = new SymmetricEigen([1, value, value, 1], 2), "not finite");

    private static void AssertDecomposes(double[] matrix, int size)
    {
        var eigen = new SymmetricEigen(matrix, size);
        var scale = 1e-13 * size * Math.Max(1, matrix.Max(Math.Abs));
        for (var i = 0; i < size; i++)
        {
            for (var j = 0; j < size; j++)
            {
                var (dot, entry) = (0.0, 0.0);
                for (var k = 0; k < size; k++)
                {
                    dot += eigen.Vector(i)[k] * eigen.Vector(j)[k];
                    entry += eigen.Values[k] * eigen.Vector(k)[i] * eigen.Vector(k)[j];
                }

                Assert.That(dot, Is.EqualTo(i == j ? 1 : 0).Within(1e-13 * size));
                Assert.That(entry, Is.EqualTo(matrix[(i * size) + j]).Within(scale));
            }
        }
    }

    private static double[] Symmetric(int size)
    {
        var values = Normal(size * size, 3);
        var matrix = new double[size * size];
        for (var i = 0; i < matrix.Length; i++)
        {
            matrix[i] = values[i] + values[(i % size * size) + (i / size)];
        }

        return matrix;
    }

    private static float[] Normal(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (float)(
            Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble())))];
    }
}
