using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>
/// Dual pseudo training in a run folder: the three stages in order. Each continues from its checkpoints, and a finished
/// stage whose settings, data and inputs are the same is not run again; one with others only if the session may
/// overwrite. Whatever stages were run one by one, they end in the same <c>result.json</c> as all in one. All methods stop
/// at the token with everything saved and throw <see cref="OperationCanceledException"/>.
/// </summary>
public sealed class DptPipeline : IDisposable
{
    private readonly RunContext _context;
    private readonly RunSession _session;
    private readonly ClassifierStage _classifier;
    private readonly DiffusionStage _diffusion;
    private readonly RetrainStage _retrain;

    /// <summary>Prepares to work in a folder; nothing is written yet.</summary>
    /// <param name="plan">The resolved options with the data, checked.</param>
    /// <param name="folder">The run folder; stays with the caller.</param>
    /// <param name="device">Where to compute; stays with the caller.</param>
    /// <param name="observer">Hears what happens.</param>
    /// <param name="session">How the session works in the folder.</param>
    public DptPipeline(DptPlan plan, RunFolder folder, Device device, IRunObserver observer, RunSession session)
    {
        _session = session;
        _context = new RunContext(plan, folder, device, observer, session.Overwrite);
        _classifier = new ClassifierStage(_context);
        _diffusion = new DiffusionStage(_context, _classifier);
        _retrain = new RetrainStage(_context, _classifier, _diffusion);
    }

    /// <summary>What a user of the results should know, as far as the run has come.</summary>
    public IReadOnlyList<string> Warnings { get; private set; } = [];

    /// <summary>Runs all stages that are not finished and writes <c>result.json</c>.</summary>
    public DptResult Run(CancellationToken stop)
    {
        BeginWork(1, 2, 3);
        _classifier.Run(stop);
        _diffusion.Run(stop);
        _retrain.Run(stop);
        return Conclude() ?? throw new InvalidOperationException("all stages have run, and the run is not finished");
    }

    /// <summary>The check that all work begins with, for who does not work: a dry run.</summary>
    /// <param name="stages">Numbers of the stages that would be worked on, 1 to 3.</param>
    /// <exception cref="DptException">
    /// Usage: one of them, finished or begun, has other settings or data than now, and the session may not overwrite.
    /// </exception>
    public void RequireConsent(params ReadOnlySpan<int> stages)
    {
        StageRunner[] runners = [_classifier.Runner, _diffusion.Runner, _retrain.Runner];
        foreach (var stage in stages)
        {
            runners[stage - 1].RequireConsent();
        }
    }

    /// <summary>Trains the classifier of stage 1. Returns top-1 on the test set.</summary>
    public double TrainClassifier(CancellationToken stop)
    {
        BeginWork(1);
        var top1 = _classifier.Train(stop);
        Conclude();
        return top1;
    }

    /// <summary>All of stage 1: classifier and pseudo-labels.</summary>
    public Stage1Result TrainClassifierAndLabel(CancellationToken stop)
    {
        BeginWork(1);
        var result = _classifier.Run(stop);
        Conclude();
        return result;
    }

    /// <summary>Trains the generator of stage 2; stage 1 must be finished. Returns the number of updates.</summary>
    public int TrainGenerator(CancellationToken stop)
    {
        _classifier.Read();
        BeginWork(2);
        var steps = _diffusion.Train(stop);
        Conclude();
        return steps;
    }

    /// <summary>All of stage 2: generator and pseudo-images; stage 1 must be finished.</summary>
    public Stage2Result TrainGeneratorAndDraw(CancellationToken stop)
    {
        _classifier.Read();
        BeginWork(2);
        var result = _diffusion.Run(stop);
        Conclude();
        return result;
    }

    /// <summary>Stage 3 and its control; stages 1 and 2 must be finished.</summary>
    public Stage3Result Retrain(CancellationToken stop)
    {
        _diffusion.Runner.RequireFinished();
        _classifier.Read();
        _diffusion.Read();
        BeginWork(3);
        var result = _retrain.Run(stop);
        Conclude();
        return result;
    }

