using System.Text.Json;
using System.Text.Json.Nodes;
using DPT.Engine.Autograd;
using DPT.Engine.Kernels;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace DPT.Engine.Dpt;

/// <summary>
/// FreeMatch (spec 2.4) on a small ViT. A step draws labelled and unlabelled images with replacement; the model's own
/// predictions on weak views, filtered by self-adaptive thresholds, become labels for the strong views. The views lie in
/// a fixed buffer; what the network does with them is captured work.
/// </summary>
internal sealed class SemiSupervisedTrainer : ITrainer, IDisposable
{
    private readonly SemiSupervisedOptions _options;
    private readonly ImageClassifier _classifier;
    private readonly ModelState _model;
    private readonly SelfAdaptiveThreshold _threshold;
    private readonly DeviceImages _labelled;
    private readonly DeviceImages _unlabelled;
    private readonly BatchSampler _labelledDraw;
    private readonly BatchSampler _unlabelledDraw;
    private readonly int[] _trueLabels;
    private readonly int _classes;
    private readonly ulong _seed;
    private readonly Tape _tape;
    private readonly MetricMeans _metrics = new();
    private readonly FairnessTerm _fairness;
    private readonly WeakViewPredictor? _weakViews;
    private readonly DeviceBuffer<float> _views;
    private readonly DeviceBuffer<float> _deviceTargets;
    private readonly DeviceBuffer<int> _deviceLabels;
    private readonly DeviceBuffer<float> _deviceShares;
    private readonly DeviceBuffer<float> _deviceLosses;
    private readonly RepeatedWork _forwardAndBackward;
    private readonly int[] _labelledIndices;
    private readonly int[] _unlabelledIndices;
    private readonly int[] _predictions;
    private readonly float[] _mask;
    private readonly float[] _strongProbabilities;
    private readonly float[] _targets;
    private readonly int[] _labels;
    private readonly float[] _shares;
    private readonly float[] _losses;
    private double _fairnessLoss;

    /// <summary>Prepares training from step 0.</summary>
    /// <param name="classifier">The classifier; its weights are trained.</param>
    /// <param name="options">Budget and rates.</param>
    /// <param name="labelled">Images whose labels may be used: real ones, and pseudo-images in stage 3.</param>
    /// <param name="unlabelled">All real training images; their labels are never read here.</param>
    /// <param name="seed">Seed of the stage.</param>
    public SemiSupervisedTrainer(
        ImageClassifier classifier,
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
        _trueLabels = labelled.Labels;
        _tape = new Tape(device);
        var rows = options.LabelledBatch + options.UnlabelledBatch;
        _classes = labelled.Classes;
        _fairness = new FairnessTerm(_threshold);
        _weakViews = options.UnlabelledBatch > 0
            ? new WeakViewPredictor(classifier, _unlabelled, options.UnlabelledBatch)
            : null;
        _views = device.Allocate<float>(_labelled.ShapeOf(rows).Count);
        _deviceTargets = device.Allocate<float>((long)rows * _classes);
        _deviceLabels = device.Allocate<int>(rows);
        _deviceShares = device.Allocate<float>(rows);
        _deviceLosses = device.Allocate<float>(rows);
        _forwardAndBackward = new RepeatedWork(device, ForwardAndBackward);
        _labelledIndices = new int[options.LabelledBatch];
        _unlabelledIndices = new int[options.UnlabelledBatch];
        _predictions = new int[options.UnlabelledBatch];
        _mask = new float[options.UnlabelledBatch];
        _strongProbabilities = new float[options.UnlabelledBatch * _classes];
        _targets = new float[rows * _classes];
        _labels = new int[rows];
        _shares = new float[rows];
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
        RecordLosses();
        var rate = _options.LearningRate
            * LearningRateSchedule.LinearWarmUp(Step + 1, _options.WarmUp)
            * LearningRateSchedule.SevenSixteenthsCosine(Step, TotalSteps);
        _metrics.Add("gradient/norm", _model.Update(rate));
        _metrics.Add("train/learningRate", rate);
        Step++;
    }

    public IReadOnlyList<(string Name, double Value)> TakeMetrics() => _metrics.Take();

    public TrainingState Capture() => new(
        Step, new JsonObject { ["thresholds"] = JsonSerializer.SerializeToNode(_threshold.State, JsonFiles.Options) }, _model.Capture());

    public void Restore(TrainingState state)
    {
        var thresholds = ThresholdsOf(state);
        _model.Restore(state);
        _threshold.State = thresholds;
        Step = (int)state.Step;
    }

    public void Dispose()
    {
        _forwardAndBackward.Dispose();
        _weakViews?.Dispose();
        _tape.Dispose();
        _views.Dispose();
        _deviceTargets.Dispose();
        _deviceLabels.Dispose();
        _deviceShares.Dispose();
        _deviceLosses.Dispose();
        _labelled.Dispose();
        _unlabelled.Dispose();
        _model.Dispose();
    }

