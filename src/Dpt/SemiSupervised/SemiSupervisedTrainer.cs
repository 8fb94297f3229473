using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>
/// Trains a classifier on labelled and unlabelled images (spec 2.4): L = L_s + lambda L_u + what the algorithm adds. L_s is the
/// mean cross-entropy of weak views of labelled images with their labels; L_u that of strong views of unlabelled images with what
/// the model says of their weak views, weighted by the algorithm. A step is told which images it draws and says nothing back: what
/// the networks do with them is captured work, and its numbers wait in a log.
/// </summary>
internal sealed class SemiSupervisedTrainer : ITrainer, IDisposable
{
    private readonly SemiSupervisedOptions _options;
    private readonly ImageClassifier _classifier;
    private readonly ModelState _model;
    private readonly ClassifierBatches _batches;
    private readonly ISemiSupervised _algorithm;
    private readonly ITwoPassAlgorithm? _secondPass;
    private readonly Tape _tape;
    private readonly RepeatedWork _learn;
    private readonly StepLog _log;
    private readonly MetricMeans _metrics = new();

    /// <summary>Prepares training from step 0.</summary>
    /// <param name="classifier">The classifier; its weights are trained.</param>
    /// <param name="options">Algorithm, budget and rates.</param>
    /// <param name="labelled">Images whose labels may be used: real ones, and pseudo-images in stage 3.</param>
    /// <param name="unlabelled">All real training images; their labels are never read here.</param>
    /// <param name="seed">Seed of the stage.</param>
    public SemiSupervisedTrainer(
        ImageClassifier classifier,
        SemiSupervisedOptions options,
        LabelledImages labelled,
        ImageDataset unlabelled,
        ulong seed)
    {
        (_options, _classifier) = (options, classifier);
        var device = classifier.Store.Device;
        _batches = new ClassifierBatches(classifier, options, labelled, unlabelled, seed);
        _algorithm = SemiSupervisedCatalog.Find(options.Algorithm).Create(
            device, options, new UnlabelledImages(unlabelled.Count, labelled.Images.Classes, unlabelled.ImageSize, seed));
        _secondPass = options.UnlabelledBatch > 0 ? _algorithm as ITwoPassAlgorithm : null;
        _tape = new Tape(device);
        _learn = new RepeatedWork(device, Learn);
        _log = new StepLog(device, WeightsAt + options.UnlabelledBatch + _algorithm.Measures.Count + ModelState.Numbers, Record);
        _model = new ModelState(
            classifier.Store,
            CreateOptimizer(classifier.Store, options),
            new MovingAverage(classifier.Store, (float)options.AverageDecay),
            options.ClipNorm,
            _log.Row.From(ModelAt),
            _learn.Run);
    }

    public int Step { get; private set; }

    public int TotalSteps => _options.Steps;

    public double RateScale { get; set; } = 1;

    public int ImagesPerStep => _options.LabelledBatch + _options.UnlabelledBatch;

    /// <summary>The averaged weights.</summary>
    public MovingAverage Average => _model.Average;

    // A row of the log: losses of the labelled and of the unlabelled images, weights of the unlabelled, measures, the model's numbers.
    private int WeightsAt => ImagesPerStep;

    private int MeasuresAt => WeightsAt + _options.UnlabelledBatch;

    private int ModelAt => MeasuresAt + _algorithm.Measures.Count;

    public void RunStep()
    {
        _batches.Draw(Step);
        _secondPass?.Draw(Step);
        _learn.Run();
        _model.Update(RateOf(Step));
        _log.Keep(Step);
        Step++;
    }

    public IReadOnlyList<(string Name, double Value)> TakeMetrics()
    {
        _log.Read();
        return [.. _metrics.Take(), .. _model.TakeSkipped()];
    }

    public TrainingState Capture()
    {
        _log.Read();
        return new TrainingState(Step, _algorithm.Capture(), _model.Capture());
    }

    public void Restore(TrainingState state)
    {
        _model.RequireFit(state);
        _algorithm.Restore(state.State);
        _model.Restore(state);
        _log.Clear();
        Step = (int)state.Step;
    }

    public void Dispose()
    {
        _learn.Dispose();
        _tape.Dispose();
        _algorithm.Dispose();
        _batches.Dispose();
        _model.Dispose();
        _log.Dispose();
    }

    private static IOptimizer CreateOptimizer(ParameterStore store, SemiSupervisedOptions options) =>
        options.Optimizer switch
        {
            "adamw" => new AdamW(store, AdamWOf(options)),
            "muon" => new Muon(store, new MuonConfig(AdamWOf(options))),
            "sgd" => new Sgd(store, new SgdConfig(0.9f, Nesterov: true, (float)options.WeightDecay, DecayEverything: false)),
            var other => throw new DptException(FailureKind.Usage, $"optimizer '{other}' is not known; use adamw, muon or sgd"),
        };

    private static AdamWConfig AdamWOf(SemiSupervisedOptions options) =>
        new(0.9f, 0.99f, (float)options.WeightDecay, DecayEverything: false);

    private double RateOf(int step) => RateScale
        * _options.LearningRate
        * LearningRateSchedule.LinearWarmUp(step + 1, _options.WarmUp)
        * LearningRateSchedule.SevenSixteenthsCosine(step, TotalSteps);

