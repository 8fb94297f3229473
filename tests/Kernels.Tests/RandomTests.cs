using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>Philox against its published vectors, and the numbers made from it against their distributions.</summary>
public sealed class RandomTests
{
    // Random123 1.14, kat_vectors, philox4x32-10.
    [TestCase(0u, 0u, 0u, 0u, 0u, 0u, 0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u)]
    [TestCase(
        ~0u, ~0u, ~0u, ~0u, ~0u, ~0u, 0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu)]
    [TestCase(
        0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u, 0xa4093822u, 0x299f31d0u,
        0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u)]
    public void Block_PublishedVectors_AreReproduced(
        uint c0, uint c1, uint c2, uint c3, uint k0, uint k1, uint w0, uint w1, uint w2, uint w3) =>
        Assert.That(Philox.Block(c0, c1, c2, c3, k0, k1), Is.EqualTo(new PhiloxBlock(w0, w1, w2, w3)));

    [Test]
    public void Fill_Uniform_IsTheStreamOfEachSample([Values] SimdWidth width)
    {
        var numbers = Draw(RandomDistribution.Uniform, 3, 1001, (1L << 33) - 1, width);
        for (var sample = 0; sample < 3; sample++)
        {
            var stream = new PhiloxStream(7, 9, (1L << 33) - 1 + sample);
            for (var i = 0; i < 1001; i++)
            {
                Assert.That(numbers[(sample * 1001) + i], Is.EqualTo(stream.NextUniform()), $"{sample} {i}");
            }
        }
    }

    [Test]
    public void Fill_OtherBatchSize_GivesTheSameBits([Values] RandomDistribution distribution)
    {
        var whole = Draw(distribution, 5, 301, 100, SimdWidth.Vector256);
        var alone = Draw(distribution, 1, 301, 103, SimdWidth.Vector256);
        Assert.That(alone, Is.EqualTo(whole[(3 * 301)..(4 * 301)]));
    }

    [Test]
    public void Fill_FewerElements_IsAPrefix([Values] RandomDistribution distribution)
    {
        var longer = Draw(distribution, 1, 5000, 0, SimdWidth.Vector256);
        var shorter = Draw(distribution, 1, 333, 0, SimdWidth.Vector256);
        Assert.That(shorter, Is.EqualTo(longer[..333]));
    }

    [Test]
    public void Fill_Normal_HasTheMomentsAndTheDistribution()
    {
        var numbers = DrawMany(RandomDistribution.Normal);
        var n = numbers.Length;
        Assert.Multiple(() =>
        {
            // Five standard errors of each moment.
            Assert.That(numbers.Average(), Is.Zero.Within(5 / Math.Sqrt(n)));
            Assert.That(numbers.Average(x => x * x), Is.EqualTo(1).Within(5 * Math.Sqrt(2.0 / n)));
            Assert.That(numbers.Average(x => x * x * x), Is.Zero.Within(5 * Math.Sqrt(15.0 / n)));
            Assert.That(numbers.Average(x => x * x * x * x), Is.EqualTo(3).Within(5 * Math.Sqrt(96.0 / n)));
            Assert.That(KolmogorovSmirnov(numbers, NormalCdf), Is.LessThan(2));
        });
    }

    [Test]
    public void Fill_Uniform_HasTheDistribution()
    {
        var numbers = DrawMany(RandomDistribution.Uniform);
        Assert.Multiple(() =>
        {
            Assert.That(numbers.Min(), Is.GreaterThanOrEqualTo(0));
            Assert.That(numbers.Max(), Is.LessThan(1));
            Assert.That(KolmogorovSmirnov(numbers, x => x), Is.LessThan(2));
        });
    }

    [Test]
    public void Fill_NeighbouringElements_AreUncorrelated([Values(1, 2, 4)] int lag)
    {
        var numbers = Draw(RandomDistribution.Normal, 1, 200000, 0, SimdWidth.Vector256);
        var correlation = Enumerable.Range(0, numbers.Length - lag).Average(i => (double)numbers[i] * numbers[i + lag]);
        Assert.That(correlation, Is.Zero.Within(5 / Math.Sqrt(numbers.Length)));
    }

