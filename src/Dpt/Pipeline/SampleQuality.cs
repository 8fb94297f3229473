namespace DPT.Engine.Dpt;

/// <summary>
/// The pseudo-images of a run beside its training images, in the features of one network. Numbers of other features cannot be compared with
/// these.
/// </summary>
/// <param name="FrechetDistance">See <see cref="Dpt.FrechetDistance"/>: 0 for one distribution, and the larger the fewer images there are.</param>
/// <param name="KernelDistance">See <see cref="Dpt.KernelDistance"/>, mean over subsets: about 0 for one distribution, however few the images.</param>
/// <param name="KernelDeviation">Standard deviation of the kernel distance over the subsets.</param>
/// <param name="Precision">See <see cref="ManifoldOverlap"/>, like the next three: null for fewer than six images.</param>
/// <param name="Recall">Share of training images that look like drawn ones.</param>
/// <param name="Density">About 1 for one distribution.</param>
/// <param name="Coverage">Share of training images with a drawn one beside them.</param>
/// <param name="ClassScore">See <see cref="Dpt.ClassScore"/>, by the network's classes: 1 to their number.</param>
/// <param name="Features">Whose features.</param>
/// <param name="Real">Training images.</param>
/// <param name="Drawn">Pseudo-images.</param>
public sealed record SampleQuality(
    double FrechetDistance,
    double KernelDistance,
    double KernelDeviation,
    double? Precision,
    double? Recall,
    double? Density,
    double? Coverage,
    double ClassScore,
    string Features,
    int Real,
    int Drawn)
{
    /// <summary>Measures with a classifier.</summary>
    /// <param name="classifier">Whose features and classes.</param>
    /// <param name="real">The reference set.</param>
    /// <param name="drawn">The generated set.</param>
    /// <param name="features">Name of the features for the result.</param>
    /// <param name="stop">Stops between batches.</param>
    internal static SampleQuality Of(
        ImageClassifier classifier, ImageDataset real, ImageDataset drawn, string features, CancellationToken stop)
    {
        var width = classifier.Network.FeatureWidth;
        var (ofReal, ofDrawn) = (classifier.Features(real, stop), classifier.Features(drawn, stop));
        var kernel = Dpt.KernelDistance.Between(ofReal, ofDrawn, width);
        var overlap = ManifoldOverlap.Of(ofReal, ofDrawn, width);
        return new SampleQuality(
            FeatureDistance.Between(ofReal, ofDrawn, drawn.Count, features).Value,
            kernel.Mean,
            kernel.Deviation,
            overlap?.Precision,
            overlap?.Recall,
            overlap?.Density,
            overlap?.Coverage,
            Dpt.ClassScore.Of(classifier.Probabilities(drawn, stop), drawn.Classes),
            features,
            real.Count,
            drawn.Count);
    }
}
