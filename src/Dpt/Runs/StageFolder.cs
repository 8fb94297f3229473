using System.Globalization;

namespace DPT.Engine.Dpt;

/// <summary>The folder of one stage of a run.</summary>
public sealed class StageFolder
{
    internal const string CheckpointsName = "checkpoints";

    internal StageFolder(string run, string name)
    {
        Name = name;
        FolderPath = Path.Combine(run, name);
    }

    /// <summary>The stage's name in metrics and messages, e.g. <c>stage-1-classifier</c>.</summary>
    public string Name { get; }

    /// <summary>The folder, absolute.</summary>
    public string FolderPath { get; }

    /// <summary>Where the <see cref="CheckpointStore"/> keeps checkpoints.</summary>
    public string CheckpointsPath => Path.Combine(FolderPath, CheckpointsName);

    /// <summary>Checkpoints of the control: stage 3 without pseudo-images.</summary>
    public string ControlCheckpointsPath => Path.Combine(FolderPath, "control-checkpoints");

    /// <summary>Checkpoints of the second control: stage 3 with real images and their pseudo-labels in place of the drawn ones.</summary>
    public string SelfTrainingCheckpointsPath => Path.Combine(FolderPath, "self-training-checkpoints");

    /// <summary>What the stage was made from, see <see cref="StageManifest"/>.</summary>
    public string ManifestPath => Path.Combine(FolderPath, "manifest.json");

    /// <summary>The pseudo-labels of stage 1, see <see cref="PseudoLabelFile"/>.</summary>
    public string PseudoLabelsPath => Path.Combine(FolderPath, "pseudo-labels.csv");

    /// <summary>A picture of generated images.</summary>
    public string SamplesPath => Path.Combine(FolderPath, "samples.png");

    /// <summary>A picture of generated images, each beside the training image nearest to it.</summary>
    public string NeighboursPath => Path.Combine(FolderPath, "neighbours.png");

    /// <summary>Folder of pictures of a generator on the way.</summary>
    public string FilmPath => Path.Combine(FolderPath, "film");

    /// <summary>The picture after so many updates: images of the same noise in all of them.</summary>
    public string FrameOf(long step) => Path.Combine(FilmPath, string.Create(CultureInfo.InvariantCulture, $"step-{step:D8}.png"));

    /// <summary>The pseudo-images of stage 2, see <see cref="ImageShards"/>.</summary>
    public string PseudoImagesPath => Path.Combine(FolderPath, "pseudo-images");

    /// <summary>What the stage came to: a <see cref="IStageResult"/>.</summary>
    public string ResultPath => Path.Combine(FolderPath, "result.json");

    /// <summary>The averaged weights of a finished classifier.</summary>
    public string ClassifierPath => Path.Combine(FolderPath, "classifier.safetensors");

    /// <summary>The averaged weights of a finished generator.</summary>
    public string GeneratorPath => Path.Combine(FolderPath, "generator.safetensors");

    /// <summary>Counts of the predictions on the test set, by true and predicted class.</summary>
    public string ConfusionPath => Path.Combine(FolderPath, "confusion.json");

    /// <summary>What drawing the pseudo-images has taken, see <see cref="DrawingRecord"/>.</summary>
    public string DrawingPath => Path.Combine(FolderPath, "drawing.json");
}