    [Test]
    public void Stream_NextNormal_HasUnitVariance()
    {
        var stream = new PhiloxStream(3, 1, 4);
        var squares = Enumerable.Range(0, 50000).Average(_ => Math.Pow(stream.NextNormal(), 2));
        Assert.That(squares, Is.EqualTo(1).Within(5 * Math.Sqrt(2.0 / 50000)));
    }

    [TestCase(1)]
    [TestCase(7)]
    [TestCase(int.MaxValue)]
    public void Stream_NextInt_StaysBelowTheBoundAndIsEven(int bound)
    {
        const int Count = 50000;
        var stream = new PhiloxStream(5, 0, 0);
        var draws = Enumerable.Range(0, Count).Select(_ => stream.NextInt(bound)).ToArray();
        Assert.Multiple(() =>
        {
            Assert.That(draws.Min(), Is.GreaterThanOrEqualTo(0));
            Assert.That(draws.Max(), Is.LessThan(bound));
            Assert.That(
                draws.Average() / bound,
                Is.EqualTo((bound - 1.0) / 2 / bound).Within(5 * 0.29 / Math.Sqrt(Count)));
        });
    }

    /// <summary>
    /// Without rejection, of three neighbours below a bound of 3/8 of the words two would come from three words each and one
    /// from two.
    /// </summary>
    [Test]
    public void Stream_NextIntOfALargeBound_FavoursNoRemainder()
    {
        const int Count = 50000;
        var stream = new PhiloxStream(5, 0, 0);
        var counts = new int[3];
        for (var i = 0; i < Count; i++)
        {
            counts[stream.NextInt(3 << 29) % 3]++;
        }

        Assert.That(counts, Is.All.EqualTo(Count / 3.0).Within(5 * Math.Sqrt(Count * 2 / 9.0)));
    }

    [Test]
    public void Uniform_OfTheExtremeWords_IsBetweenZeroAndOne()
    {
        Assert.That(Philox.Uniform(0), Is.Zero);
        Assert.That(Philox.Uniform(uint.MaxValue), Is.EqualTo(1 - (1f / (1 << 24))));
        Assert.That(Philox.PositiveUniform(0), Is.EqualTo(1f / (1L << 33)));
        Assert.That(Philox.PositiveUniform(uint.MaxValue), Is.EqualTo(1));
    }

    [Test]
    public void Stream_NextIntOfNothing_IsRefused() => Assert.That(
        () => new PhiloxStream(0, 0, 0).NextInt(0), Throws.TypeOf<ArgumentOutOfRangeException>());

    private static double[] DrawMany(RandomDistribution distribution) =>
        [.. Draw(distribution, 20, 10000, 0, SimdWidth.Vector256).Select(x => (double)x)];

    private static float[] Draw(RandomDistribution distribution, int samples, int elements, long first, SimdWidth width)
    {
        using var device = new HostDevice(2, width);
        using var output = device.Allocate<float>((long)samples * elements);
        device.Run(RandomOperators.Fill, new RandomCall
        {
            Samples = samples,
            Elements = elements,
            Distribution = distribution,
            Seed = 7,
            Stream = 9,
            FirstSample = first,
            Output = output.Slice,
        });
        return device.Download(output.Slice);
    }

    /// <summary>Largest distance of the distributions times sqrt(n); above 2 with probability 0.0007.</summary>
    private static double KolmogorovSmirnov(double[] numbers, Func<double, double> cdf)
    {
        Array.Sort(numbers);
        var n = numbers.Length;
        return Math.Sqrt(n) * Enumerable.Range(0, n).Max(i =>
            Math.Max(Math.Abs(cdf(numbers[i]) - ((double)i / n)), Math.Abs(cdf(numbers[i]) - ((i + 1.0) / n))));
    }

    /// <summary>By Simpson's rule from 0: slow and sure.</summary>
    private static double NormalCdf(double x)
    {
        const int Steps = 64;
        var h = x / Steps;
        var sum = 0.0;
        for (var i = 0; i <= Steps; i++)
        {
            sum += (i is 0 or Steps ? 1 : i % 2 == 1 ? 4 : 2) * Math.Exp(-0.5 * i * i * h * h);
        }

        return 0.5 + (sum * h / 3 / Math.Sqrt(2 * Math.PI));
    }
}
