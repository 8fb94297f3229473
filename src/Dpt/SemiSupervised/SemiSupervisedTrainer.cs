using System.Text.Json;
using System.Text.Json.Nodes;
using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>
/// FreeMatch (spec 2.4) on a small ViT. A step draws labelled and unlabelled images with replacement; the model's own
/// predictions on weak views, filtered by self-adaptive thresholds, become labels for the strong views. The weak views
/// need no gradient, and a ViT has no batch statistics, so they run apart and unrecorded.
/// </summary>
internal sealed class SemiSupervisedTrainer : ITrainer, IDisposable
{
    private readonly SemiSupervisedOptions _options;
    private readonly Classifier _classifier;
    private readonly ModelState _model;
    private readonly SelfAdaptiveThreshold _threshold;
    private readonly DeviceImages _labelled;
    private readonly DeviceImages _unlabelled;
    private readonly BatchSampler _labelledDraw;
    private readonly BatchSampler _unlabelledDraw;
    private readonly int[] _labels;
    private readonly int _classes;
    private readonly ulong _seed;
    private readonly Tape _tape;
    private readonly MetricMeans _metrics = new();
    private readonly DeviceBuffer<float> _deviceTargets;
    private readonly int[] _labelledIndices;
    private readonly int[] _unlabelledIndices;
    private readonly int[] _predictions;
    private readonly float[] _mask;
    private readonly float[] _probabilities;
    private readonly float[] _targets;
    private readonly float[] _losses;

    /// <summary>Prepares training from step 0.</summary>
    /// <param name="classifier">The classifier; its weights are trained.</param>
    /// <param name="options">Budget and rates.</param>
    /// <param name="labelled">Images whose labels may be used: real ones, and pseudo-images in stage 3.</param>
    /// <param name="unlabelled">All real training images; their labels are never read here.</param>
    /// <param name="seed">Seed of the stage.</param>
    public SemiSupervisedTrainer(
        Classifier classifier,
        SemiSupervisedOptions options,
        ImageDataset labelled,
        ImageDataset unlabelled,
        ulong seed)
    {
        _options = options;
        _classifier = classifier;
        _seed = seed;
        var device = classifier.Store.Device;
        _model = new ModelState(
            classifier.Store, CreateOptimizer(classifier.Store, options), options.AverageDecay, options.ClipNorm);
        _threshold = new SelfAdaptiveThreshold(labelled.Classes, options.ThresholdMomentum);
        _labelled = new DeviceImages(device, labelled, classifier.Normalisation);
        _unlabelled = new DeviceImages(device, unlabelled, classifier.Normalisation);
        _labelledDraw = BatchSampler.WithReplacement(labelled.Count, seed, RunStreams.LabelledDraw);
        _unlabelledDraw = BatchSampler.WithReplacement(unlabelled.Count, seed, RunStreams.UnlabelledDraw);
        _labels = labelled.Labels;
        _tape = new Tape(device);
        var rows = options.LabelledBatch + options.UnlabelledBatch;
        _classes = labelled.Classes;
        _deviceTargets = device.Allocate<float>((long)rows * _classes);
        _targets = new float[rows * _classes];
        _predictions = new int[options.UnlabelledBatch];
        _mask = new float[options.UnlabelledBatch];
        _losses = new float[rows];
        _labelledIndices = new int[options.LabelledBatch];
        _unlabelledIndices = new int[options.UnlabelledBatch];
        _probabilities = new float[options.UnlabelledBatch * _classes];
    }

    public int Step { get; private set; }

    public int TotalSteps => _options.Steps;

    public int ImagesPerStep => _options.LabelledBatch + _options.UnlabelledBatch;

    /// <summary>The averaged weights.</summary>
    public MovingAverage Average => _model.Average;

    public void RunStep()
    {
        _labelledDraw.Draw(Step, _labelledIndices);
        _unlabelledDraw.Draw(Step, _unlabelledIndices);
        LabelRows();
        var logits = Forward();
        AddFairness(logits);
        var device = _classifier.Store.Device;
        device.CopyIn<float>(_targets, _deviceTargets.Slice);
        var losses = _tape.SoftCrossEntropy(logits, _deviceTargets.Slice, scale: 1);
        device.CopyOut(losses.Data, _losses);
        _tape.Backward();
        var rate = _options.LearningRate
            * LearningRateSchedule.LinearWarmUp(Step + 1, _options.WarmUp)
            * LearningRateSchedule.SevenSixteenthsCosine(Step, TotalSteps);
        _metrics.Add("gradient/norm", _model.Update(rate));
        RecordMetrics(rate);
        Step++;
    }

    public IReadOnlyList<(string Name, double Value)> TakeMetrics() => _metrics.Take();

    public TrainingState Capture() => new(
        Step, new JsonObject { ["thresholds"] = JsonSerializer.SerializeToNode(_threshold.State) }, _model.Capture());

    public void Restore(TrainingState state)
    {
        _model.Restore(state);
        _threshold.State = state.State["thresholds"].Deserialize<ThresholdState>()!;
        Step = (int)state.Step;
    }

