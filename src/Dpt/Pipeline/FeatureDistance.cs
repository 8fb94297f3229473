namespace DPT.Engine.Dpt;

/// <summary>Frechet distance of two sets of images in the features of a classifier.</summary>
internal static class FeatureDistance
{
    /// <summary>Measures.</summary>
    /// <param name="real">Features of the reference set, [N, width].</param>
    /// <param name="drawn">Those of the generated set, [M, width].</param>
    /// <param name="count">M.</param>
    /// <param name="features">Name of the features for the result.</param>
    public static FrechetResult Between(float[] real, float[] drawn, int count, string features)
    {
        var width = drawn.Length / count;
        return new FrechetResult(
            FrechetDistance.Between(FeatureMoments.Of(real, width), FeatureMoments.Of(drawn, width)), features, count);
    }
}
