namespace DPT.Engine.Dpt;

/// <summary>
/// The pseudo-images of a run beside a reference set, in the features of one network. Numbers of other features, of another reference or of
/// another count cannot be compared with these.
/// </summary>
/// <param name="FrechetDistance">See <see cref="Dpt.FrechetDistance"/>: 0 for one distribution, and the larger the fewer images there are.</param>
/// <param name="KernelDistance">
/// See <see cref="Dpt.KernelDistance"/>, mean over subsets: about 0 for one distribution, however few the images. Null, like all but the
/// first and the last of these numbers, where the reference is known by its moments alone.
/// </param>
/// <param name="KernelDeviation">Standard deviation of the kernel distance over the subsets.</param>
/// <param name="Precision">See <see cref="ManifoldOverlap"/>, like the next three: null for fewer than six images.</param>
/// <param name="Recall">Share of reference images that look like drawn ones.</param>
/// <param name="Density">About 1 for one distribution.</param>
/// <param name="Coverage">Share of reference images with a drawn one beside them.</param>
/// <param name="ClassScore">See <see cref="Dpt.ClassScore"/>, by the network's classes: 1 to their number. Null if it has none.</param>
/// <param name="Features">Whose features, with all that the numbers depend on.</param>
/// <param name="Reference">What the pseudo-images were compared with.</param>
/// <param name="Real">Images of the reference; null where a file of moments does not tell.</param>
/// <param name="Drawn">Pseudo-images.</param>
public sealed record SampleQuality(
    double FrechetDistance,
    double? KernelDistance,
    double? KernelDeviation,
    double? Precision,
    double? Recall,
    double? Density,
    double? Coverage,
    double? ClassScore,
    string Features,
    string Reference,
    int? Real,
    int Drawn)
{
    /// <summary>Compares two sets of images.</summary>
    /// <param name="features">Makes features, and class probabilities if it can.</param>
    /// <param name="real">The reference set.</param>
    /// <param name="drawn">The generated set.</param>
    /// <param name="statisticsOut">Where the moments of the reference set are written; null for nowhere.</param>
    /// <param name="stop">Stops between batches.</param>
    internal static SampleQuality Of(
        IImageFeatures features, ImageDataset real, ImageDataset drawn, string? statisticsOut, CancellationToken stop)
    {
        var (ofReal, ofDrawn) = (features.Features(real, stop), features.Features(drawn, stop));
        var moments = FeatureMoments.Of(ofReal, features.Width);
        if (statisticsOut is not null)
        {
            MomentsFile.Save(statisticsOut, moments);
        }

        var kernel = Dpt.KernelDistance.Between(ofReal, ofDrawn, features.Width);
        var overlap = ManifoldOverlap.Of(ofReal, ofDrawn, features.Width);
        return Of(features, moments, drawn, ofDrawn, $"training images of '{real.Name}'", stop) with
        {
            KernelDistance = kernel.Mean,
            KernelDeviation = kernel.Deviation,
            Precision = overlap?.Precision,
            Recall = overlap?.Recall,
            Density = overlap?.Density,
            Coverage = overlap?.Coverage,
            Real = real.Count,
        };
    }

    /// <summary>Compares images with a set that is known by its moments alone.</summary>
    /// <param name="features">Makes features, and class probabilities if it can.</param>
    /// <param name="statistics">A <see cref="MomentsFile"/> made with the same features.</param>
    /// <param name="drawn">The generated set.</param>
    /// <param name="stop">Stops between batches.</param>
    internal static SampleQuality Of(IImageFeatures features, string statistics, ImageDataset drawn, CancellationToken stop)
    {
        var moments = MomentsFile.Load(statistics);
        Usage.Require(
            moments.Width == features.Width,
            $"'{statistics}' is of features of width {moments.Width}; those of {features.Name} have {features.Width}");
        return Of(features, moments, drawn, features.Features(drawn, stop), $"moments in '{statistics}'", stop);
    }

    private static SampleQuality Of(
        IImageFeatures features, FeatureMoments real, ImageDataset drawn, float[] ofDrawn, string reference, CancellationToken stop)
    {
        var distance = Dpt.FrechetDistance.Between(real, FeatureMoments.Of(ofDrawn, features.Width));
        double? score = features.Probabilities(drawn, stop) is { } shares ? Dpt.ClassScore.Of(shares, shares.Length / drawn.Count) : null;
        return new SampleQuality(distance, null, null, null, null, null, null, score, features.Name, reference, null, drawn.Count);
    }
}
