namespace DPT.Engine.Dpt;

/// <summary>A kind of data set that <c>--data</c> accepts.</summary>
/// <param name="Spec">How it is written, e.g. <c>mnist:DIR</c>.</param>
/// <param name="Description">What it reads, in one line.</param>
public sealed record DatasetKind(string Spec, string Description);

/// <summary>Turns <c>--data SPEC</c> into images: the one place that knows the kinds of data sets.</summary>
public static class DatasetCatalog
{
    private static readonly Source[] _sources =
    [
        new("digits", "built in: drawn digits, 10 classes, 16x16 grey", (_, _) => ProceduralDigits.Create()),
        new("mnist:DIR", "IDX files as MNIST has them, .gz or not", (directory, _) => IdxSource.Load(directory)),
        new("cifar10:DIR", "CIFAR-10, binary version: data_batch_1.bin ...", (directory, _) => CifarSource.Load(directory)),
        new("folder:DIR", "DIR/train/<class>/* and DIR/test/<class>/*, or DIR/<class>/*; PNG or JPEG", FolderSource.Load),
    ];

    /// <summary>The kinds of data sets, in the order to show them.</summary>
    public static IReadOnlyList<DatasetKind> Kinds { get; } =
        [.. _sources.Select(source => new DatasetKind(source.Spec, source.Description))];

    /// <summary>Loads the data that the options name, resized and limited as they say.</summary>
    /// <exception cref="DptException">Usage: an unknown kind or a size that makes no sense. Environment: a missing
    /// file. Check: a file that is not what it should be.</exception>
    public static DatasetPair Load(DataOptions options)
    {
        RequirePositive("image size", options.ImageSize);
        RequirePositive("train limit", options.TrainLimit);
        RequirePositive("test limit", options.TestLimit);
        var (kind, argument) = Split(options.Spec);
        var source = Array.Find(_sources, s => s.Kind == kind);
        if (source is null || source.NeedsDirectory != (argument.Length > 0))
        {
            var known = string.Join(", ", _sources.Select(s => s.Spec));
            throw new DptException(FailureKind.Usage, $"unknown data '{options.Spec}'; it must be one of: {known}");
        }

        var pair = source.Load(argument, options);
        RequireEveryClass(pair.Train, options.Spec);
        return new DatasetPair(Fit(pair.Train, options.ImageSize, options.TrainLimit), Fit(pair.Test, options.ImageSize, options.TestLimit));
    }

    private static ImageDataset Fit(ImageDataset images, int? size, int? limit)
    {
        if (limit < images.Count)
        {
            images = images.Select(ClassBalance.Prefix(images.Labels, images.Classes, limit.Value));
        }

        return size is { } side && side != images.ImageSize ? ImageResizer.Resize(images, side) : images;
    }

    private static (string Kind, string Argument) Split(string spec)
    {
        var colon = spec.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 ? (spec, "") : (spec[..colon], spec[(colon + 1)..]);
    }

    private static void RequirePositive(string name, int? value)
    {
        if (value < 1)
        {
            throw new DptException(FailureKind.Usage, $"{name} is {value}, it must be at least 1");
        }
    }

    private static void RequireEveryClass(ImageDataset train, string spec)
    {
        var counts = ClassBalance.Count(train.Labels, train.Classes);
        var empty = Array.IndexOf(counts, 0);
        if (empty >= 0)
        {
            throw new DptException(
                FailureKind.Check, $"{spec}: class {empty} ('{train.ClassNames[empty]}') has no training image");
        }
    }

    private sealed record Source(string Spec, string Description, Func<string, DataOptions, DatasetPair> Load)
    {
        public string Kind { get; } = Split(Spec).Kind;

        public bool NeedsDirectory { get; } = Spec.Contains(':', StringComparison.Ordinal);
    }
}
