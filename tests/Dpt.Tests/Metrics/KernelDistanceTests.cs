namespace DPT.Engine.Dpt.Tests;

/// <summary>The kernel distance against values worked out by hand, and against what it must be for known distributions.</summary>
public sealed class KernelDistanceTests
{
    /// <summary>
    /// Within {0, 1}: k = (0 + 1)^3 = 1. Within {2, 3}: 7^3 = 343. Across: 1, 1, 3^3 = 27, 4^3 = 64, in the mean 23.25. 1 + 343 - 2 x 23.25.
    /// </summary>
    [Test]
    public void OfFourNumbers_IsAsByHand()
    {
        Assert.That(KernelDistance.Between([0, 1], [2, 3], width: 1), Is.EqualTo(new KernelDistance(297.5, 0)));
        Assert.That(KernelDistance.Between([2, 3], [0, 1], width: 1), Is.EqualTo(new KernelDistance(297.5, 0)));
    }

    /// <summary>Within {(1, 0), (0, 2)}: (0/2 + 1)^3 = 1. Within {(2, 2), (4, 0)}: 5^3 = 125. Across: 2^3, 3^3, 3^3, 1. 126 - 2 x 15.75.</summary>
    [Test]
    public void OfVectors_DividesByTheirWidth() => Assert.That(
        KernelDistance.Between([1, 0, 0, 2], [2, 2, 4, 0], width: 2).Mean, Is.EqualTo(94.5).Within(1e-12));

    /// <summary>Unbiased: two halves of one distribution are apart by less than the deviation, and one can lie below 0.</summary>
    [Test]
    public void OfOneDistribution_IsAboutZero()
    {
        var distances = Enumerable.Range(0, 20).Select(i => KernelDistance.Between(Normal(60, 8, 2 * i), Normal(60, 8, (2 * i) + 1), 8).Mean).ToList();
        var (mean, least) = (distances.Average(), distances.Min());
        var deviation = Math.Sqrt(distances.Average(d => Math.Pow(d - mean, 2)) / distances.Count);
        Assert.That(Math.Abs(mean), Is.LessThan(3 * deviation));
        Assert.That(least, Is.Negative);
    }

    /// <summary>
    /// Of constant vectors c and d of width 1, whatever the subsets: (c c + 1)^3 + (d d + 1)^3 - 2 (c d + 1)^3, here 8 + 125 - 2 x 27. More
    /// vectors than a subset takes, in sets of different sizes.
    /// </summary>
    [Test]
    public void OfManyVectors_IsTheMeanOverSubsets()
    {
        var distance = KernelDistance.Between(Enumerable.Repeat(1f, 1300).ToArray(), Enumerable.Repeat(2f, 1001).ToArray(), width: 1);
        Assert.That(distance.Mean, Is.EqualTo(79).Within(1e-9));
        Assert.That(distance.Deviation, Is.EqualTo(0).Within(1e-9));
        var (a, b) = (Normal(1300, 4, 1), Normal(1100, 4, 2));
        Assert.That(KernelDistance.Between(a, b, 4), Is.EqualTo(KernelDistance.Between(a, b, 4)), "the same sets give the same subsets");
        Assert.That(KernelDistance.Between(a, b, 4).Deviation, Is.Positive);
    }

    /// <summary>k is 1 for all pairs but an outlier with itself, (1000^2 + 1)^3 = 1e18: a subset that has it twice would show.</summary>
    [Test]
    public void Subset_HasNoVectorTwice()
    {
        float[] real = [.. Enumerable.Repeat(0f, 1001), 1000];
        var drawn = Enumerable.Repeat(0f, 1000).ToArray();
        Assert.That(KernelDistance.Between(real, drawn, width: 1).Mean, Is.EqualTo(0).Within(1e-9));
    }

    [Test]
    public void OfOneVector_Throws() => Assert.That(() => KernelDistance.Between([1], [1, 2], 1), Throws.InstanceOf<ArgumentOutOfRangeException>());

    private static float[] Normal(int count, int width, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count * width).Select(_ => (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble())))];
    }
}
