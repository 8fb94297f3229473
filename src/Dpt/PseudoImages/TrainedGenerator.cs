using System.Text.Json.Serialization;
using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>
/// A generator in a file that says what it is for: beside the weights stand, as metadata, its network and process, the form of its images
/// and the names of the classes. It needs neither a run folder nor the data that it was trained on.
/// </summary>
public sealed class TrainedGenerator : IDisposable
{
    /// <summary>The name of such models in messages and files.</summary>
    internal const string Kind = "generator";

    /// <summary>Images that are drawn together.</summary>
    private const int Batch = 32;

    private TrainedGenerator(ImageGenerator generator, Description description)
    {
        Model = generator;
        Form = description.Form;
        ClassNames = description.ClassNames;
        Schedule = description.Network.Schedule;
    }

    internal ImageGenerator Model { get; }

    /// <summary>Name of the process that it was trained on.</summary>
    internal string Schedule { get; }

    /// <summary>Name of each class.</summary>
    public IReadOnlyList<string> ClassNames { get; }

    /// <summary>What its images are like.</summary>
    public ImageForm Form { get; }

    /// <summary>Reads a generator.</summary>
    /// <param name="device">Where it will compute.</param>
    /// <param name="path">A <c>generator.safetensors</c> of a run.</param>
    /// <param name="autoencoder">Of latents: where the autoencoder lies that decodes them; null for where it lay in training.</param>
    /// <exception cref="DptException">
    /// Environment: the file cannot be read. Check: it is damaged, or an earlier version wrote it, which did not say what it is for; or there is
    /// not the autoencoder whose latents it draws.
    /// </exception>
    public static TrainedGenerator Open(Device device, string path, string? autoencoder = null) =>
        DescribedWeights.Open<Description, TrainedGenerator>(path, Kind, (description, weights) =>
        {
            description.Require();
            var space = SpaceOf(device, description, autoencoder);
            var generator = new ImageGenerator(
                device, store => Create(store, description, space.Seen, weights), description.Network, space, seed: 0);
            generator.Store.Import(generator.Store.Values, weights);
            return new TrainedGenerator(generator, description);
        });

    /// <summary>
    /// Draws images of one class. Image k follows from seed, class and k, whatever is drawn beside it; of an adaptive solver, which takes
    /// the steps that its batch needs, it does not.
    /// </summary>
    /// <param name="label">The class, 0..classes-1.</param>
    /// <param name="count">How many, at least 1.</param>
    /// <param name="drawing">How: guidance, solver, evaluations and threshold.</param>
    /// <param name="seed">Seed of the noise.</param>
    /// <param name="stop">Stops between batches.</param>
    /// <returns>[count, C, S, S], 0..255.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such class, or the count is below 1.</exception>
    /// <exception cref="DptException">Diverged: a weight or a pixel is not finite. Usage: the solver cannot do with so few evaluations, or a threshold goes with it or with latents not.</exception>
    public byte[] Draw(int label, int count, GenerateOptions drawing, ulong seed, CancellationToken stop = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(label);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(label, ClassNames.Count);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        using var drawer = new PseudoImageDrawer(Model, drawing with { Batch = Batch }, seed);
        return drawer.DrawAll(new ImageShard(label, First: 0, count), stop);
    }

    /// <inheritdoc/>
    public void Dispose() => Model.Dispose();

    /// <summary>Writes a generator with what it is for; the file appears whole or not at all.</summary>
    /// <param name="path">The file.</param>
    /// <param name="generator">The generator, with the weights to write.</param>
    /// <param name="options">What it was made by.</param>
    /// <param name="like">Images of the form and with the classes that it was trained on.</param>
    /// <param name="autoencoder">Hash of the autoencoder whose latents it draws; null for pixels.</param>
    internal static void Save(string path, ImageGenerator generator, DiffusionOptions options, ImageDataset like, string? autoencoder) => DescribedWeights.Save(
        path, Kind, generator.Store, new Description(options with { Latents = null }, like.Channels, like.ImageSize, like.ClassNames, autoencoder));

    /// <summary>What it sees; an autoencoder must be the one that it learned with, wherever that lies now.</summary>
    private static IImageSpace SpaceOf(Device device, Description description, string? autoencoder)
    {
        if (description.Autoencoder is null && autoencoder is not null)
        {
            throw new InvalidDataException($"it draws pixels, which the autoencoder in '{autoencoder}' cannot decode");
        }

        var folder = description.Autoencoder is null ? null : autoencoder ?? description.Network.Autoencoder;
        return folder is null || LatentSpace.HashOf(folder) == description.Autoencoder
            ? ImageSpaces.Of(device, folder, description.Form)
            : throw new InvalidDataException($"it draws latents of another autoencoder than that in '{folder}'");
    }

    private static IGenerator Create(
        ParameterStore store, Description description, ImageForm seen, Dictionary<string, (TensorShape Shape, float[] Values)> weights)
    {
        DescribedWeights.RequireDepth(description.Network.Depth, weights);
        var network = GeneratorCatalog.Find(description.Network.Network).Create(store, description.Network, seen);
        store.RequireFit(weights);
        return network;
    }

    /// <summary>What the metadata says.</summary>
    private sealed record Description(
        DiffusionOptions Network, int Channels, int ImageSize, IReadOnlyList<string> ClassNames, string? Autoencoder = null)
    {
        [JsonIgnore]
        public ImageForm Form => new(Channels, ImageSize, ClassNames.Count);

        public void Require()
        {
            if (!DescribedWeights.IsForm(Channels, ImageSize, ClassNames))
            {
                throw new InvalidDataException("what it says of its images contradicts itself");
            }
        }
    }
}
