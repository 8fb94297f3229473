using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using DPT.Engine.Autograd;

namespace DPT.Engine.Dpt;

/// <summary>
/// Features that are computed once for each image, whichever set it is in: an image is known by its pixels. Several seeds, subsets and sets
/// share what they have in common, and what is interrupted goes on where it was.
/// </summary>
/// <remarks>
/// A folder has a sub-folder for each network, named by all that its numbers depend on, and in it <c>.npz</c> files of up to
/// <see cref="PieceImages"/> images: <c>images</c>, uint8 [n, 32], the hash of each; <c>features</c>, float32 [n, width]; <c>hash</c>, uint8
/// [32], over the network's name and both. A file appears whole or not at all, so several processes may share a folder; one that is damaged
/// is told and not used.
/// </remarks>
internal sealed class CachedFeatures : IImageFeatures
{
    /// <summary>What a kill may lose.</summary>
    internal const int PieceImages = 256;

    private const string Images = "images";
    private const string Numbers = "features";
    private const string Hash = "hash";

    private readonly IImageFeatures _features;
    private readonly string? _folder;
    private readonly IRunObserver _observer;
    private readonly Dictionary<string, ArraySegment<float>> _known = new(StringComparer.Ordinal);

    /// <summary>Reads what is there.</summary>
    /// <param name="features">What computes.</param>
    /// <param name="folder">The folder of caches, made where it is not there; null to remember in memory alone.</param>
    /// <param name="observer">Hears of progress and of damage.</param>
    /// <exception cref="DptException">Environment: the folder cannot be made or read.</exception>
    public CachedFeatures(IImageFeatures features, string? folder, IRunObserver observer)
    {
        (_features, _observer) = (features, observer);
        if (folder is null)
        {
            return;
        }

        _folder = Path.Combine(folder, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Name)))[..16]);
        Worded(() => Directory.CreateDirectory(_folder));
        foreach (var path in Directory.GetFiles(_folder, "*.npz").Where(path => !AtomicFile.IsAside(path)).Order(StringComparer.Ordinal))
        {
            Take(path);
        }
    }

    /// <inheritdoc/>
    public string Name => _features.Name;

    /// <inheritdoc/>
    public int Width => _features.Width;

    /// <inheritdoc/>
    public float[] Features(ImageDataset images, CancellationToken stop)
    {
        var keys = Keys(images);
        int[] missing = [.. Enumerable.Range(0, images.Count).DistinctBy(i => keys[i]).Where(i => !_known.ContainsKey(keys[i]))];
        var done = images.Count - missing.Length;
        foreach (var piece in missing.Chunk(PieceImages))
        {
            stop.ThrowIfCancellationRequested();
            Add([.. piece.Select(i => keys[i])], _features.Features(images.Select(piece), stop));
            done += piece.Length;
            _observer.Progress(new WorkProgress("features", done, images.Count, "images", 0, ""));
        }

        var results = new float[(long)images.Count * Width];
        for (var i = 0; i < images.Count; i++)
        {
            _known[keys[i]].AsSpan().CopyTo(results.AsSpan(i * Width));
        }

        return results;
    }

    /// <inheritdoc/>
    public float[]? Probabilities(ImageDataset images, CancellationToken stop) => _features.Probabilities(images, stop);

    private void Add(string[] keys, float[] features)
    {
        if (_folder is not null)
        {
            var bytes = keys.SelectMany(Convert.FromHexString).ToArray();
            var hash = HashOf(bytes, features);
            var path = Path.Combine(_folder, $"{Convert.ToHexStringLower(hash)[..16]}.npz");
            Worded(() => NpyFile.WriteAll(path,
            [
                (Images, NpyFile.Content(new NpyArray<byte>([keys.Length, SHA256.HashSizeInBytes], bytes))),
                (Numbers, NpyFile.Content(new NpyArray<float>([keys.Length, Width], features))),
                (Hash, NpyFile.Content(new NpyArray<byte>([hash.Length], hash))),
            ]));
        }

        Remember(keys, features);
    }

    private void Take(string path)
    {
        try
        {
            var (images, features, hash) = DataFile.ReadSeekable(path, stream =>
            {
                using var archive = new NpzArchive(stream);
                return (archive.Bytes(Images), archive.Floats(Numbers), archive.Bytes(Hash));
            });
            if (images.Shape is not [var count, SHA256.HashSizeInBytes]
                || !features.Shape.SequenceEqual([count, Width])
                || !hash.Values.SequenceEqual(HashOf(images.Values, features.Values)))
            {
                throw DataFile.Corrupt(path, "its numbers are not those that were written, or of another network");
            }

            Remember([.. images.Values.Chunk(SHA256.HashSizeInBytes).Select(Convert.ToHexStringLower)], features.Values);
        }
        catch (DptException error) when (error.Kind == FailureKind.Check)
        {
            _observer.Message($"{error.Message}; its features are computed again");
        }
    }

    private void Remember(string[] keys, float[] features)
    {
        foreach (var (row, key) in keys.Index())
        {
            _known[key] = new ArraySegment<float>(features, row * Width, Width);
        }
    }

    private byte[] HashOf(byte[] images, float[] features)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(Name));
        hash.AppendData(images);
        hash.AppendData(MemoryMarshal.AsBytes(features.AsSpan()));
        return hash.GetHashAndReset();
    }

    /// <summary>An image by its pixels, whose number tells the form: three times a square is no square.</summary>
    private static string[] Keys(ImageDataset images)
    {
        var keys = new string[images.Count];
        for (var i = 0; i < keys.Length; i++)
        {
            keys[i] = Convert.ToHexStringLower(SHA256.HashData(images.Image(i)));
        }

        return keys;
    }

    private void Worded(Action work)
    {
        try
        {
            work();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DptException(FailureKind.Environment, $"cannot write features to '{_folder}': {error.Message}", error);
        }
    }
}
