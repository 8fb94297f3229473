using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>
/// From what an autoencoder says of an image to the latents that diffusion models learn (spec 4.2): scale (mean + exp(logvar / 2) noise).
/// Moments are kept as the network gives them; clamp and scale come in here alone.
/// </summary>
public static class LatentMoments
{
    /// <summary>What makes latents of codes; officially the inverse of the deviation of codes of many images.</summary>
    public const float Scale = 0.18215f;

    private const float LeastLogVariance = -30, MostLogVariance = 20;

    /// <summary>Draws a latent.</summary>
    /// <param name="moments">Means, then as many logarithms of variances.</param>
    /// <param name="noise">Standard normal, half as many.</param>
    /// <param name="latent">Result, half as many.</param>
    /// <exception cref="ArgumentException">The lengths do not fit.</exception>
    public static void Draw(ReadOnlySpan<float> moments, ReadOnlySpan<float> noise, Span<float> latent)
    {
        if (moments.Length != 2 * latent.Length || noise.Length != latent.Length)
        {
            throw new ArgumentException($"{moments.Length} moments and {noise.Length} numbers of noise for a latent of {latent.Length}");
        }

        for (var i = 0; i < latent.Length; i++)
        {
            latent[i] = Scale * (moments[i] + (Deviation(moments[latent.Length + i]) * noise[i]));
        }
    }

    /// <summary>The latents of all images, each with noise of its own that is addressed by seed and number.</summary>
    /// <param name="moments">[N, 2 latent channels, s, s].</param>
    /// <param name="seed">Seed of the noise.</param>
    /// <param name="firstSample">Number of the first of them among all.</param>
    /// <returns>[N, latent channels, s, s].</returns>
    /// <exception cref="ArgumentException">The shape is no moments'.</exception>
    public static NpyArray<float> Draw(NpyArray<float> moments, ulong seed, long firstSample)
    {
        if (moments.Shape.Count != 4 || moments.Shape[1] % 2 != 0)
        {
            throw new ArgumentException($"moments are {moments}, they must be [N, 2 latent channels, s, s]", nameof(moments));
        }

        var (count, ofMoments) = (moments.Shape[0], moments.Values.Length / Math.Max(1, moments.Shape[0]));
        var latents = new float[moments.Values.Length / 2];
        for (var i = 0; i < count; i++)
        {
            Draw(moments.Values.AsSpan(i * ofMoments, ofMoments), seed, firstSample + i, latents.AsSpan(i * ofMoments / 2, ofMoments / 2));
        }

        return new NpyArray<float>([count, moments.Shape[1] / 2, moments.Shape[2], moments.Shape[3]], latents);
    }

    /// <summary>Draws the latent of a sample, with noise of its own that is addressed by seed and number.</summary>
    /// <param name="moments">Means, then as many logarithms of variances.</param>
    /// <param name="seed">Seed of the noise.</param>
    /// <param name="sample">Number of the sample.</param>
    /// <param name="latent">Result, half as many.</param>
    internal static void Draw(ReadOnlySpan<float> moments, ulong seed, long sample, Span<float> latent)
    {
        var random = new PhiloxStream(seed, RunStreams.LatentNoise, sample);
        foreach (ref var noise in latent)
        {
            noise = random.NextNormal();
        }

        Draw(moments, latent, latent);
    }

    private static float Deviation(float logVariance) => MathF.Exp(Math.Clamp(logVariance, LeastLogVariance, MostLogVariance) / 2);
}
