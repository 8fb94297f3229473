using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>What generators see, by what settings name.</summary>
internal static class ImageSpaces
{
    /// <summary>Opens it.</summary>
    /// <param name="device">Where an autoencoder computes.</param>
    /// <param name="autoencoder">A folder of <c>dpt import --as autoencoder</c>; null for pixels.</param>
    /// <param name="images">What images are like.</param>
    /// <exception cref="DptException">See <see cref="LatentSpace.Open"/>.</exception>
    public static IImageSpace Of(Device device, string? autoencoder, ImageForm images) =>
        autoencoder is null ? new PixelSpace(images) : LatentSpace.Open(device, autoencoder, images);
}