    private ThresholdState ThresholdsOf(TrainingState state)
    {
        try
        {
            return state.State["thresholds"].Deserialize<ThresholdState>(JsonFiles.Options) is { } found
                && found.ClassProbabilities.Length == _classes && found.ClassFrequencies.Length == _classes
                ? found
                : throw new InvalidDataException($"its state has no thresholds of {_classes} classes");
        }
        catch (JsonException damage)
        {
            throw new InvalidDataException($"the thresholds of its state are damaged: {damage.Message}", damage);
        }
    }

    private static IOptimizer CreateOptimizer(ParameterStore store, SemiSupervisedOptions options) =>
        options.Optimizer switch
        {
            "adamw" => new AdamW(store, new AdamWConfig(0.9f, 0.99f, (float)options.WeightDecay, DecayEverything: false)),
            "sgd" => new Sgd(store, new SgdConfig(0.9f, Nesterov: true, (float)options.WeightDecay, DecayEverything: false)),
            var other => throw new DptException(FailureKind.Usage, $"optimizer '{other}' is not known; use adamw or sgd"),
        };

    /// <summary>
    /// The label of each row: true ones for the labelled rows, predictions on weak views for the unlabelled ones, of which
    /// those that are not confident have no share in the loss.
    /// </summary>
    private void LabelRows()
    {
        Array.Clear(_targets);
        for (var row = 0; row < _labelledIndices.Length; row++)
        {
            LabelRow(row, _trueLabels[_labelledIndices[row]], 1f / _labelledIndices.Length, weight: 1);
        }

        if (_weakViews is null)
        {
            return;
        }

        var weak = View(AugmentPolicy.Weak, RunStreams.WeakView);
        var probabilities = _weakViews.Predict(_unlabelledIndices, in weak, _seed, FirstSample(_mask.Length));
        RequireFinite(probabilities, "the probabilities of the weak views are");
        var selected = _threshold.Update(probabilities, _predictions, _mask);
        _metrics.Add("unlabelled/selected", (double)selected / _mask.Length);
        _metrics.Add("unlabelled/threshold", _threshold.Global);
        for (var row = 0; row < _mask.Length; row++)
        {
            LabelRow(
                _labelledIndices.Length + row,
                _predictions[row],
                _mask[row] / _mask.Length,
                (float)_options.UnlabelledWeight);
        }
    }

    /// <summary>
    /// Gives a row its label and its share in the mean over its kind of rows. The target, which makes the gradient, has
    /// the weight of that mean in it; the losses that people read do not.
    /// </summary>
    private void LabelRow(int row, int label, float share, float weight)
    {
        _labels[row] = label;
        _shares[row] = share;
        _targets[(row * _classes) + label] = share * weight;
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
        _tape.SoftCrossEntropy(logits, _deviceTargets.Slice, scale: 1);
        var losses = _tape.WithoutGradient(
            () => _tape.CrossEntropy(logits, _deviceLabels.Slice, scale: 1, _deviceShares.Slice));
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

    /// <summary>Adds the gradient of the fairness term to the targets of the unlabelled rows; then all rows are complete.</summary>
    private void FinishTargets(Slice<float> probabilities)
    {
        var device = _classifier.Store.Device;
        if (!probabilities.IsEmpty)
        {
            device.CopyOut(probabilities, _strongProbabilities);
            RequireFinite(_strongProbabilities, "the probabilities of the strong views are");
            var targets = _targets.AsSpan(_labelledIndices.Length * _classes);
            _fairnessLoss = _fairness.AddTo(_strongProbabilities, _mask, _options.FairnessWeight, targets);
            _metrics.Add("fairness/loss", _fairnessLoss);
        }

        device.CopyIn<float>(_targets, _deviceTargets.Slice);
        device.CopyIn<int>(_labels, _deviceLabels.Slice);
        device.CopyIn<float>(_shares, _deviceShares.Slice);
    }

    private ImageView View(AugmentPolicy policy, uint stream) =>
        new(policy, stream, _options.Flip, _options.CropPadding);

    private long FirstSample(int batch) => (long)Step * batch;

    /// <summary>The parts of the objective, each without its weight, and the objective itself, which is minimised.</summary>
    private void RecordLosses()
    {
        var labelled = Sum(_losses.AsSpan(0, _labelledIndices.Length));
        var unlabelled = Sum(_losses.AsSpan(_labelledIndices.Length));
        var total = labelled + (_options.UnlabelledWeight * unlabelled) + (_options.FairnessWeight * _fairnessLoss);
        if (!double.IsFinite(total))
        {
            throw NonFinite.InStep(Step + 1, "the loss is");
        }

        _metrics.Add("train/loss", total);
        _metrics.Add("labelled/loss", labelled);
        if (_weakViews is not null)
        {
            _metrics.Add("unlabelled/loss", unlabelled);
        }
    }

    private void RequireFinite(ReadOnlySpan<float> values, string what)
    {
        if (!TensorPrimitives.IsFiniteAll(values))
        {
            throw NonFinite.InStep(Step + 1, what);
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