    /// <summary>Loss and gradient of the batch: the same launches in every step.</summary>
    private void Learn()
    {
        var batch = _batches.Batch;

        // The scores of the rows that are learned, then L_s, and lambda L_u with what the algorithm adds.
        var logits = _classifier.Network is IBatchClassifier network ? ScoresTogether(network, batch) : ScoresApart(batch);
        var labelled = _tape.CrossEntropy(logits, batch.Labels, scale: 1f / _options.LabelledBatch, batch.Labelled);
        Log(labelled.Data.Range(0, _options.LabelledBatch), at: 0);
        if (batch.WeakViews is not null)
        {
            var unlabelled = _tape.CrossEntropy(
                logits, batch.Labels, scale: (float)(_options.UnlabelledWeight / _options.UnlabelledBatch), batch.Weights);
            Log(unlabelled.Data.From(_options.LabelledBatch), at: _options.LabelledBatch);
            Log(batch.Weights.From(_options.LabelledBatch), WeightsAt);
            _algorithm.AddTerms(_tape, logits, batch.Weights);
        }

        _tape.Backward();
        if (_secondPass is not null)
        {
            _secondPass.PassAgain(_tape, batch.Views, batch.Labels, ScoresLearning);
            _tape.Backward();
        }

        for (var i = 0; i < _algorithm.Measures.Count && batch.WeakViews is not null; i++)
        {
            Log(_algorithm.Measures[i].Value, MeasuresAt + i);
        }

        _model.Clip(_log.Row.Range(0, ImagesPerStep));
    }

    /// <summary>Scores of images of a pass of their own.</summary>
    private Tensor ScoresLearning(Tensor images) => _classifier.Network is IBatchClassifier network
        ? network.ForwardTraining(_tape, images)
        : _classifier.Network.Forward(_tape, images);

    /// <summary>
    /// The weak views run apart: they need no gradient, and an image's scores do not depend on the images beside it.
    /// </summary>
    private Tensor ScoresApart(ClassifierBatch batch)
    {
        if (batch.WeakViews is { } weakViews)
        {
            Select(batch, _tape.WithoutGradient(() => _classifier.Network.Forward(_tape, weakViews)));
            _tape.Reset();
        }

        return _classifier.Network.Forward(_tape, batch.Views);
    }

    /// <summary>The weak views run with the others, as all of them make up the batch that the network normalises by.</summary>
    private Tensor ScoresTogether(IBatchClassifier network, ClassifierBatch batch)
    {
        var logits = network.ForwardTraining(_tape, batch.AllViews);
        if (batch.WeakViews is null)
        {
            return logits;
        }

        Select(batch, _tape.WithoutGradient(() => _tape.Slice(logits, axis: 0, ImagesPerStep, _options.UnlabelledBatch)));
        return _tape.Slice(logits, axis: 0, start: 0, ImagesPerStep);
    }

    /// <param name="batch">Whose unlabelled rows get labels and weights.</param>
    /// <param name="weak">Scores of the weak views, which become probabilities.</param>
    private void Select(ClassifierBatch batch, Tensor weak)
    {
        _classifier.Softmax(weak.Data, weak.Data);
        _algorithm.Select(new UnlabelledBatch(
            batch.Unlabelled, weak.Data, batch.Labels.From(_options.LabelledBatch), batch.Weights.From(_options.LabelledBatch)));
    }

    private void Log(Slice<float> numbers, int at) => _tape.Device.Copy(numbers, _log.Row.Range(at, numbers.Length));

    /// <summary>The parts of the loss, each without its weight, and the loss itself, which is minimised.</summary>
    /// <param name="row">What a step left.</param>
    /// <param name="step">The step, counted from 0.</param>
    private void Record(ReadOnlySpan<float> row, int step)
    {
        var (few, many) = (_options.LabelledBatch, _options.UnlabelledBatch);
        var labelled = Sum(row[..few]) / few;
        var loss = labelled;
        if (many > 0)
        {
            var selected = Sum(row.Slice(WeightsAt, many)) / many;
            Require(selected, step, "the probabilities of the weak views are");
            _metrics.Add("unlabelled/selected", selected);
            for (var i = 0; i < _algorithm.Measures.Count; i++)
            {
                var measure = _algorithm.Measures[i];
                var value = row[MeasuresAt + i];
                Require(value, step, measure.WhenNotFinite);
                _metrics.Add(measure.Name, value);
                loss += measure.Weight * value;
            }
        }

        var unlabelled = many > 0 ? Sum(row.Slice(few, many)) / many : 0;
        loss += _options.UnlabelledWeight * unlabelled;
        Require(loss, step, "the loss is");
        _metrics.Add("train/loss", loss);
        _metrics.Add("labelled/loss", labelled);
        if (many > 0)
        {
            _metrics.Add("unlabelled/loss", unlabelled);
        }

        if (_model.Require(row[ModelAt..], step + 1) is { } norm)
        {
            _metrics.Add("gradient/norm", norm);
        }

        _metrics.Add("train/learningRate", RateOf(step));
    }

    private static void Require(double value, int step, string what)
    {
        if (!double.IsFinite(value))
        {
            throw NonFinite.InStep(step + 1, what);
        }
    }

    private static double Sum(ReadOnlySpan<float> values)
    {
        var sum = 0.0;
        foreach (var value in values)
        {
            sum += value;
        }

        return sum;
    }
}
