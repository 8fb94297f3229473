using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>
/// Latents as a generator learns them (spec 4.3): every time that an image is drawn it has new noise, and its mirrored copy takes its place
/// in half of the draws. A draw follows from seed and number, so it is the same in every batch, on every device and after a resume.
/// </summary>
/// <param name="stored">The moments of the images and of their copies.</param>
/// <param name="flip">Whether copies are drawn.</param>
/// <param name="seed">Seed of the draws.</param>
internal sealed class LatentDraws(StoredMoments stored, bool flip, ulong seed)
{
    private readonly float[] _moments = new float[2 * stored.Length];

    /// <summary>Draws the latent of an image; by one thread at a time.</summary>
    /// <param name="image">Which image.</param>
    /// <param name="sample">Number of the draw.</param>
    /// <param name="latent">Receives it, [z, s, s], with the scale.</param>
    /// <exception cref="DptException">Environment and Check: the moments cannot be read.</exception>
    public void Draw(int image, long sample, Span<float> latent)
    {
        var isCopy = flip && new PhiloxStream(seed, RunStreams.LatentView, sample).NextUniform() < 0.5f;
        stored.Read(image, isCopy, _moments);
        LatentMoments.Draw(_moments, seed, sample, latent);
    }
}
