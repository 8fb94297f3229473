namespace DPT.Engine.Dpt;

/// <summary>A kind of data set that <c>--data</c> accepts.</summary>
/// <param name="Spec">How it is written, e.g. <c>mnist:DIR</c>.</param>
/// <param name="Description">What it reads, in one line.</param>
public sealed record DatasetKind(string Spec, string Description);

/// <summary>Turns <c>--data SPEC</c> into images: the one place that knows the kinds of data sets.</summary>
public static class DatasetCatalog
{
    private const string FolderKind = "folder";

    private static readonly Source[] _sources =
    [
        new("digits", "built in: drawn digits, 10 classes, 16x16 grey", Limited(_ => ProceduralDigits.Create())),
        new("mnist:DIR", "IDX files as MNIST has them, .gz or not", Limited(IdxSource.Load)),
        new("cifar10:DIR", "CIFAR-10, the version for Python or the binary one", Limited(directory => CifarSource.Load(directory, CifarSet.Ten))),
        new("cifar100:DIR", "CIFAR-100 with its fine classes, likewise", Limited(directory => CifarSource.Load(directory, CifarSet.Hundred))),
        new("npz:FILE", "arrays of NumPy: images [N,side,side] or [N,side,side,channels] of uint8, labels, and test images if any", Limited(NpzSource.Load)),
        new(
            "zip:FILE",
            "images and dataset.json with their classes, as EDM's tools make it; or a folder with train*.zip and test*.zip",
            new ArchiveSource([".zip"], ZipImages.AddTo).Load),
        new(
            "tar:FILE",
            "KEY.png or .jpg and KEY.cls, as WebDataset has it, .gz or not; or shard-*.tar; or a folder with train*.tar and test*.tar",
            new ArchiveSource([".tar", ".tar.gz", ".tgz"], TarImages.AddTo).Load),
        new(
            "parquet:FILE",
            "tables of images and labels as the Hugging Face hub has them; or a folder with train*.parquet and test*.parquet",
            new ArchiveSource([".parquet"], ParquetImages.AddTo).Load),
        new(
            $"{FolderKind}:DIR",
            $"DIR/train/<class>/* and DIR/test/<class>/*, DIR/unlabelled/* too, or DIR/<class>/*; {ImageKind.Names} "
            + "(rules: `dpt data info --help`)",
            FolderSource.Load),
    ];

    /// <summary>The kinds of data sets, in the order to show them.</summary>
    public static IReadOnlyList<DatasetKind> Kinds { get; } =
        [.. _sources.Select(source => new DatasetKind(source.Spec, source.Description))];

    /// <summary>What <c>folder:DIR</c> reads and leaves out, for people.</summary>
    public static IReadOnlyList<string> FolderRules => FolderSource.Rules;

    /// <summary>Loads the data that the options name, resized and limited as they say.</summary>
    /// <param name="options">What to load.</param>
    /// <param name="seed">Seed of the run, at least 0: it draws the images that a limit keeps.</param>
    /// <exception cref="DptException">Usage: an unknown kind or a size that makes no sense. Environment: a missing
    /// file. Check: a file that is not what it should be.</exception>
    public static DatasetPair Load(DataOptions options, int seed)
    {
        RequirePositive("image size", options.ImageSize);
        RequirePositive("development", options.Development);
        RequirePositive("train limit", options.TrainLimit);
        RequirePositive("test limit", options.TestLimit);
        var (kind, argument) = Split(options.Spec);
        var source = Array.Find(_sources, s => s.Kind == kind);
        if (source is null || source.NeedsPath != (argument.Length > 0))
        {
            var known = string.Join(", ", _sources.Select(s => s.Spec));
            throw new DptException(FailureKind.Usage, $"unknown data '{options.Spec}'; it must be one of: {known}");
        }

        Usage.Require(
            options.Labels is null || source.Kind == FolderKind,
            $"data.labels names files, which '{options.Spec}' does not have; it goes with {FolderKind}:DIR");
        var pair = source.Load(argument, options, seed);
        RequireEveryClass(pair.Train, options);
        return pair with { Train = Resized(pair.Train, options), Test = Resized(pair.Test, options) };
    }

    /// <summary>The data of a run, as all its stages see it: for latents, images are cut as generators of latents have them.</summary>
    /// <param name="options">The options of the run.</param>
    /// <exception cref="DptException">As of the data.</exception>
    public static DatasetPair Load(DptOptions options) =>
        Load(options.Diffusion.Autoencoder is null ? options.Data : options.Data with { Crop = ImageCrop.Adm }, options.Seed);

    /// <summary>A specification with its folder or file absolute, so that it means the same from everywhere.</summary>
    public static string WithAbsolutePath(string spec)
    {
        var (kind, argument) = Split(spec);
        return argument.Length > 0 ? $"{kind}:{Path.GetFullPath(argument)}" : spec;
    }

    /// <summary>A source that knows no limits: they are drawn from what it loads. Folders draw before they decode.</summary>
    private static Func<string, DataOptions, int, DatasetPair> Limited(Func<string, DatasetPair> load) =>
        (directory, options, seed) =>
        {
            var (train, test) = load(directory);
            if (BlindSubset.OfDevelopment(train.Labels, options) is var (training, development))
            {
                (train, test) = (train.Select(training), train.Select(development));
            }

            return new DatasetPair(
                Keep(train, BlindSubset.OfTraining(train.Labels, options, seed)), Keep(test, BlindSubset.OfTest(test.Count, options)));
        };

    private static ImageDataset Keep(ImageDataset images, int[] kept) => kept.Length < images.Count ? images.Select(kept) : images;

    private static ImageDataset Resized(ImageDataset images, DataOptions options) =>
        options.ImageSize is { } side && side != images.ImageSize ? ImageResizer.Resize(images, side, options.Crop) : images;

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

    private static void RequireEveryClass(ImageDataset train, DataOptions options)
    {
        var counts = ClassBalance.Count(train.Labels, train.Classes);
        var empty = Array.IndexOf(counts, 0);
        if (empty < 0)
        {
            return;
        }

        var what = $"{options.Spec}: class {empty} ('{train.ClassNames[empty]}') has no {(train.HasUnlabelled ? "labelled " : "")}training image";
        throw options.TrainLimit is { } limit
            ? new DptException(FailureKind.Usage, $"{what} among the {limit} that data.trainLimit keeps; raise it")
            : new DptException(FailureKind.Check, what);
    }

    private sealed record Source(string Spec, string Description, Func<string, DataOptions, int, DatasetPair> Load)
    {
        public string Kind { get; } = Split(Spec).Kind;

        public bool NeedsPath { get; } = Spec.Contains(':', StringComparison.Ordinal);
    }
}
