namespace DPT.Engine.Dpt;

/// <summary>What a generator's network sees of images, and the way back from what it draws: pixels, or latents of an autoencoder.</summary>
internal interface IImageSpace : IDisposable
{
    /// <summary>What the network sees of an image.</summary>
    ImageForm Seen { get; }

    /// <summary>Floats on a device that it holds and that making images of samples takes, about.</summary>
    long Floats { get; }

    /// <summary>The images of samples. An image does not depend on those beside it.</summary>
    /// <param name="samples">[N, channels, side, side] of <see cref="Seen"/>.</param>
    /// <returns>[N,C,S,S], 0..255.</returns>
    /// <exception cref="DptException">Diverged: a number is not finite.</exception>
    byte[] ImagesOf(float[] samples);
}
