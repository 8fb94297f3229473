namespace DPT.Engine.Dpt;

/// <summary>Features of the classifier that was trained on all true labels.</summary>
internal sealed class JudgeFeatures(IImageClassifier judge) : IImageFeatures
{
    /// <inheritdoc/>
    public string Name => "features of a classifier trained on all true labels";

    /// <inheritdoc/>
    public int Width => judge.FeatureWidth;

    /// <inheritdoc/>
    public float[] Features(ImageDataset images, CancellationToken stop) => judge.Features(images, stop);

    /// <inheritdoc/>
    public float[] Probabilities(ImageDataset images, CancellationToken stop) => judge.Probabilities(images, stop);
}
