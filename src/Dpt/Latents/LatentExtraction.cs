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
        using var network = ForeignAutoencoder.OpenFolder(device, request.Autoencoder);
        int[] row = [LatentFile.Views, .. network.MomentsOf(images.Form)];
        var origin = new Dictionary<string, string>
        {
            [LatentFile.Autoencoder] = FileHash.Of(Path.Combine(request.Autoencoder, HubFolder.ModelName)),
            [LatentFile.Images] = images.Hash,
            [LatentFile.Precision] = device.Precision.ToString().ToLowerInvariant(),
        };
        var found = LatentFile.Write(request.Out, images, origin, row, Pieces);
        return new EncodeResult(network.Description, images.Count, found, $"[{string.Join(", ", [images.Count, .. row])}]");

        IEnumerable<float[]> Pieces(int first)
        {
            for (var start = first; start < images.Count; start += Batch)
            {
                stop.ThrowIfCancellationRequested();
                var count = Math.Min(Batch, images.Count - start);
                yield return network.Encode(WithCopies(images, network.Channels, start, count)).Values;
                observer.Progress(new WorkProgress("encode", start + count, images.Count, "images", 0, ""));
            }
        }
    }

    /// <summary>Images of -1..1, each with its mirrored copy behind it, [2 count, C, S, S]; grey ones in all channels.</summary>
    private static NpyArray<float> WithCopies(ImageDataset images, int channels, int first, int count)
    {
        var side = images.ImageSize;
        var input = new FrozenInput(channels, side, PixelScale.Find("signed"));
        var pixels = new float[count * input.Length];
        input.Fill(images, first, count, pixels);
        var both = new float[LatentFile.Views * pixels.Length];
        for (var i = 0; i < count; i++)
        {
            var image = pixels.AsSpan(i * input.Length, input.Length);
            image.CopyTo(both.AsSpan(LatentFile.Views * i * input.Length));
            var copy = both.AsSpan(((LatentFile.Views * i) + 1) * input.Length, input.Length);
            image.CopyTo(copy);
            for (var line = 0; line < copy.Length; line += side)
            {
                copy.Slice(line, side).Reverse();
            }
        }

        return new NpyArray<float>([LatentFile.Views * count, channels, side, side], both);
    }
}
