using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>What to encode.</summary>
/// <param name="Data">The set; its training images are encoded.</param>
/// <param name="Seed">Seed of what is drawn of the set, and of a set that is made.</param>
/// <param name="Autoencoder">A folder of <c>dpt import --as autoencoder</c>.</param>
/// <param name="Out">The file to write, which is not there yet.</param>
public sealed record EncodeRequest(DataOptions Data, int Seed, string Autoencoder, string Out);

/// <summary>What was encoded.</summary>
/// <param name="Autoencoder">By what.</param>
/// <param name="Images">How many images.</param>
/// <param name="Found">How many of them an earlier session had encoded.</param>
/// <param name="Moments">Sizes of all moments.</param>
public sealed record EncodeResult(string Autoencoder, int Images, int Found, string Moments);

/// <summary>
/// The moments of a set's training images and of their mirrored copies (spec 1.5, 4.3): images are cut as ADM cuts them, and copies are
/// encoded, as mirrored moments would not be those of mirrored images.
/// </summary>
public static class LatentExtraction
{
    /// <summary>Images of a pass; the copies go with them.</summary>
    private const int Batch = 4;

    /// <summary>Encodes.</summary>
    /// <param name="request">What.</param>
    /// <param name="device">Where to compute.</param>
    /// <param name="observer">Hears of progress.</param>
    /// <param name="stop">Stops between batches; what is done stays, and the same request goes on with it.</param>
    /// <exception cref="DptException">
    /// Usage: the images are none for this autoencoder, or what is there was begun in another precision. Environment and Check: a file cannot be read or written, or is damaged. Diverged: a
    /// moment is not finite.
    /// </exception>
    public static EncodeResult Of(EncodeRequest request, Device device, IRunObserver observer, CancellationToken stop)
    {
        var images = DatasetCatalog.Load(request.Data with { Crop = ImageCrop.Adm }, request.Seed).Train;
        using var space = LatentSpace.Open(device, request.Autoencoder, images.Form);
        var found = Write(request.Out, images, space, observer, stop);
        return new EncodeResult(space.Description, images.Count, found, $"[{string.Join(", ", [images.Count, LatentFile.Views, .. space.Moments])}]");
    }

    /// <summary>Writes the moments of images, or goes on with them.</summary>
    /// <param name="path">The file, which is not there yet.</param>
    /// <param name="images">The images.</param>
    /// <param name="space">The autoencoder, opened for them.</param>
    /// <param name="observer">Hears of progress.</param>
    /// <param name="stop">Stops between batches; what is done stays.</param>
    /// <returns>How many images were there already.</returns>
    /// <exception cref="DptException">See <see cref="Of"/>.</exception>
    internal static int Write(string path, ImageDataset images, LatentSpace space, IRunObserver observer, CancellationToken stop)
    {
        var origin = new Dictionary<string, string>
        {
            [LatentFile.Autoencoder] = space.Hash,
            [LatentFile.Images] = images.Hash,
            [LatentFile.Precision] = space.Precision.ToString().ToLowerInvariant(),
        };
        return LatentFile.Write(path, images, origin, [LatentFile.Views, .. space.Moments], Pieces);

        IEnumerable<float[]> Pieces(int first)
        {
            for (var start = first; start < images.Count; start += Batch)
            {
                stop.ThrowIfCancellationRequested();
                var count = Math.Min(Batch, images.Count - start);
                yield return space.Encode(images, start, count);
                observer.Progress(new WorkProgress("encode", start + count, images.Count, "images", 0, ""));
            }
        }
    }
}
