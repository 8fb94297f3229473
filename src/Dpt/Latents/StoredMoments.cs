using DPT.Engine.Autograd;

namespace DPT.Engine.Dpt;

/// <summary>
/// The moments in a file of <see cref="LatentFile"/>, read where they are asked for: those of a million images have no room in memory. Safe
/// for use from several threads.
/// </summary>
internal sealed class StoredMoments : IDisposable
{
    private const int MostChannels = 4096, MostSide = 4096;

    private readonly string _path;
    private readonly SafeTensorsReader _file;

    private StoredMoments(string path, SafeTensorsReader file)
    {
        (_path, _file) = (path, file);
        var shape = file.Entries.TryGetValue(LatentFile.Moments, out var entry) ? entry.Shape : [];
        if (shape is not [>= 1 and <= int.MaxValue, LatentFile.Views, >= 2 and <= MostChannels, >= 1 and <= MostSide, _] || shape[2] % 2 != 0 || shape[3] != shape[4])
        {
            throw new InvalidDataException($"its moments are [{string.Join(", ", shape)}], not [N, {LatentFile.Views}, 2z, s, s] as `dpt encode` writes them");
        }

        (Count, Channels, Side) = ((int)shape[0], (int)shape[2] / 2, (int)shape[3]);
        (Autoencoder, Images) = (Said(LatentFile.Autoencoder), Said(LatentFile.Images));
    }

    /// <summary>Number of images.</summary>
    public int Count { get; }

    /// <summary>Channels of a latent.</summary>
    public int Channels { get; }

    /// <summary>Side of a latent.</summary>
    public int Side { get; }

    /// <summary>Numbers of a latent; its moments are twice as many.</summary>
    public int Length => Channels * Side * Side;

    /// <summary>Hash of the autoencoder that made them.</summary>
    public string Autoencoder { get; }

    /// <summary>Hash of the images that they are of.</summary>
    public string Images { get; }

    /// <summary>Opens a file.</summary>
    /// <exception cref="DptException">Environment: it cannot be read. Check: it is damaged, or no file of moments.</exception>
    public static StoredMoments Open(string path) => DataFile.Worded(path, () =>
    {
        var file = new SafeTensorsReader(path);
        try
        {
            return new StoredMoments(path, file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    });

    /// <summary>Reads the moments of an image, or of its mirrored copy.</summary>
    /// <param name="image">Which image.</param>
    /// <param name="isCopy">Whether the copy's.</param>
    /// <param name="moments">Receives them: means, then logarithms of variances.</param>
    /// <exception cref="DptException">Environment: they cannot be read. Check: the file has become shorter.</exception>
    public void Read(int image, bool isCopy, Span<float> moments)
    {
        try
        {
            _file.ReadFloats(LatentFile.Moments, ((LatentFile.Views * (long)image) + (isCopy ? 1 : 0)) * moments.Length, moments);
        }
        catch (InvalidDataException error)
        {
            throw DataFile.Corrupt(_path, error.Message, error);
        }
        catch (IOException error)
        {
            throw new DptException(FailureKind.Environment, $"cannot read '{_path}': {error.Message}", error);
        }
    }

    public void Dispose() => _file.Dispose();

    private string Said(string name) =>
        _file.Metadata.GetValueOrDefault(name) ?? throw new InvalidDataException($"its metadata have no {name}, as those of `dpt encode` have");
}
