using System.Text.Json.Serialization;

namespace DPT.Engine.Dpt;

/// <summary>What a run achieved: the content of <c>result.json</c>. Accuracies are in 0..1.</summary>
public sealed record DptResult
{
    /// <summary>The schema that this engine writes.</summary>
    private const int PresentSchema = 3;

    /// <summary>Version of this schema.</summary>
    public int Schema { get; init; } = PresentSchema;

    /// <summary>The data.</summary>
    public required DataResult Data { get; init; }

    /// <summary>Seed of the run.</summary>
    public required int Seed { get; init; }

    /// <summary>Device in words.</summary>
    public required string Device { get; init; }

    /// <summary>Number format of the network.</summary>
    public required string Precision { get; init; }

    /// <summary>Version of the engine.</summary>
    public required string Engine { get; init; }

    /// <summary>The classifier from few labels.</summary>
    public required Stage1Result Stage1 { get; init; }

    /// <summary>The generator of the last round.</summary>
    public required Stage2Result Stage2 { get; init; }

    /// <summary>The classifier of the last round, with pseudo-images, and its control.</summary>
    public required Stage3Result Stage3 { get; init; }

    /// <summary>Every round in short, the last one too.</summary>
    public required IReadOnlyList<RoundResult> Rounds { get; init; }

    /// <summary>Wall time of the whole run in seconds, earlier sessions of a resumed run included.</summary>
    public required double TotalSeconds { get; init; }

    /// <summary>Largest device memory in use, in bytes.</summary>
    public required long PeakMemoryBytes { get; init; }

    /// <summary>What a user of the numbers should know, each with advice; none if all is well.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>Reads <c>result.json</c>.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="DptException">Environment: it is missing. Check: it is damaged, or of another version of the engine.</exception>
    public static DptResult Load(string path)
    {
        JsonFiles.RequireSchema(path, PresentSchema, "read it with the version that made it, or make the run again");
        return JsonFiles.Load<DptResult>(path);
    }
}

/// <summary>The data of a run.</summary>
/// <param name="Name">Name of the set.</param>
/// <param name="Classes">Number of classes.</param>
/// <param name="Train">Training images.</param>
/// <param name="Test">Test images.</param>
/// <param name="Labels">Labels that the method saw, of all classes.</param>
/// <param name="ImageSize">Side of the images in pixels.</param>
/// <param name="Channels">Channels, 1 or 3.</param>
public sealed record DataResult(
    string Name, int Classes, int Train, int Test, int Labels, int ImageSize, int Channels);

/// <summary>What the results of all stages have.</summary>
public interface IStageResult
{
    /// <summary>Wall time in seconds, earlier sessions of a resumed run included.</summary>
    double Seconds { get; }
}

/// <summary>Result of stage 1.</summary>
/// <param name="Top1">Accuracy on the test set; null without test images.</param>
/// <param name="PseudoLabelAccuracy">
/// Accuracy of the pseudo-labels over all training images whose class is known; null if that is known of no more than the method was told.
/// </param>
/// <param name="Calibration">How far the probabilities of the pseudo-labels can be trusted, over the same images; null likewise.</param>
/// <param name="Seconds">Wall time.</param>
/// <param name="LoweredRate">The factor on the learning rate since the training diverged and went back; null if it never did.</param>
public sealed record Stage1Result(
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] double? Top1,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] double? PseudoLabelAccuracy,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] Calibration? Calibration,
    double Seconds,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? LoweredRate = null)
    : IStageResult;

/// <summary>Result of stage 2.</summary>
/// <param name="Parameters">Parameters of the generator.</param>
/// <param name="Steps">Updates.</param>
/// <param name="ImagesSeen">Training images seen, repeats counted.</param>
/// <param name="ImagesPerSecond">Training rate.</param>
/// <param name="FrechetDistance">Distance of the pseudo-images to the training images.</param>
/// <param name="ClassAgreement">Share of pseudo-images that the classifier that labelled puts in the class they were drawn for.</param>
/// <param name="Seconds">Wall time.</param>
/// <param name="LoweredRate">The factor on the learning rate since the training diverged and went back; null if it never did.</param>
public sealed record Stage2Result(
    long Parameters,
    int Steps,
    long ImagesSeen,
    double ImagesPerSecond,
    FrechetResult FrechetDistance,
    double ClassAgreement,
    double Seconds,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? LoweredRate = null)
    : IStageResult;

/// <summary>A Frechet distance with what it was measured in; only in Inception features is it what papers call FID.</summary>
/// <param name="Value">The distance.</param>
/// <param name="Features">Whose features.</param>
/// <param name="Count">Images on the generated side.</param>
public sealed record FrechetResult(double Value, string Features, int Count);

/// <summary>A round in short.</summary>
/// <param name="PseudoLabelAccuracy">Accuracy of the pseudo-labels that it began with, as that of stage 1.</param>
/// <param name="FrechetDistance">Distance of its pseudo-images to the training images, in features of the classifier that labelled.</param>
/// <param name="ClassAgreement">Share of its pseudo-images that that classifier puts in the class they were drawn for.</param>
/// <param name="Top1">Accuracy on the test set that it ended with; null without test images.</param>
/// <param name="SelfTrainingTop1">That of its second control; null where it was not asked for.</param>
public sealed record RoundResult(
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] double? PseudoLabelAccuracy,
    double FrechetDistance,
    double ClassAgreement,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] double? Top1,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? SelfTrainingTop1 = null);

/// <summary>Result of stage 3.</summary>
/// <param name="Top1">Accuracy on the test set; null without test images.</param>
/// <param name="ControlTop1">The same training without pseudo-images, of <paramref name="ControlSteps"/> updates.</param>
/// <param name="Steps">Updates.</param>
/// <param name="ControlSteps">Updates of the control.</param>
/// <param name="PseudoImagesPerClass">K.</param>
/// <param name="Seconds">Wall time.</param>
/// <param name="SelfTrainingTop1">
/// The same training with as many real images and their stage-1 labels in place of the pseudo-images; null where it was not asked for.
/// </param>
/// <param name="PairedControl">
/// Stage 3 and its control image by image; null without test images, and in later rounds, which train no control of their own.
/// </param>
/// <param name="LoweredRate">The factor on the learning rate since the training diverged and went back; null if it never did.</param>
/// <param name="ControlLoweredRate">The control's.</param>
/// <param name="SelfTrainingLoweredRate">The second control's.</param>
public sealed record Stage3Result(
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] double? Top1,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] double? ControlTop1,
    int Steps,
    int ControlSteps,
    int PseudoImagesPerClass,
    double Seconds,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? SelfTrainingTop1 = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] PairedControl? PairedControl = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? LoweredRate = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? ControlLoweredRate = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? SelfTrainingLoweredRate = null)
    : IStageResult;

/// <summary>What two classifiers say of the same test images: with it a difference can be told from chance.</summary>
/// <param name="OnlyStage3">Test images that stage 3 has right and its control has not.</param>
/// <param name="OnlyControl">Test images that the control has right and stage 3 has not.</param>
/// <param name="Images">All test images.</param>
public sealed record PairedControl(int OnlyStage3, int OnlyControl, int Images)
{
    /// <summary>The counts, for people.</summary>
    public override string ToString() => FormattableString.Invariant(
        $"{OnlyStage3} images right with pseudo-images only, {OnlyControl} without them only, of {Images}");
}
