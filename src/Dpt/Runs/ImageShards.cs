using System.Globalization;
using System.Security.Cryptography;
using DPT.Engine.Autograd;

namespace DPT.Engine.Dpt;

/// <summary>A piece of the work: some images of one class.</summary>
/// <param name="Label">The class.</param>
/// <param name="First">Number of the first image within its class.</param>
/// <param name="Count">Number of images.</param>
public readonly record struct ImageShard(int Label, int First, int Count);

/// <summary>What a set of pseudo-images is: with these numbers every image is determined.</summary>
/// <param name="Classes">Number of classes.</param>
/// <param name="PerClass">Images per class, exactly.</param>
/// <param name="Channels">1 or 3.</param>
/// <param name="ImageSize">Side of an image in pixels.</param>
/// <param name="ShardSize">Images per file; the last file of a class may hold fewer.</param>
/// <param name="Key">Hash of what decides the images: weights, sampler, seed.</param>
public sealed record ImageShardPlan(int Classes, int PerClass, int Channels, int ImageSize, int ShardSize, string Key);

/// <summary>
/// Pseudo-images on disk, <c>shard-003-00000.safetensors</c> and on: K images of every class, in files that appear
/// whole or not at all, and hold the hash of their pixels. Which image is in which file is fixed by the plan, so an
/// interrupted generation goes on with the files that are missing or damaged and ends with the same images.
/// </summary>
public sealed class ImageShards
{
    private const string Tensor = "images";
    private const string PixelHash = "sha256";
    private const int LargestSide = 4096;
    private const int MostFiles = 1_000_000;

    private readonly string _folder;

    private ImageShards(string folder, ImageShardPlan plan)
    {
        _folder = folder;
        Plan = plan;
    }

    /// <summary>What the set is.</summary>
    public ImageShardPlan Plan { get; }

    /// <summary>Every piece, class by class.</summary>
    public IEnumerable<ImageShard> All =>
        from label in Enumerable.Range(0, Plan.Classes)
        from piece in Enumerable.Range(0, ((Plan.PerClass - 1) / Plan.ShardSize) + 1)
        let first = piece * Plan.ShardSize
        select new ImageShard(label, first, Math.Min(Plan.ShardSize, Plan.PerClass - first));

    /// <summary>The pieces still to make. The folder is listed once: a plan may have a million files.</summary>
    public IReadOnlyList<ImageShard> Missing
    {
        get
        {
            var there = Directory.EnumerateFiles(_folder).Select(Path.GetFileName).ToHashSet(StringComparer.Ordinal);
            return [.. All.Where(shard => !there.Contains(NameOf(shard)))];
        }
    }

    /// <summary>The files of the finished set.</summary>
    public IEnumerable<string> Files => All.Select(PathOf).Prepend(ManifestPath(_folder));

    /// <summary>Begins a set in a folder, or goes on with it; files of another plan and damaged ones are removed.</summary>
    /// <param name="folder">The folder; it is made if it is missing.</param>
    /// <param name="plan">What the set is.</param>
    /// <param name="observer">Hears of damage.</param>
    /// <exception cref="DptException">Usage: a size that makes no sense. Environment: the folder cannot be written.</exception>
    public static ImageShards BeginOrResume(string folder, ImageShardPlan plan, IRunObserver observer)
    {
        RequireSense(plan, folder, FailureKind.Usage);
        try
        {
            Directory.CreateDirectory(folder);
            var shards = new ImageShards(folder, plan);
            if (PlanIn(folder, observer) == plan)
            {
                shards.RemoveDamaged(observer);
            }
            else
            {
                // The plan goes first and comes last: no shard is ever seen beside a plan that is not its own.
                File.Delete(ManifestPath(folder));
                Array.ForEach(Directory.GetFiles(folder, "shard-*.safetensors"), File.Delete);
                JsonFiles.Save(ManifestPath(folder), plan);
            }

            return shards;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DptException(FailureKind.Environment, $"cannot write to '{folder}': {error.Message}", error);
        }
    }

    /// <summary>Opens a finished set.</summary>
    /// <exception cref="DptException">Environment: there is none, or it is unfinished. Check: it is damaged.</exception>
    public static ImageShards Open(string folder)
    {
        var plan = JsonFiles.Load<ImageShardPlan>(ManifestPath(folder));
        RequireSense(plan, folder, FailureKind.Check);
        var shards = new ImageShards(folder, plan);
        var missing = shards.Missing;
        return missing.Count == 0
            ? shards
            : throw new DptException(
                FailureKind.Environment,
                $"'{folder}' is unfinished: {missing.Count} of {shards.All.Count()} files are missing, the first is {NameOf(missing[0])}");
    }

    /// <summary>Writes the images of a piece, [count,C,S,S], 0..255.</summary>
    public void Write(ImageShard shard, byte[] images)
    {
        var writer = new SafeTensorsWriter();
        writer.Add(Tensor, [shard.Count, Plan.Channels, Plan.ImageSize, Plan.ImageSize], images);
        writer.Metadata["class"] = shard.Label.ToString(CultureInfo.InvariantCulture);
        writer.Metadata["first"] = shard.First.ToString(CultureInfo.InvariantCulture);
        writer.Metadata[PixelHash] = HashOf(images);
        writer.Save(PathOf(shard));
    }

