using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>
/// Dual pseudo training in a run folder: the three stages in order, in as many rounds as the options say. Each continues from its checkpoints, and a finished
/// stage whose settings, data and inputs are the same is not run again; one with others only if the session may
/// overwrite. Whatever stages were run one by one, they end in the same <c>result.json</c> as all in one. All methods stop
/// at the token with everything saved and throw <see cref="OperationCanceledException"/>.
/// </summary>
public sealed class DptPipeline : IDisposable
{
    private readonly RunContext _context;
    private readonly RunSession _session;
    private readonly ClassifierStage _classifier;
    private readonly IReadOnlyList<Round> _rounds;

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
        var rounds = new List<Round>();
        for (var number = 1; number <= plan.Options.Rounds; number++)
        {
            LabelStage labels = number == 1 ? _classifier : new RelabelStage(_context, number);
            var diffusion = new DiffusionStage(_context, labels, number);
            var first = rounds.Count == 0 ? null : rounds[0].Retrain;
            rounds.Add(new Round(labels, diffusion, new RetrainStage(_context, labels, diffusion, number, first)));
        }

        _rounds = rounds;
    }

    /// <summary>What a user of the results should know, as far as the run has come.</summary>
    public IReadOnlyList<string> Warnings { get; private set; } = [];

    private DiffusionStage FirstDiffusion => _rounds[0].Diffusion;

    private RetrainStage FirstRetrain => _rounds[0].Retrain;

    /// <summary>Runs all stages that are not finished and writes <c>result.json</c>.</summary>
    public DptResult Run(CancellationToken stop)
    {
        BeginWork(1, 2, 3);
        foreach (var (number, round) in _rounds.Index())
        {
            _context.Folder.MakeRound(number + 1);
            round.Labels.Run(stop);
            round.Diffusion.Run(stop);
            round.Retrain.Run(stop);
        }

        return Conclude() ?? throw new InvalidOperationException("all stages have run, and the run is not finished");
    }

    /// <summary>The check that all work begins with, for who does not work: a dry run.</summary>
    /// <param name="stages">Numbers of the stages that would be worked on, 1 to 3; all three mean those of all rounds.</param>
    /// <exception cref="DptException">
    /// Usage: one of them, finished or begun, has other settings or data than now, and the session may not overwrite.
    /// </exception>
    public void RequireConsent(params ReadOnlySpan<int> stages)
    {
        foreach (var stage in stages)
        {
            _rounds[0].Runners[stage - 1].RequireConsent();
        }

        if (stages.Length == _rounds[0].Runners.Count)
        {
            foreach (var runner in _rounds.Skip(1).SelectMany(round => round.Runners))
            {
                runner.RequireConsent();
            }
        }
    }

    /// <summary>Trains the classifier of stage 1. Returns top-1 on the test set, null without test images.</summary>
    public double? TrainClassifier(CancellationToken stop)
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
        var steps = FirstDiffusion.Train(stop);
        Conclude();
        return steps;
    }

    /// <summary>All of stage 2: generator and pseudo-images; stage 1 must be finished.</summary>
    public Stage2Result TrainGeneratorAndDraw(CancellationToken stop)
    {
        _classifier.Read();
        BeginWork(2);
        var result = FirstDiffusion.Run(stop);
        Conclude();
        return result;
    }

    /// <summary>Stage 3 and its control; stages 1 and 2 must be finished.</summary>
    public Stage3Result Retrain(CancellationToken stop)
    {
        FirstDiffusion.Runner.RequireFinished();
        _classifier.Read();
        FirstDiffusion.Read();
        BeginWork(3);
        var result = FirstRetrain.Run(stop);
        Conclude();
        return result;
    }

    /// <summary>
    /// Judges a finished run with a classifier that knows all true labels, trained here if need be. Of the run nothing
    /// changes.
    /// </summary>
    /// <exception cref="DptException">
    /// Usage: a stage is not finished, there are no test images, or not all true labels are known. Check: a file has changed since it
    /// was made.
    /// </exception>
    public EvaluationResult Evaluate(CancellationToken stop)
    {
        Usage.Require(
            _context.Data.Test.Count > 0,
            $"'{_context.Data.Test.Name}' has no test images: there is nothing to evaluate on; add a folder test, or set labelled "
            + "images aside with data.development");
        var (diffusion, retrain) = (_rounds[^1].Diffusion, _rounds[^1].Retrain);
        retrain.Runner.RequireFinished();
        var stage1 = _classifier.Read();
        diffusion.Read();
        var stage3 = retrain.Read();
        using var judge = ReferenceJudge.Train(_context, stop);
        var confusion = retrain.LoadConfusion();
        return new EvaluationResult(
            stage1.Top1!.Value,
            stage3.Top1!.Value,
            FirstRetrain.Read().ControlTop1!.Value,
            judge.Classifier.Evaluate(_context.Data.Test, stop).Accuracy!.Value,
            judge.Classifier.Evaluate(diffusion.LoadImages(), stop).Accuracy!.Value,
            confusion.MacroF1,
            EvaluationResult.RatesOf(confusion, _context.Data.Test.ClassNames));
    }

    /// <summary>How good the pseudo-images are. Of the run nothing changes.</summary>
    /// <param name="comparison">In which features, and beside what.</param>
    /// <param name="stop">Stops between batches.</param>
    /// <exception cref="DptException">
    /// Usage: a stage is not finished; the judge is asked and not all true labels are known; or the comparison does not fit a network or
    /// file that it names. Check: a file has changed since it was made, or is damaged. Environment: a file cannot be read.
    /// </exception>
    public SampleQuality MeasureSamples(SampleComparison comparison, CancellationToken stop)
    {
        Usage.Require(
            comparison is { Features: not null } or { Statistics: null, StatisticsOut: null },
            "files of moments are made with the features of a trained network: the judge's are of this run alone");
        Usage.Require(
            comparison is { Statistics: null } or { StatisticsOut: null },
            "moments are read from one file or written to another: in place of the training images nothing of them is computed");
        var diffusion = _rounds[^1].Diffusion;
        diffusion.Runner.RequireFinished();
        _rounds[^1].Labels.Read();
        diffusion.Read();
        var train = _context.Data.Train;
        if (comparison.Features is { } recipe)
        {
            using var network = FrozenNetwork.Open(recipe, train.Form, _context.Device);
            return comparison.Statistics is { } file
                ? SampleQuality.Of(network, file, diffusion.LoadImages(), stop)
                : SampleQuality.Of(network, train, diffusion.LoadImages(), comparison.StatisticsOut, stop);
        }

        using var judge = ReferenceJudge.Train(_context, stop);
        return SampleQuality.Of(new JudgeFeatures(judge.Classifier), train, diffusion.LoadImages(), statisticsOut: null, stop);
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
        var done = new List<RoundWork>();
        foreach (var round in _rounds)
        {
            var one = round.Labels.Find();
            var two = one is null ? null : round.Diffusion.Find();
            var three = two is null ? null : round.Retrain.Find();
            done.Add(new RoundWork(one, two, three));
            if (three is null)
            {
                break;
            }
        }

        var control = done[0].Retrain?.Result;
        var (labels, images, classifier) = done[^1];
        var stage3 = classifier?.Result is { } last && control is not null
            ? last with { ControlTop1 = control.ControlTop1, ControlSteps = control.ControlSteps, ControlLoweredRate = control.ControlLoweredRate }
            : null;
        StageManifest[] manifests = [.. done.SelectMany(work => work.Manifests)];
        Warnings = RunWarnings.Of(
            _context.Plan,
            labels is null ? null : _rounds[done.Count - 1].Labels.LoadPseudoLabels(),
            labels?.Result,
            images?.Result,
            stage3,
            [.. done.SelectMany((work, index) => work.LoweredRates(_context.Folder.Round(index + 1)))],
            [.. manifests.SelectMany(manifest => manifest.Machines).Distinct()]);
        if (done.Count < _rounds.Count || stage3 is null)
        {
            return null;
        }

        var (train, test) = _context.Data;
        var options = _context.Options;
        var result = new DptResult
        {
            Data = new DataResult(
                train.Name, train.Classes, train.Count, test.Count,
                _context.Split.Count, train.ImageSize, train.Channels),
            Seed = options.Seed,
            Device = _context.Device.Description,
            Precision = options.Precision,
            Engine = RunRecord.EngineVersion,
            Stage1 = done[0].Labels!.Value.Result,
            Stage2 = images!.Value.Result,
            Stage3 = stage3,
            Rounds = [.. done.Select(work => work.Summary)],
            TotalSeconds = done.Sum(work => work.Seconds),
            PeakMemoryBytes = manifests.Max(manifest => manifest.PeakMemoryBytes),
            Warnings = Warnings,
        };
        JsonFiles.Save(_context.Folder.ResultPath, result);
        return result;
    }

    /// <summary>The stages of a round.</summary>
    private sealed record Round(LabelStage Labels, DiffusionStage Diffusion, RetrainStage Retrain)
    {
        public IReadOnlyList<StageRunner> Runners { get; } = [Labels.Runner, Diffusion.Runner, Retrain.Runner];
    }

    /// <summary>What is finished of a round.</summary>
    private sealed record RoundWork(
        (StageManifest Manifest, Stage1Result Result)? Labels,
        (StageManifest Manifest, Stage2Result Result)? Diffusion,
        (StageManifest Manifest, Stage3Result Result)? Retrain)
    {
        public IEnumerable<StageManifest> Manifests =>
            new[] { Labels?.Manifest, Diffusion?.Manifest, Retrain?.Manifest }.OfType<StageManifest>();

        public double Seconds => (Labels?.Result.Seconds ?? 0) + (Diffusion?.Result.Seconds ?? 0) + (Retrain?.Result.Seconds ?? 0);

        /// <summary>The trainings that diverged and went back, by their names in the metrics, each with the factor on its rate.</summary>
        public IEnumerable<(string Training, double Factor)> LoweredRates(RoundLayout layout) =>
            from training in new (string Name, double? Factor)[]
            {
                (layout.Labels.Name, Labels?.Result.LoweredRate),
                (layout.Diffusion.Name, Diffusion?.Result.LoweredRate),
                (layout.Retrain.Name, Retrain?.Result.LoweredRate),
                (RetrainStage.ControlOf(layout.Retrain), Retrain?.Result.ControlLoweredRate),
                (RetrainStage.SelfTrainingOf(layout.Retrain), Retrain?.Result.SelfTrainingLoweredRate),
            }
            where training.Factor is not null
            select (training.Name, training.Factor!.Value);

        /// <summary>Of a round that is finished.</summary>
        public RoundResult Summary => new(
            Labels!.Value.Result.PseudoLabelAccuracy,
            Diffusion!.Value.Result.FrechetDistance.Value,
            Diffusion!.Value.Result.ClassAgreement,
            Retrain!.Value.Result.Top1,
            Retrain!.Value.Result.SelfTrainingTop1);
    }
}