    public void Dispose()
    {
        _tape.Dispose();
        _deviceTargets.Dispose();
        _labelled.Dispose();
        _unlabelled.Dispose();
        _model.Dispose();
    }

    private static IOptimizer CreateOptimizer(ParameterStore store, SemiSupervisedOptions options) =>
        options.Optimizer switch
        {
            "adamw" => new AdamW(store, new AdamWConfig(0.9f, 0.99f, (float)options.WeightDecay, DecayEverything: false)),
            "sgd" => new Sgd(store, new SgdConfig(0.9f, Nesterov: true, (float)options.WeightDecay, DecayEverything: false)),
            var other => throw new DptException(FailureKind.Usage, $"optimizer '{other}' is not known; use adamw or sgd"),
        };

    /// <summary>
    /// The target of each row, its weight in the loss folded in: true labels for the labelled rows, confident
    /// predictions on weak views for the unlabelled ones, nothing for the others.
    /// </summary>
    private void LabelRows()
    {
        Array.Clear(_targets);
        for (var row = 0; row < _labelledIndices.Length; row++)
        {
            _targets[(row * _classes) + _labels[_labelledIndices[row]]] = 1f / _labelledIndices.Length;
        }

        if (_unlabelledIndices.Length == 0)
        {
            return;
        }

        PredictWeakViews();
        var selected = _threshold.Update(_probabilities, _predictions, _mask);
        _metrics.Add("unlabelled/selected", (double)selected / _mask.Length);
        _metrics.Add("unlabelled/threshold", _threshold.State.Global);
        var targets = _targets.AsSpan(_labelledIndices.Length * _classes);
        for (var row = 0; row < _mask.Length; row++)
        {
            targets[(row * _classes) + _predictions[row]] =
                _mask[row] * (float)_options.UnlabelledWeight / _mask.Length;
        }
    }

    /// <summary>Adds the gradient of the fairness term to the targets of the unlabelled rows.</summary>
    private void AddFairness(Tensor logits)
    {
        if (_options.FairnessWeight == 0 || _unlabelledIndices.Length == 0)
        {
            return;
        }

        var strong = logits.Data.From((long)_labelledIndices.Length * _classes);
        var probabilities = _tape.New(new TensorShape(_mask.Length, _classes));
        SoftmaxTo(strong, probabilities.Data);
        var term = FairnessTerm.AddTo(
            _threshold.State, _probabilities, _mask, _options.FairnessWeight,
            _targets.AsSpan(_labelledIndices.Length * _classes));
        _metrics.Add("fairness/loss", term);
    }

    private void PredictWeakViews()
    {
        var weak = new ImageView(AugmentPolicy.Weak, RunStreams.WeakView, _options.Flip, _options.CropPadding);
        var logits = _tape.WithoutGradient(() => _classifier.Network.Forward(
            _tape, _unlabelled.Batch(_tape, _unlabelledIndices, weak, _seed, FirstSample(_unlabelledIndices.Length))));
        SoftmaxTo(logits.Data, logits.Data);
    }

    /// <summary>Probabilities of unlabelled rows, on the device and as <see cref="_probabilities"/>.</summary>
    private void SoftmaxTo(Slice<float> logits, Slice<float> probabilities)
    {
        var device = _classifier.Store.Device;
        device.Run(LossOperators.Softmax, new SoftmaxCall
        {
            Rows = _unlabelledIndices.Length,
            Classes = _classes,
            Logits = logits,
            Probabilities = probabilities,
        });
        device.CopyOut(probabilities, _probabilities);
    }

    /// <summary>Scores of the labelled rows (weak views) and the unlabelled rows (strong views) in one pass.</summary>
    private Tensor Forward()
    {
        var weak = new ImageView(AugmentPolicy.Weak, RunStreams.LabelledView, _options.Flip, _options.CropPadding);
        var strong = new ImageView(AugmentPolicy.Strong, RunStreams.StrongView, _options.Flip, _options.CropPadding);
        var labelled = _labelled.Batch(_tape, _labelledIndices, weak, _seed, FirstSample(_labelledIndices.Length));
        if (_unlabelledIndices.Length == 0)
        {
            return _classifier.Network.Forward(_tape, labelled);
        }

        var unlabelled = _unlabelled.Batch(
            _tape, _unlabelledIndices, strong, _seed, FirstSample(_unlabelledIndices.Length));
        return _classifier.Network.Forward(_tape, _tape.Stack(labelled, unlabelled));
    }

    private long FirstSample(int batch) => (long)Step * batch;

    private void RecordMetrics(double rate)
    {
        var labelled = 0.0;
        for (var row = 0; row < _labelledIndices.Length; row++)
        {
            labelled += _losses[row];
        }

        var total = 0.0;
        foreach (var loss in _losses)
        {
            total += loss;
        }

        if (!double.IsFinite(total))
        {
            throw new DptException(
                FailureKind.Diverged,
                $"classifier training diverged: the loss of step {Step} is {total}; lower the learning rate");
        }

        _metrics.Add("train/loss", total);
        _metrics.Add("labelled/loss", labelled);
        _metrics.Add("unlabelled/loss", total - labelled);
        _metrics.Add("train/learningRate", rate);
    }
}