    /// <summary>All images as a data set, class by class; every class has its K images.</summary>
    /// <param name="name">Name for people.</param>
    /// <param name="classNames">One name per class of the plan.</param>
    /// <exception cref="DptException">Check: a file is damaged or of another set. Environment: one is missing.</exception>
    public ImageDataset Load(string name, IReadOnlyList<string> classNames)
    {
        var length = Plan.Channels * Plan.ImageSize * Plan.ImageSize;
        var pixels = PixelStore.Create(Plan.Classes * Plan.PerClass, length, Array.MaxLength);
        var labels = new int[Plan.Classes * Plan.PerClass];
        foreach (var shard in All)
        {
            var start = (shard.Label * Plan.PerClass) + shard.First;
            var images = Read(shard);
            for (var i = 0; i < shard.Count; i++)
            {
                var at = i * length;
                pixels.Write(start + i, image => images.AsSpan(at, length).CopyTo(image));
            }

            labels.AsSpan(start, shard.Count).Fill(shard.Label);
        }

        return new ImageDataset(name, classNames, Plan.Channels, Plan.ImageSize, pixels, labels);
    }

    /// <summary>Writes every image as a PNG file, <c>folder/class/00000.png</c>.</summary>
    public void ExportPng(string folder, IReadOnlyList<string> classNames)
    {
        var length = Plan.Channels * Plan.ImageSize * Plan.ImageSize;
        foreach (var shard in All)
        {
            var images = Read(shard);
            var target = Directory.CreateDirectory(Path.Combine(folder, classNames[shard.Label])).FullName;
            for (var i = 0; i < shard.Count; i++)
            {
                var image = images.AsSpan(i * length, length).ToArray();
                var path = Path.Combine(target, (shard.First + i).ToString("D5", CultureInfo.InvariantCulture) + ".png");
                AtomicFile.Write(path, stream => ImageFile.EncodePng(stream, image, Plan.Channels, Plan.ImageSize, Plan.ImageSize));
            }
        }
    }

    private static ImageShardPlan? PlanIn(string folder, IRunObserver observer)
    {
        try
        {
            return File.Exists(ManifestPath(folder)) ? JsonFiles.Load<ImageShardPlan>(ManifestPath(folder)) : null;
        }
        catch (DptException damage) when (damage.Kind == FailureKind.Check)
        {
            observer.Message($"the pseudo-images are drawn again: {damage.Message}");
            return null;
        }
    }

    private void RemoveDamaged(IRunObserver observer)
    {
        foreach (var shard in All.Where(shard => File.Exists(PathOf(shard))))
        {
            try
            {
                Read(shard);
            }
            catch (DptException damage) when (damage.Kind == FailureKind.Check)
            {
                observer.Message($"drawn again: {damage.Message}");
                File.Delete(PathOf(shard));
            }
        }
    }

    private static string HashOf(byte[] images) => Convert.ToHexStringLower(SHA256.HashData(images));

    /// <summary>The images of a piece, [count,C,S,S], 0..255.</summary>
    /// <exception cref="DptException">Check: its file is damaged or of another set. Environment: it is missing.</exception>
    public byte[] Read(ImageShard shard)
    {
        var path = PathOf(shard);
        try
        {
            using var reader = new SafeTensorsReader(path);
            var shape = reader.Entries.TryGetValue(Tensor, out var entry) ? entry.Shape : [];
            if (!shape.SequenceEqual([shard.Count, Plan.Channels, Plan.ImageSize, Plan.ImageSize])
                || Number(reader, "class") != shard.Label
                || Number(reader, "first") != shard.First)
            {
                throw new InvalidDataException(
                    $"'{path}' holds images of shape [{string.Join(", ", shape)}] of another class or plan, not {shard} of {Plan}");
            }

            var images = reader.ReadBytes(Tensor);
            return reader.Metadata.GetValueOrDefault(PixelHash) == HashOf(images)
                ? images
                : throw new InvalidDataException($"'{path}' is damaged: its pixels have another hash than it says");
        }
        catch (InvalidDataException error)
        {
            throw new DptException(FailureKind.Check, error.Message, error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DptException(FailureKind.Environment, $"cannot read '{path}': {error.Message}", error);
        }
    }

    private static int? Number(SafeTensorsReader reader, string name) =>
        reader.Metadata.TryGetValue(name, out var text) && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;

    /// <summary>Throws if a plan makes no sense or is too large to be loaded.</summary>
    internal static void RequireSense(ImageShardPlan plan, string folder, FailureKind otherwise)
    {
        var positive = plan.Classes >= 1 && plan.PerClass >= 1 && plan.ShardSize >= 1;
        if (!positive
            || plan.Channels is not (1 or 3)
            || plan.ImageSize is < 1 or > LargestSide
            || plan.Classes * ((plan.PerClass / plan.ShardSize) + 1L) > MostFiles)
        {
            throw new DptException(
                otherwise, $"the pseudo-images in '{folder}' cannot be as planned: {plan}; sides go to {LargestSide} and files to {MostFiles}");
        }

        var images = (long)plan.Classes * plan.PerClass;
        if (images > Array.MaxLength)
        {
            throw new DptException(
                otherwise, $"there would be {images} pseudo-images, at most {Array.MaxLength} can be counted; lower generate.perClass");
        }
    }

    private string PathOf(ImageShard shard) => Path.Combine(_folder, NameOf(shard));

    private static string NameOf(ImageShard shard) =>
        string.Create(CultureInfo.InvariantCulture, $"shard-{shard.Label:D3}-{shard.First:D5}.safetensors");

    private static string ManifestPath(string folder) => Path.Combine(folder, "shards.json");
}
