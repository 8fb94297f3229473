namespace DPT.Engine.Dpt;

/// <summary>In which features pseudo-images are compared, and with what. As it is, in those of the judge and with the training images.</summary>
/// <seealso cref="DptPipeline.MeasureSamples"/>
public sealed record SampleComparison
{
    /// <summary>A trained network whose features are meant; null for those of a classifier trained on all true labels of the run's data.</summary>
    public FeatureRecipe? Features { get; init; }

    /// <summary>A <see cref="MomentsFile"/> to compare with in place of the training images, made with the same features; or null.</summary>
    public string? Statistics { get; init; }

    /// <summary>Where the moments of the training images are written as a <see cref="MomentsFile"/>; null for nowhere.</summary>
    public string? StatisticsOut { get; init; }
}