    /// <summary>
    /// Judges a finished run with a classifier that knows all true labels, trained here if need be. Of the run nothing
    /// changes.
    /// </summary>
    /// <exception cref="DptException">Usage: a stage is not finished. Check: a file has changed since it was made.</exception>
    public EvaluationResult Evaluate(CancellationToken stop)
    {
        _retrain.Runner.RequireFinished();
        var stage1 = _classifier.Read();
        _diffusion.Read();
        var stage3 = _retrain.Read();
        using var judge = ReferenceJudge.Train(_context, stop);
        var confusion = _retrain.LoadConfusion();
        return new EvaluationResult(
            stage1.Top1,
            stage3.Top1,
            stage3.ControlTop1,
            judge.Classifier.Evaluate(_context.Data.Test, stop).Accuracy,
            judge.Classifier.Evaluate(_diffusion.LoadImages(), stop).Accuracy,
            confusion.MacroF1,
            EvaluationResult.RatesOf(confusion, _context.Data.Test.ClassNames));
    }

    /// <summary>
    /// Frechet distance of the pseudo-images to the training images, in the judge's features. Of the run nothing changes.
    /// </summary>
    /// <exception cref="DptException">Usage: a stage is not finished. Check: a file has changed since it was made.</exception>
    public FrechetResult MeasureFrechet(CancellationToken stop)
    {
        _diffusion.Runner.RequireFinished();
        _classifier.Read();
        _diffusion.Read();
        using var judge = ReferenceJudge.Train(_context, stop);
        return FeatureDistance.Between(
            judge.Classifier,
            _context.Data.Train,
            _diffusion.LoadImages(),
            "class token of a classifier trained on all true labels",
            stop);
    }

    /// <inheritdoc/>
    public void Dispose() => _context.Dispose();

    /// <summary>
    /// The moment from which the folder changes. Before it, everything has agreed; first of all the settings are written,
    /// so that whatever ends the session can be resumed.
    /// </summary>
    private void BeginWork(params ReadOnlySpan<int> stages)
    {
        RequireConsent(stages);
        var folder = _context.Folder;
        folder.Sweep();
        AtomicFile.WriteText(folder.ConfigPath, _session.Settings);
        JsonFiles.Save(folder.RecordPath, new RunRecord
        {
            Started = DateTime.UtcNow,
            CommandLine = _session.CommandLine,
            Device = _context.Device.Description,
            Kernels = KernelRegistry.Describe(_context.Device.Selection, _context.Device.Kind),
            Seed = _context.Options.Seed,
            DataHashes = _context.Plan.DataHashes,
        });
        _context.Split.Save(folder.LabelsPath, _context.Data.Train);
        foreach (var note in _context.Data.Notes)
        {
            _context.Observer.Message(note);
        }

        if (_context.Options.Data.SkipBroken)
        {
            BrokenImage.Save(folder.SkippedImagesPath, _context.Data.Skipped);
        }
    }

    /// <summary>Writes <c>result.json</c> if all stages are finished and of one piece; gives it, or null.</summary>
    private DptResult? Conclude()
    {
        var one = _classifier.Find();
        var two = one is null ? null : _diffusion.Find();
        var three = two is null ? null : _retrain.Find();
        StageManifest[] manifests = [.. new[] { one?.Manifest, two?.Manifest, three?.Manifest }.OfType<StageManifest>()];
        Warnings = RunWarnings.Of(
            _context.Plan,
            one is null ? null : _classifier.LoadPseudoLabels(),
            one?.Result,
            two?.Result,
            three?.Result,
            [.. manifests.SelectMany(manifest => manifest.Machines).Distinct()]);
        if (one is not { } stage1 || two is not { } stage2 || three is not { } stage3)
        {
            return null;
        }

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
            Stage1 = stage1.Result,
            Stage2 = stage2.Result,
            Stage3 = stage3.Result,
            TotalSeconds = stage1.Result.Seconds + stage2.Result.Seconds + stage3.Result.Seconds,
            PeakMemoryBytes = manifests.Max(manifest => manifest.PeakMemoryBytes),
            Warnings = Warnings,
        };
        JsonFiles.Save(_context.Folder.ResultPath, result);
        return result;
    }
}
