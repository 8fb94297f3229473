namespace DPT.Engine.Dpt.Tests;

/// <summary>Latents of moments: the formula, its clamp, its noise.</summary>
public sealed class LatentMomentsTests
{
    [Test]
    public void Draw_WithGivenNoise_IsWhatPyTorchDraws()
    {
        var (moments, noise, expected) = (Floats("moments"), Floats("noise"), Floats("latents"));
        var latents = new float[27];
        for (var image = 0; image < 2; image++)
        {
            LatentMoments.Draw(moments.AsSpan(54 * image, 54), noise.AsSpan(27 * image, 27), latents);
            Assert.That(latents, Is.EqualTo(expected.AsSpan(27 * image, 27).ToArray()).Within(1e-6f));
        }

        static float[] Floats(string name) => NpyFile.ReadFloats(WeightFiles.PathOf($"autoencoder-{name}.npy")).Values;
    }

    /// <summary>e^-15 and e^10 are the least and the most deviation.</summary>
    [TestCase(-30f, 3.0590232e-07f)]
    [TestCase(-31f, 3.0590232e-07f)]
    [TestCase(float.NegativeInfinity, 3.0590232e-07f)]
    [TestCase(0f, 1f)]
    [TestCase(2f, 2.7182817f)]
    [TestCase(20f, 22026.465f)]
    [TestCase(21f, 22026.465f)]
    [TestCase(float.PositiveInfinity, 22026.465f)]
    public void Draw_ClampsTheLogarithm(float logVariance, float deviation)
    {
        var latent = new float[1];
        LatentMoments.Draw([0, logVariance], [1], latent);
        Assert.That(latent[0], Is.EqualTo(0.18215f * deviation).Within(1e-6f * deviation));
    }

    [TestCase(float.NaN, 0)]
    [TestCase(0, float.NaN)]
    public void Draw_OfWhatIsNoNumber_IsNone(float mean, float logVariance)
    {
        var latent = new float[1];
        LatentMoments.Draw([mean, logVariance], [1], latent);
        Assert.That(latent[0], Is.NaN);
    }

    /// <summary>The scale is on the mean and on the noise, once on either.</summary>
    [Test]
    public void Draw_WithoutVariance_IsTheScaledMean()
    {
        var latent = new float[2];
        LatentMoments.Draw([3, -5, float.NegativeInfinity, float.NegativeInfinity], [0, 0], latent);
        Assert.That(latent, Is.EqualTo(new[] { 3 * 0.18215f, -5 * 0.18215f }));
    }

    /// <summary>Noise is standard normal, and an image's is the same in every batch.</summary>
    [Test]
    public void Draw_OfManyImages_AddressesTheNoiseOfEach()
    {
        const int Images = 200, Elements = 4 * 4;
        var moments = new NpyArray<float>([Images, 8, 2, 2], new float[2 * Images * Elements]);
        var latents = LatentMoments.Draw(moments, seed: 9, firstSample: 5);
        Assert.That(latents.Shape, Is.EqualTo(new[] { Images, 4, 2, 2 }));
        var noise = Array.ConvertAll(latents.Values, value => value / LatentMoments.Scale);
        Assert.That(noise.Average(), Is.Zero.Within(4 / Math.Sqrt(noise.Length)));
        Assert.That(noise.Average(value => value * value), Is.EqualTo(1).Within(4 * Math.Sqrt(2.0 / noise.Length)));
        Assert.That(noise.Chunk(Elements).Select(image => image[0]), Is.Unique);
        var seventh = LatentMoments.Draw(new NpyArray<float>([1, 8, 2, 2], new float[2 * Elements]), seed: 9, firstSample: 5 + 7);
        Assert.That(seventh.Values, Is.EqualTo(latents.Values.AsSpan(7 * Elements, Elements).ToArray()));
        Assert.That(LatentMoments.Draw(moments, seed: 8, firstSample: 5).Values, Is.Not.EqualTo(latents.Values));
    }

    [Test]
    public void Draw_OfLengthsThatDoNotFit_Throws()
    {
        Assert.Throws<ArgumentException>(() => LatentMoments.Draw([0, 0, 0], [0], new float[1]));
        Assert.Throws<ArgumentException>(() => LatentMoments.Draw([0, 0], [], new float[1]));
        Assert.Throws<ArgumentException>(() => LatentMoments.Draw(new NpyArray<float>([1, 3, 1, 1], [0, 0, 0]), seed: 1, firstSample: 0));
        Assert.Throws<ArgumentException>(() => LatentMoments.Draw(new NpyArray<float>([2], [0, 0]), seed: 1, firstSample: 0));
    }
}
