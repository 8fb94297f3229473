using System.Text.Json.Serialization;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>
/// A <see cref="ProbeClassifier"/> in a file that says what it is for: beside the weights stand the frozen network with all that its
/// features depend on, the form of the images and the names of the classes. The network itself stays where it is.
/// </summary>
internal sealed class TrainedProbe : IFinishedClassifier
{
    /// <summary>The name of such models in messages and files.</summary>
    public const string Kind = DescribedWeights.Probe;

    private readonly IFrozenFeatures _network;
    private readonly ProbeClassifier _classifier;

    private TrainedProbe(IFrozenFeatures network, ProbeClassifier classifier, Description description) =>
        (_network, _classifier, ClassNames, Form) = (network, classifier, description.ClassNames, description.Form);

    /// <inheritdoc/>
    public IReadOnlyList<string> ClassNames { get; }

    /// <inheritdoc/>
    public ImageForm Form { get; }

    /// <summary>Writes a classifier; the file appears whole or not at all.</summary>
    /// <param name="path">The file.</param>
    /// <param name="classifier">The classifier.</param>
    /// <param name="recipe">Its frozen network.</param>
    /// <param name="features">The name of that network's features.</param>
    /// <param name="like">Images of the form and with the classes that it was fitted to.</param>
    public static void Save(string path, ProbeClassifier classifier, FeatureRecipe recipe, string features, ImageDataset like) =>
        DescribedWeights.Save(
            path, Kind, classifier.Export(), new Description(recipe, features, like.Channels, like.ImageSize, like.ClassNames));

    /// <summary>Reads a classifier and opens its network.</summary>
    /// <param name="device">Where a network of ours computes.</param>
    /// <param name="path">The file.</param>
    /// <exception cref="DptException">
    /// Environment and Check: the file or its network cannot be read or is damaged, or the network is not the one that the weights are for.
    /// </exception>
    public static TrainedProbe Open(Device device, string path) =>
        DescribedWeights.Open<Description, TrainedProbe>(path, Kind, (description, tensors) =>
        {
            description.Require();
            var network = FrozenNetwork.Open(description.Network, description.Form, device);
            try
            {
                return network.Name == description.Features
                    ? new TrainedProbe(network, ProbeClassifier.Import(network, description.ClassNames.Count, tensors), description)
                    : throw new InvalidDataException($"it is for the features {description.Features}; '{description.Network.Network}' gives {network.Name}");
            }
            catch
            {
                network.Dispose();
                throw;
            }
        });

    /// <inheritdoc/>
    public float[] Probabilities(ImageDataset images, CancellationToken stop) => _classifier.Probabilities(images, stop);

    /// <inheritdoc/>
    public void Dispose() => _network.Dispose();

    /// <summary>What the metadata says.</summary>
    private sealed record Description(FeatureRecipe Network, string Features, int Channels, int ImageSize, IReadOnlyList<string> ClassNames)
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
