using System.Text.Json.Serialization;
using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>
/// A classifier in a file that says what it is for: beside the weights stand, as metadata, the network, the form of the images, their
/// normalisation and the names of the classes. It needs neither a run folder nor the data that it was trained on.
/// </summary>
public sealed class TrainedClassifier : IFinishedClassifier
{
    /// <summary>The name of such models in messages and files.</summary>
    internal const string Kind = "classifier";

    private TrainedClassifier(ImageClassifier classifier, Description description)
    {
        Model = classifier;
        ClassNames = description.ClassNames;
        Form = description.Form;
    }

    internal ImageClassifier Model { get; }

    /// <summary>Name of each class.</summary>
    public IReadOnlyList<string> ClassNames { get; }

    /// <summary>What images must be like.</summary>
    public ImageForm Form { get; }

    /// <summary>Reads a classifier.</summary>
    /// <param name="device">Where it will compute.</param>
    /// <param name="path">A <c>classifier.safetensors</c> of a run.</param>
    /// <exception cref="DptException">
    /// Environment: the file cannot be read. Check: it is damaged, or an earlier version wrote it, which did not say what it is for.
    /// </exception>
    public static TrainedClassifier Open(Device device, string path) =>
        DescribedWeights.Open<Description, TrainedClassifier>(path, Kind, (description, weights) =>
        {
            description.Require();
            var classifier = new ImageClassifier(
                device,
                store => Create(store, description, weights),
                new NormalisationStatistics(description.Mean, description.Deviation),
                seed: 0);
            classifier.Store.Import(classifier.Store.Values, weights);
            return new TrainedClassifier(classifier, description);
        });

    /// <summary>Class probabilities of images, [N, classes].</summary>
    /// <param name="images">Of the form <see cref="Form"/>; their labels do not matter.</param>
    /// <param name="stop">Stops between batches.</param>
    /// <exception cref="ArgumentException">The images are of another form.</exception>
    /// <exception cref="DptException">Diverged: a probability is not finite.</exception>
    public float[] Probabilities(ImageDataset images, CancellationToken stop = default) => images.Form == Form
        ? Model.Probabilities(images, stop)
        : throw new ArgumentException($"the images are {images.Form}, the classifier is for {Form}");

    /// <inheritdoc/>
    public void Dispose() => Model.Dispose();

    /// <summary>Writes a classifier with what it is for; the file appears whole or not at all.</summary>
    /// <param name="path">The file.</param>
    /// <param name="classifier">The classifier, with the weights to write.</param>
    /// <param name="network">What it was made by.</param>
    /// <param name="like">Images of the form and with the classes that it was trained on.</param>
    internal static void Save(string path, ImageClassifier classifier, ClassifierOptions network, ImageDataset like)
    {
        var (mean, deviation) = classifier.Normalisation;
        DescribedWeights.Save(
            path, Kind, classifier.Store, new Description(network, like.Channels, like.ImageSize, like.ClassNames, mean, deviation));
    }

    private static IClassifier Create(
        ParameterStore store, Description description, Dictionary<string, (TensorShape Shape, float[] Values)> weights)
    {
        DescribedWeights.RequireDepth(description.Network.Depth, weights);
        var network = ClassifierCatalog.Find(description.Network.Network).Create(store, description.Network, description.Form);
        store.RequireFit(weights);
        return network;
    }

    /// <summary>What the metadata says.</summary>
    private sealed record Description(
        ClassifierOptions Network, int Channels, int ImageSize, IReadOnlyList<string> ClassNames, float[] Mean, float[] Deviation)
    {
        [JsonIgnore]
        public ImageForm Form => new(Channels, ImageSize, ClassNames.Count);

        public void Require()
        {
            if (!DescribedWeights.IsForm(Channels, ImageSize, ClassNames)
                || Mean.Length != Channels
                || Deviation.Length != Channels
                || !Deviation.All(deviation => deviation > 0))
            {
                throw new InvalidDataException("what it says of its images contradicts itself");
            }
        }
    }
}
