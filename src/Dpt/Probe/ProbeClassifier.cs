using DPT.Engine.Autograd;

namespace DPT.Engine.Dpt;

/// <summary>The classifier of recipe A (spec 2.3): a frozen network, its features normalised, and a regression on them.</summary>
/// <param name="features">The frozen network; it stays with the caller.</param>
/// <param name="weights">[classes, width], as a file has them.</param>
/// <param name="classes">Number of classes.</param>
internal sealed class ProbeClassifier(IImageFeatures features, float[] weights, int classes) : IImageClassifier
{
    private const string Weight = "fc.weight";

    private readonly LogisticRegression _regression = new(Array.ConvertAll(weights, weight => (double)weight), classes);

    /// <inheritdoc/>
    public int Classes => classes;

    /// <inheritdoc/>
    public int FeatureWidth => features.Width;

    /// <summary>The tensors of a file with these weights.</summary>
    public Dictionary<string, (TensorShape Shape, float[] Values)> Export() =>
        new() { [Weight] = (new TensorShape(classes, features.Width), weights) };

    /// <summary>The classifier that <see cref="Export"/> gave.</summary>
    /// <exception cref="InvalidDataException">The tensors are of other sizes.</exception>
    public static ProbeClassifier Import(
        IImageFeatures features, int classes, Dictionary<string, (TensorShape Shape, float[] Values)> tensors)
    {
        var expected = new TensorShape(classes, features.Width);
        return tensors.Count == 1 && tensors.TryGetValue(Weight, out var tensor) && tensor.Shape == expected
            ? new ProbeClassifier(features, tensor.Values, classes)
            : throw new InvalidDataException($"its tensors are not the one '{Weight}' of shape {expected}");
    }

    /// <inheritdoc/>
    public float[] Probabilities(ImageDataset images, CancellationToken stop = default)
    {
        var rows = FeatureRows.Normalised(Features(images, stop), FeatureWidth);
        return Array.ConvertAll(_regression.Probabilities(rows), share => (float)share);
    }

    /// <inheritdoc/>
    public float[] Features(ImageDataset images, CancellationToken stop = default) => features.Features(images, stop);

    /// <summary>Nothing here is the classifier's own.</summary>
    public void Dispose()
    {
    }
}
