namespace DPT.Engine.Dpt.Tests;

/// <summary>Precision, recall, density and coverage of numbers whose balls are worked out by hand.</summary>
public sealed class ManifoldOverlapTests
{
    /// <summary>
    /// Real 0, 1, 2, 3: third neighbours at 3, 2, 2, 3. Of the drawn 1.5, 5.5, 100, -2 lie inside a ball: 1.5; 5.5, 2.5 from 3; -2, 2 from 0.
    /// The drawn ones have radii 98.5, 94.5, 102, 102: all real ones are inside. One drawn far away reaches nothing.
    /// </summary>
    [Test]
    public void PrecisionAndRecall_AreAsByHand()
    {
        var overlap = ManifoldOverlap.Of([0, 1, 2, 3], [1.5f, 5.5f, 100, -2], width: 1, precisionNeighbours: 3, coverageNeighbours: 1);
        Assert.That((overlap.Precision, overlap.Recall), Is.EqualTo((0.75, 1.0)));
        var far = ManifoldOverlap.Of([0, 1, 2, 3], [100, 100.5f, 101, 101.5f], 1, 3, 1);
        Assert.That((far.Precision, far.Recall, far.Density, far.Coverage), Is.EqualTo((0.0, 0.0, 0.0, 0.0)));
    }

    /// <summary>
    /// Real 0, 1, 5: nearest neighbours at 1, 1, 4. 0.5 lies in the balls of 0 and 1, 3 in that of 5: 3 balls over 2 drawn. All three have one.
    /// With 9.5 in place of 3 the ball of 5 has none: 2 of 3 are covered.
    /// </summary>
    [Test]
    public void DensityAndCoverage_AreAsByHand()
    {
        var overlap = ManifoldOverlap.Of([0, 1, 5], [0.5f, 3], 1, 1, 1);
        Assert.That((overlap.Density, overlap.Coverage), Is.EqualTo((1.5, 1.0)));
        overlap = ManifoldOverlap.Of([0, 1, 5], [0.5f, 9.5f], 1, 1, 1);
        Assert.That((overlap.Density, overlap.Coverage), Is.EqualTo((1.0, 2 / 3.0)));

        // With k = 2 radii are 5, 4 and 5: 0.5 and 0.4 lie in all three balls, six over twice two; with k = 1 they would miss that of 5.
        overlap = ManifoldOverlap.Of([0, 1, 5], [0.5f, 0.4f], 1, 1, 2);
        Assert.That((overlap.Density, overlap.Coverage), Is.EqualTo((1.5, 1.0)));
    }

    /// <summary>The border belongs to the ball, and distances are Euclidean: (-3, 4) is 5 from (0, 0), whose neighbour is (5, 0).</summary>
    [Test]
    public void Borders_BelongToBalls() => Assert.That(
        ManifoldOverlap.Of([0, 0, 5, 0], [-3, 4, 300, 0], 2, 1, 1).Precision, Is.EqualTo(0.5));

    /// <summary>A drawn set that is the real one reaches all of it; one that repeats a single real image is precise and covers little.</summary>
    [Test]
    public void Copies_AreAllThere_AndARepeatedOneIsNot()
    {
        float[] real = [.. Enumerable.Range(0, 50).Select(i => (float)(i * i))];
        var copies = ManifoldOverlap.Of(real, real, 1)!.Value;
        Assert.That((copies.Precision, copies.Recall, copies.Coverage), Is.EqualTo((1.0, 1.0, 1.0)));
        var repeated = ManifoldOverlap.Of(real, Enumerable.Repeat(real[20], 50).ToArray(), 1)!.Value;
        Assert.That(repeated.Precision, Is.EqualTo(1));
        Assert.That(repeated.Recall, Is.EqualTo(0.02), "itself alone: it lies at no distance from its copies");
        Assert.That(repeated.Coverage, Is.LessThan(0.3));
    }

    [TestCase(5, false)]
    [TestCase(6, true)]
    public void SetsOfTooFew_HaveNone(int count, bool some) => Assert.That(
        ManifoldOverlap.Of(new float[count], new float[100], 1) is not null && ManifoldOverlap.Of(new float[100], new float[count], 1) is not null, Is.EqualTo(some));

    /// <summary>Of large sets vectors from all over are looked at: the second half of these would be missed otherwise.</summary>
    [Test]
    public void LargeSets_AreSpreadOver()
    {
        float[] real = [.. Enumerable.Range(0, 20_000).Select(i => i < 10_000 ? i * 1e-3f : 1000 + (i * 1e-3f))];
        float[] drawn = [.. Enumerable.Range(0, 100).Select(i => 1010 + (i * 0.1f))];
        var overlap = ManifoldOverlap.Of(real, drawn, 1)!.Value;
        Assert.That(overlap.Precision, Is.EqualTo(1));
        Assert.That(overlap.Recall, Is.EqualTo(0.5).Within(0.01));
    }
}
