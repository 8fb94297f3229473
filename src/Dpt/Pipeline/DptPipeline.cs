using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>
/// Dual pseudo training in a run folder: the three stages in order. Each continues from its checkpoints, and a finished
/// stage whose options and inputs are the same is not run again. All methods stop at the token with everything saved
/// and throw <see cref="OperationCanceledException"/>.
/// </summary>
public sealed class DptPipeline : IDisposable
{
    private readonly RunContext _context;

    /// <summary>Opens the data of a run.</summary>
    /// <param name="options">The resolved options.</param>
    /// <param name="folder">The run folder; stays with the caller.</param>
    /// <param name="device">Where to compute; stays with the caller.</param>
    /// <param name="observer">Hears what happens.</param>
    /// <param name="commandLine">The words that started the run, for its record.</param>
    /// <exception cref="DptException">The data is missing or damaged, or settings contradict each other.</exception>
    public DptPipeline(
        DptOptions options,
        RunFolder folder,
        Device device,
        IRunObserver observer,
        IReadOnlyList<string> commandLine)
    {
        _context = new RunContext(options, folder, device, observer);
        JsonFiles.Save(folder.RecordPath, new RunRecord
        {
            Started = DateTime.UtcNow,
            CommandLine = commandLine,
            Device = device.Description,
            Kernels = device.Selection.Describe(device.Kind),
            Seed = options.Seed,
            DataHashes = new Dictionary<string, string>
            {
                ["train"] = _context.Data.Train.Hash,
                ["test"] = _context.Data.Test.Hash,
                ["labels"] = _context.Split.Hash,
            },
        });
    }

    /// <summary>Runs all stages that are not finished and writes <c>result.json</c>.</summary>
    public DptResult Run(CancellationToken stop)
    {
        var stage1 = LabelAll(stop);
        var stage2 = Generate(stop);
        var stage3 = Retrain(stop);
        var (train, test) = _context.Data;
        var options = _context.Options;
        var result = new DptResult
        {
            Data = new DataResult(
                train.Name, train.Classes, train.Count, test.Count,
                options.Data.LabelsPerClass, train.ImageSize, train.Channels),
            Seed = options.Seed,
            Device = _context.Device.Description,
            Precision = options.Precision,
            Engine = RunRecord.EngineVersion,
            Stage1 = stage1,
            Stage2 = stage2,
            Stage3 = stage3,
            TotalSeconds = stage1.Seconds + stage2.Seconds + stage3.Seconds,
            PeakMemoryBytes = _context.Device.Memory.PeakBytes,
        };
        JsonFiles.Save(_context.Folder.ResultPath, result);
        return result;
    }

    /// <summary>Trains the classifier of stage 1. Returns top-1 on the test set.</summary>
    public double TrainClassifier(CancellationToken stop) => new ClassifierStage(_context).Train(stop);

    /// <summary>All of stage 1: classifier and pseudo-labels.</summary>
    public Stage1Result LabelAll(CancellationToken stop) => new ClassifierStage(_context).Run(stop);

    /// <summary>Trains the generator of stage 2; stage 1 must be finished. Returns the number of updates.</summary>
    public int TrainGenerator(CancellationToken stop) => Diffusion().Train(stop);

    /// <summary>All of stage 2: generator and pseudo-images; stage 1 must be finished.</summary>
    public Stage2Result Generate(CancellationToken stop) => Diffusion().Run(stop);

    /// <summary>Stage 3 and its control; stages 1 and 2 must be finished.</summary>
    public Stage3Result Retrain(CancellationToken stop)
    {
        RequireFinished(_context.Folder.Diffusion);
        return new RetrainStage(_context, Diffusion()).Run(stop);
    }

    /// <summary>Judges a finished run with a classifier that knows all true labels, trained here if need be.</summary>
    public EvaluationResult Evaluate(CancellationToken stop)
    {
        RequireFinished(_context.Folder.Retrain);
        using var judge = new ReferenceJudge(_context).Train(stop);
        var stage1 = LabelAll(stop);
        var retraining = new RetrainStage(_context, Diffusion());
        var stage3 = retraining.Run(stop);
        var confusion = retraining.LoadConfusion();
        return new EvaluationResult(
            stage1.Top1,
            stage3.Top1,
            stage3.ControlTop1,
            judge.Classifier.Evaluate(_context.Data.Test, stop).Accuracy,
            judge.Classifier.Evaluate(Diffusion().LoadImages(), stop).Accuracy,
            confusion.MacroF1,
            EvaluationResult.RatesOf(confusion, _context.Data.Test.ClassNames));
    }

    /// <summary>Frechet distance of the pseudo-images to the training images, in the judge's features.</summary>
    public FrechetResult MeasureFrechet(CancellationToken stop)
    {
        RequireFinished(_context.Folder.Diffusion);
        using var judge = new ReferenceJudge(_context).Train(stop);
        return FeatureDistance.Between(
            judge.Classifier,
            _context.Data.Train,
            Diffusion().LoadImages(),
            "class token of a classifier trained on all true labels",
            stop);
    }

    /// <inheritdoc/>
    public void Dispose() => _context.Dispose();

    private DiffusionStage Diffusion()
    {
        RequireFinished(_context.Folder.Classifier);
        return new DiffusionStage(_context, new ClassifierStage(_context));
    }

    private static void RequireFinished(StageFolder stage)
    {
        if (!File.Exists(stage.ManifestPath))
        {
            throw new DptException(
                FailureKind.Usage, $"{stage.Name} is not finished in this run folder; run it first, or `dpt run`");
        }
    }
}
