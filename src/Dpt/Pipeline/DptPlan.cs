using System.Globalization;
using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>
/// What a run works with, checked: everything that can be known before work is known here, for a dry run and for the run
/// alike.
/// </summary>
public sealed record DptPlan
{
    /// <summary>The resolved options.</summary>
    public required DptOptions Options { get; init; }

    /// <summary>The data.</summary>
    public required DatasetPair Data { get; init; }

    /// <summary>Which training images the method may see the labels of.</summary>
    public required LabelSplit Split { get; init; }

    /// <summary>Parameters of the classifier.</summary>
    public required long ClassifierParameters { get; init; }

    /// <summary>Numbers of a feature of the classifier.</summary>
    internal int FeatureWidth { get; init; }

    /// <summary>Parameters of the generator.</summary>
    public required long GeneratorParameters { get; init; }

    /// <summary>Tokens that the generator makes of an image.</summary>
    public required int GeneratorTokens { get; init; }

    /// <summary>What the generator sees of an image.</summary>
    internal ImageForm Seen { get; private init; }

    /// <summary>Hash of the autoencoder whose latents the generator draws; null for pixels.</summary>
    internal string? Autoencoder { get; private init; }

    /// <summary>Device memory that the run will take at most, in bytes, estimated.</summary>
    public required long MemoryBytes { get; init; }

    /// <summary>The same by the parts of the run.</summary>
    internal RunMemory Memory { get; private init; } = null!;

    /// <summary>Space that the run folder will take at most, in bytes, estimated.</summary>
    public required long DiskBytes { get; init; }

    /// <summary>What makes sense but is probably not meant, each with advice.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>Hashes of the data, by name: <c>train</c>, <c>test</c>, <c>labels</c>.</summary>
    public IReadOnlyDictionary<string, string> DataHashes => new Dictionary<string, string>
    {
        ["train"] = Data.Train.Hash,
        ["test"] = Data.Test.Hash,
        ["labels"] = Split.Hash,
    };

    /// <summary>Reads the data, checks that everything fits together, and sizes the networks; trains and writes nothing.</summary>
    /// <param name="options">The resolved options.</param>
    /// <param name="device">Where the run will compute.</param>
    /// <exception cref="DptException">
    /// Usage: settings contradict each other, the data or the limits of operators. Environment: the data is missing, or
    /// memory does not suffice. Check: the data is damaged.
    /// </exception>
    public static DptPlan Of(DptOptions options, Device device)
    {
        SettingChecks.RequireWeights(options);
        var data = DatasetCatalog.Load(options);
        return Of(options, data, LabelSplit.Create(data.Train, options.Data, options.Seed), device);
    }

    /// <summary>The same for data that has been read.</summary>
    internal static DptPlan Of(DptOptions options, DatasetPair data, LabelSplit split, Device device)
    {
        using var space = ImageSpaces.Of(device, options.Diffusion.Autoencoder, data.Train.Form);
        SettingChecks.Require(options, data.Train, space.Seen);
        RequireLatents(options.Diffusion, data.Train, space);

        // Parameters are counted where they are registered; nothing is allocated before a store is initialised.
        using var classifier = new ParameterStore(device);
        var featureWidth = FeatureWidthOf(options, data.Train.Form, classifier);
        var classifierParameters = options.Probe.IsUsed ? (long)featureWidth * data.Train.Classes : classifier.Count;
        using var generator = new ParameterStore(device);
        var kind = GeneratorCatalog.Find(options.Diffusion.Network);
        kind.Create(generator, options.Diffusion, space.Seen);
        var memory = MemoryEstimate.Of(options, data, space, classifier.FlatLength, generator.FlatLength);
        RequireMemory(memory.Largest, device);
        return new DptPlan
        {
            Options = options,
            Data = data,
            Split = split,
            ClassifierParameters = classifierParameters,
            FeatureWidth = featureWidth,
            GeneratorParameters = generator.Count,
            GeneratorTokens = kind.Footprint(options.Diffusion, space.Seen).Rows,
            Seen = space.Seen,
            MemoryBytes = memory.Largest.Bytes,
            Memory = memory,
            Autoencoder = (space as LatentSpace)?.Hash,
            DiskBytes = DiskEstimate(options, data, space.Seen, classifierParameters, generator.Count),
            Warnings = [.. SettingChecks.Doubts(options, data, space.Seen)],
        };
    }

    /// <summary>Numbers of a feature; the network registers its parameters, and a frozen one shows that it can be used.</summary>
    private static int FeatureWidthOf(DptOptions options, ImageForm form, ParameterStore store)
    {
        if (!options.Probe.IsUsed)
        {
            return ClassifierCatalog.Find(options.Classifier.Network).Create(store, options.Classifier, form).FeatureWidth;
        }

        using var network = FrozenNetwork.Open(FeatureRecipe.Of(options.Probe), form, store.Device);
        return network.Width;
    }

    private static void RequireLatents(DiffusionOptions options, ImageDataset train, IImageSpace space)
    {
        if (options.Latents is { } path && space is LatentSpace latents)
        {
            GeneratorImages.OpenGiven(path, train, latents).Dispose();
        }
    }

    private static void RequireMemory(MemoryEstimate memory, Device device)
    {
        if (memory.Bytes > device.CapacityBytes)
        {
            throw new DptException(
                FailureKind.Environment,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{memory.Work} would take about {Gibibytes(memory.Bytes)}, {device.Description} has "
                    + $"{Gibibytes(device.CapacityBytes)}: lower {memory.Remedy}"));
        }
    }

    private static string Gibibytes(long bytes) =>
        (bytes / (double)(1L << 30)).ToString("0.0", CultureInfo.InvariantCulture) + " GiB";

    private static long MomentsEstimate(DiffusionOptions options, DatasetPair data, ImageForm seen)
    {
        var images = (options.Latents is null ? data.Train.Count : 0L) + Math.Min(GeneratorLoss.Images, data.Test.Count);
        return options.Autoencoder is null ? 0 : images * LatentFile.Views * 2 * seen.Elements * sizeof(float);
    }

    /// <summary>
    /// Checkpoints hold weights, average and two moments, one more of them while the newest is written, and of the longest training those
    /// that stay besides, of four classifiers at most and the generator; then the weights themselves and the pseudo-images. What an autoencoder
    /// says of images is there once.
    /// </summary>
    private static long DiskEstimate(DptOptions options, DatasetPair data, ImageForm seen, long classifier, long generator)
    {
        var train = data.Train;
        var perCheckpoint = 4L * sizeof(float) * ((4 * classifier) + generator);
        var images = (long)train.Classes * options.Generate.PerClass * train.ImageLength;
        var longest = Math.Max(Math.Max(options.Stage1.Steps, options.Diffusion.Steps), options.ControlSteps);
        var kept = options.Run.CheckpointsKept + 1L + (options.Run.CheckpointsKeptEvery is { } every ? longest / every : 0);
        var round = (perCheckpoint * kept) + (sizeof(float) * ((2 * classifier) + generator)) + images;
        return (options.Rounds * round) + MomentsEstimate(options.Diffusion, data, seen);
    }
}
