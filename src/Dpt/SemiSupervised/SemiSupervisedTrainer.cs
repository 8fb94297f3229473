using System.Text.Json;
using System.Text.Json.Nodes;
using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>
/// FreeMatch (spec 2.4) on a small ViT. A step draws labelled and unlabelled images with replacement; the model's own
/// predictions on weak views, filtered by self-adaptive thresholds, become labels for the strong views. The views lie in
/// a fixed buffer; what the network does with them is captured work.
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
    private readonly FairnessTerm _fairness;
    private readonly WeakViewPredictor? _weakViews;
    private readonly DeviceBuffer<float> _views;
    private readonly DeviceBuffer<float> _deviceTargets;
    private readonly DeviceBuffer<float> _deviceLosses;
    private readonly RepeatedWork _forwardAndBackward;
    private readonly int[] _labelledIndices;
    private readonly int[] _unlabelledIndices;
    private readonly int[] _predictions;
    private readonly float[] _mask;
    private readonly float[] _strongProbabilities;
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
        _fairness = new FairnessTerm(_threshold);
        _weakViews = options.UnlabelledBatch > 0
            ? new WeakViewPredictor(classifier, _unlabelled, options.UnlabelledBatch)
            : null;
        _views = device.Allocate<float>(_labelled.ShapeOf(rows).Count);
        _deviceTargets = device.Allocate<float>((long)rows * _classes);
        _deviceLosses = device.Allocate<float>(rows);
        _forwardAndBackward = new RepeatedWork(device, ForwardAndBackward);
        _labelledIndices = new int[options.LabelledBatch];
        _unlabelledIndices = new int[options.UnlabelledBatch];
        _predictions = new int[options.UnlabelledBatch];
        _mask = new float[options.UnlabelledBatch];
        _strongProbabilities = new float[options.UnlabelledBatch * _classes];
        _targets = new float[rows * _classes];
        _losses = new float[rows];
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
        DrawViews();
        _forwardAndBackward.Run();
        _classifier.Store.Device.CopyOut(_deviceLosses.Slice, _losses);
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
        _forwardAndBackward.Dispose();
        _weakViews?.Dispose();
        _tape.Dispose();
        _views.Dispose();
        _deviceTargets.Dispose();
        _deviceLosses.Dispose();
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

        if (_weakViews is null)
        {
            return;
        }

        var weak = View(AugmentPolicy.Weak, RunStreams.WeakView);
        var probabilities = _weakViews.Predict(_unlabelledIndices, in weak, _seed, FirstSample(_mask.Length));
        var selected = _threshold.Update(probabilities, _predictions, _mask);
        _metrics.Add("unlabelled/selected", (double)selected / _mask.Length);
        _metrics.Add("unlabelled/threshold", _threshold.Global);
        var targets = _targets.AsSpan(_labelledIndices.Length * _classes);
        for (var row = 0; row < _mask.Length; row++)
        {
            targets[(row * _classes) + _predictions[row]] =
                _mask[row] * (float)_options.UnlabelledWeight / _mask.Length;
        }
    }

    /// <summary>The labelled rows as weak views, the unlabelled ones as strong views.</summary>
    private void DrawViews()
    {
        var weak = View(AugmentPolicy.Weak, RunStreams.LabelledView);
        var count = _labelled.ShapeOf(_labelledIndices.Length).Count;
        _labelled.Draw(
            _views.Slice.Range(0, count), _labelledIndices, in weak, _seed, FirstSample(_labelledIndices.Length));
        if (_unlabelledIndices.Length > 0)
        {
            var strong = View(AugmentPolicy.Strong, RunStreams.StrongView);
            _unlabelled.Draw(
                _views.Slice.From(count), _unlabelledIndices, in strong, _seed, FirstSample(_unlabelledIndices.Length));
        }
    }

    /// <summary>Scores of all rows in one pass, and the gradient: the same launches in every step.</summary>
    private void ForwardAndBackward()
    {
        var device = _classifier.Store.Device;
        var logits = _classifier.Network.Forward(_tape, Tape.Constant(_labelled.ShapeOf(_losses.Length), _views.Slice));
        var probabilities = ProbabilitiesForFairness(logits);
        device.OnHost(() => FinishTargets(probabilities));
        var losses = _tape.SoftCrossEntropy(logits, _deviceTargets.Slice, scale: 1);
        device.Copy(losses.Data, _deviceLosses.Slice);
        _tape.Backward();
    }

    /// <summary>Probabilities of the strong views; empty if the fairness term is left out.</summary>
    private Slice<float> ProbabilitiesForFairness(Tensor logits)
    {
        if (_options.FairnessWeight == 0 || _mask.Length == 0)
        {
            return default;
        }

        var probabilities = _tape.New(new TensorShape(_mask.Length, _classes)).Data;
        _classifier.Softmax(logits.Data.From((long)_labelledIndices.Length * _classes), probabilities);
        return probabilities;
    }

    /// <summary>Adds the gradient of the fairness term to the targets of the unlabelled rows; then they are complete.</summary>
    private void FinishTargets(Slice<float> probabilities)
    {
        var device = _classifier.Store.Device;
        if (!probabilities.IsEmpty)
        {
            device.CopyOut(probabilities, _strongProbabilities);
            var targets = _targets.AsSpan(_labelledIndices.Length * _classes);
            _metrics.Add(
                "fairness/loss", _fairness.AddTo(_strongProbabilities, _mask, _options.FairnessWeight, targets));
        }

        device.CopyIn<float>(_targets, _deviceTargets.Slice);
    }

    private ImageView View(AugmentPolicy policy, uint stream) =>
        new(policy, stream, _options.Flip, _options.CropPadding);

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
