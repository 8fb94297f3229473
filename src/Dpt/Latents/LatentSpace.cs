using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>
/// A network that sees latents of an autoencoder (spec 4.2). Where images are grey and the autoencoder's are not, they are grey in all its
/// channels, and of what it decodes the mean.
/// </summary>
internal sealed class LatentSpace : IImageSpace
{
    /// <summary>Latents of a pass: few, as the decoder's largest layers have the size of the images.</summary>
    private const int Batch = 4;

    private readonly ForeignAutoencoder _autoencoder;
    private readonly ImageForm _images;

    private LatentSpace(ForeignAutoencoder autoencoder, string hash, ImageForm images)
    {
        (_autoencoder, Hash, _images) = (autoencoder, hash, images);
        var moments = autoencoder.MomentsOf(images);
        Seen = new ImageForm(moments[0] / 2, moments[1], images.Classes);
    }

    public ImageForm Seen { get; }

    public long Floats => _autoencoder.FloatsOf(_images.Side, LatentFile.Views * Batch);

    /// <summary>Hash of the autoencoder: latents of others are other latents.</summary>
    public string Hash { get; }

    /// <summary>The autoencoder, in words.</summary>
    public string Description => _autoencoder.Description;

    /// <summary>Sizes of an image's moments.</summary>
    public int[] Moments => [2 * Seen.Channels, Seen.Side, Seen.Side];

    /// <summary>What computes it.</summary>
    public Precision Precision => _autoencoder.Precision;

    /// <summary>Opens an autoencoder.</summary>
    /// <param name="device">Where it computes.</param>
    /// <param name="folder">A folder of <c>dpt import --as autoencoder</c>.</param>
    /// <param name="images">The images that it is for.</param>
    /// <exception cref="DptException">Usage: it is another network, or there are no latents of such images. Environment and Check as of any folder.</exception>
    public static LatentSpace Open(Device device, string folder, ImageForm images)
    {
        var autoencoder = ForeignAutoencoder.OpenFolder(device, folder);
        try
        {
            return new LatentSpace(autoencoder, HashOf(folder), images);
        }
        catch
        {
            autoencoder.Dispose();
            throw;
        }
    }

    /// <summary>Hash of the autoencoder in a folder.</summary>
    /// <exception cref="DptException">Environment: it cannot be read.</exception>
    public static string HashOf(string folder)
    {
        var path = Path.Combine(folder, HubFolder.ModelName);
        return DataFile.Worded(path, () => FileHash.Of(path));
    }

    public byte[] ImagesOf(float[] samples) => [.. samples.Chunk(Batch * Seen.Elements).SelectMany(Decode)];

    /// <summary>The moments of some images, of each those of its mirrored copy behind its own.</summary>
    /// <param name="images">The images, of the form that it was opened for.</param>
    /// <param name="first">The first of them.</param>
    /// <param name="count">How many.</param>
    /// <exception cref="DptException">Diverged: a number is not finite.</exception>
    public float[] Encode(ImageDataset images, int first, int count)
    {
        var side = images.ImageSize;
        var input = new FrozenInput(_autoencoder.Channels, side, PixelScale.Find("signed"));
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

        return _autoencoder.Encode(new NpyArray<float>([LatentFile.Views * count, _autoencoder.Channels, side, side], both)).Values;
    }

    public void Dispose() => _autoencoder.Dispose();

    private IEnumerable<byte> Decode(float[] latents)
    {
        var decoded = _autoencoder.Decode(
            new NpyArray<float>([latents.Length / Seen.Elements, Seen.Channels, Seen.Side, Seen.Side], latents)).Values;
        var (channels, plane) = (_autoencoder.Channels, _images.Side * _images.Side);
        return _images.Channels == channels
            ? decoded.Select(PixelLevel.Of)
            : decoded.Chunk(channels * plane).SelectMany(image => Enumerable.Range(0, plane).Select(i => PixelLevel.Of(MeanOf(image, i))));

        float MeanOf(float[] image, int pixel) => Enumerable.Range(0, channels).Sum(c => image[(c * plane) + pixel]) / channels;
    }
}
