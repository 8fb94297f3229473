using System.Security.Cryptography;

namespace DPT.Engine.Dpt;

/// <summary>Images of a set with the same pixels.</summary>
/// <param name="Names">Each with its part, <c>train cat/0.png</c> or, where images are no files, <c>train 17</c>.</param>
/// <param name="InBothParts">Whether there are training and test images among them: what was learned by heart is measured.</param>
/// <param name="InSeveralClasses">Whether they are said to show different things.</param>
public sealed record SameImages(IReadOnlyList<string> Names, bool InBothParts, bool InSeveralClasses)
{
    /// <inheritdoc/>
    public override string ToString() => string.Join(" = ", Names);
}

/// <summary>A data set, and what may be wrong with it.</summary>
/// <param name="Data">The set, without the images that cannot be read.</param>
/// <param name="Same">Images that are there more than once, by content, as the set has them: decoded and resized.</param>
public sealed record DataCheck(DatasetPair Data, IReadOnlyList<SameImages> Same)
{
    /// <summary>Whether every image can be read, no test image is a training image, and none has two classes.</summary>
    public bool Passes => Data.Skipped.Count == 0 && !Same.Any(same => same.InBothParts || same.InSeveralClasses);

    /// <summary>Reads a set, and compares all of its images.</summary>
    /// <param name="options">The set.</param>
    /// <param name="seed">Seed of the run, at least 0.</param>
    /// <exception cref="DptException">As of <see cref="DatasetCatalog.Load(DataOptions, int)"/>; but images that cannot be read are listed.</exception>
    public static DataCheck Of(DataOptions options, int seed)
    {
        var data = DatasetCatalog.Load(options with { SkipBroken = true }, seed);
        var same = Images(data.Train, "train").Concat(Images(data.Test, "test")).GroupBy(image => image.Content).Where(group => group.Skip(1).Any());
        return new DataCheck(data, [.. same.Select(group => new SameImages(
            [.. group.Select(image => image.Name)],
            group.DistinctBy(image => image.Part).Count() > 1,
            group.Select(image => image.Label).Where(label => label != ImageDataset.NoLabel).Distinct().Count() > 1))]);
    }

    private static IEnumerable<(string Content, string Part, string Name, int Label)> Images(ImageDataset images, string part) =>
        from i in Enumerable.Range(0, images.Count)
        select (
            Convert.ToHexString(SHA256.HashData(images.Image(i))),
            part,
            images.FileNames is null ? FormattableString.Invariant($"{part} {i}") : $"{part} {images.FileNames[i]}",
            images.Labels[i]);
}
