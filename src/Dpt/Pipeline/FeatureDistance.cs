namespace DPT.Engine.Dpt;

/// <summary>Frechet distance of two sets of images in the features of a classifier.</summary>
internal static class FeatureDistance
{
    /// <summary>Measures.</summary>
    /// <param name="classifier">Whose features.</param>
    /// <param name="real">The reference set.</param>
    /// <param name="drawn">The generated set.</param>
    /// <param name="features">Name of the features for the result.</param>
    /// <param name="stop">Stops between batches.</param>
    public static FrechetResult Between(
        ImageClassifier classifier, ImageDataset real, ImageDataset drawn, string features, CancellationToken stop) => new(
            FrechetDistance.Between(Moments(classifier, real, stop), Moments(classifier, drawn, stop)),
            features,
            drawn.Count);

    private static FeatureMoments Moments(ImageClassifier classifier, ImageDataset images, CancellationToken stop)
    {
        var width = classifier.Network.FeatureWidth;
        var moments = new FeatureMoments(width);
        var features = classifier.Features(images, stop);
        for (var i = 0; i < images.Count; i++)
        {
            moments.Add(features.AsSpan(i * width, width));
        }

        return moments;
    }
}
