namespace DPT.Engine.Dpt;

/// <summary>
/// Where things lie in the folder of a run, whether it is there or not: no path of a run is put together anywhere else.
/// </summary>
public class RunLayout
{
    /// <summary>Name of the file with every setting and its origin.</summary>
    public const string ConfigName = ImageTree.MarkOfRun;

    internal const string JudgeName = "reference";
    internal const string LogName = "log.txt";

    private const string LatentsName = "latents";
    private const string MetricsName = "metrics.jsonl";

    /// <summary>The layout of a run in that folder.</summary>
    public RunLayout(string folder) => FolderPath = folder;

    /// <summary>The folder, as it was given.</summary>
    public string FolderPath { get; }

    /// <summary>The folder's name, e.g. <c>00012-digits</c>.</summary>
    public string Name => Path.GetFileName(FolderPath);

    /// <summary>The stages of all rounds that are there, in their order: each works on what those before it made.</summary>
    public IEnumerable<StageFolder> Stages =>
        Enumerable.Range(1, int.MaxValue).TakeWhile(HasRound).SelectMany(number => Round(number).Stages);

    /// <summary>The outside judge: a cache of verbs that read, no part of the run.</summary>
    public string JudgePath => Path.Combine(FolderPath, JudgeName);

    /// <summary>Checkpoints of the judge.</summary>
    public string JudgeCheckpointsPath => Path.Combine(JudgePath, StageFolder.CheckpointsName);

    /// <summary>The judge's own numbers over time.</summary>
    public string JudgeMetricsPath => Path.Combine(JudgePath, MetricsName);

    /// <summary>Features of a frozen network, a cache.</summary>
    public string FeaturesPath => Path.Combine(FolderPath, "features");

    /// <summary>What an autoencoder says of the training images, see <see cref="LatentFile"/>; a cache.</summary>
    public string TrainLatentsPath => Path.Combine(FolderPath, LatentsName, "train.safetensors");

    /// <summary>The same of the test images that the generator's loss is measured on.</summary>
    public string TestLatentsPath => Path.Combine(FolderPath, LatentsName, "test.safetensors");

    /// <summary>What the options resolved to, and where each came from.</summary>
    public string ConfigPath => Path.Combine(FolderPath, ConfigName);

    /// <summary>What ran, see <see cref="RunRecord"/>.</summary>
    public string RecordPath => Path.Combine(FolderPath, "run.json");

    /// <summary>Messages.</summary>
    public string LogPath => Path.Combine(FolderPath, LogName);

    /// <summary>Numbers over time, see <see cref="MetricsWriter"/>.</summary>
    public string MetricsPath => Path.Combine(FolderPath, MetricsName);

    /// <summary>The same for TensorBoard, a folder for each stage.</summary>
    public string EventsPath => Path.Combine(FolderPath, "tensorboard");

    /// <summary>Every operator call of a profiled session, for a trace viewer.</summary>
    public string TracePath => Path.Combine(FolderPath, "profile.trace.json");

    /// <summary>What came out, see <see cref="DptResult"/>.</summary>
    public string ResultPath => Path.Combine(FolderPath, "result.json");

    /// <summary>The report for people.</summary>
    public string ReportPath => Path.Combine(FolderPath, "report.html");

    /// <summary>Which images were labelled, see <see cref="LabelSplit"/>.</summary>
    public string LabelsPath => Path.Combine(FolderPath, "labels.csv");

    /// <summary>Images left out because they cannot be read, see <see cref="BrokenImage"/>.</summary>
    public string SkippedImagesPath => Path.Combine(FolderPath, "skipped-images.csv");

    /// <summary>The stages of a round.</summary>
    /// <param name="number">From 1.</param>
    public RoundLayout Round(int number) => new(FolderPath, number);

    /// <summary>A stage and those that work on what it made.</summary>
    public IEnumerable<StageFolder> From(StageFolder stage) => Stages.SkipWhile(other => other.Name != stage.Name);

    /// <summary>Whether a round has begun; the first always has.</summary>
    private bool HasRound(int number) => number == 1 || Directory.Exists(Path.Combine(FolderPath, RoundLayout.FolderName(number)));
}
