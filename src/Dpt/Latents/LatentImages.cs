using System.Globalization;
using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>Latents as images: a folder of PNG files, <c>00000.png</c> and on, with pixels as the official code rounds them.</summary>
public static class LatentImages
{
    /// <summary>Latents of a pass.</summary>
    private const int Batch = 4;

    /// <summary>Decodes; the folder appears whole or not at all.</summary>
    /// <param name="latents">With the scale, [N, latent channels, s, s].</param>
    /// <param name="autoencoder">A folder of <c>dpt import --as autoencoder</c>.</param>
    /// <param name="path">The folder to make, in one that is there.</param>
    /// <param name="device">Where to compute.</param>
    /// <param name="observer">Hears of progress.</param>
    /// <param name="stop">Stops between batches, with nothing written.</param>
    /// <exception cref="DptException">
    /// Usage: the latents are none of this autoencoder. Environment and Check: a file cannot be read or written, or is damaged. Diverged: a
    /// pixel is not finite.
    /// </exception>
    public static void Save(
        NpyArray<float> latents, string autoencoder, string path, Device device, IRunObserver observer, CancellationToken stop)
    {
        using var network = ForeignAutoencoder.OpenFolder(device, autoencoder);
        network.RequireLatents(latents);
        var (count, length) = (latents.Shape[0], latents.Values.Length / latents.Shape[0]);
        try
        {
            AtomicFolder.Create(path, folder =>
            {
                for (var first = 0; first < count; first += Batch)
                {
                    stop.ThrowIfCancellationRequested();
                    var batch = Math.Min(Batch, count - first);
                    var part = new NpyArray<float>(
                        [batch, .. latents.Shape.Skip(1)], latents.Values.AsSpan(first * length, batch * length).ToArray());
                    Write(folder, first, network.Decode(part));
                    observer.Progress(new WorkProgress("decode", first + batch, count, "images", 0, ""));
                }
            });
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DptException(FailureKind.Environment, $"cannot write '{path}': {error.Message}", error);
        }
    }

    private static void Write(string folder, int first, NpyArray<float> images)
    {
        var (channels, side) = (images.Shape[1], images.Shape[2]);
        foreach (var (i, image) in images.Values.Chunk(channels * side * side).Index())
        {
            var name = (first + i).ToString("D5", CultureInfo.InvariantCulture) + ".png";
            AtomicFile.Write(
                Path.Combine(folder, name), stream => ImageFile.EncodePng(stream, Array.ConvertAll(image, PixelLevel.Of), channels, side, side));
        }
    }
}
