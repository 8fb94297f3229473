using System.Text.Json;
using System.Text.Json.Nodes;
using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>
/// FreeMatch (Wang et al., ICLR 2023; spec 2.4): a strong view learns what the model says of the weak one, if the model is surer
/// than a threshold that follows its confidence, class by class; and a term keeps the predictions of the strong views fair.
/// </summary>
internal sealed class FreeMatch : ISemiSupervised
{
    private const string StateName = "thresholds";

    private readonly Device _device;
    private readonly SemiSupervisedOptions _options;
    private readonly int _classes;
    private readonly DeviceBuffer<float> _averages;
    private readonly DeviceBuffer<float> _thresholds;
    private readonly DeviceBuffer<float> _fairness;

    public FreeMatch(Device device, SemiSupervisedOptions options, int classes)
    {
        (_device, _options, _classes) = (device, options, classes);
        _averages = device.Upload<float>([.. Enumerable.Repeat(1f / classes, 1 + (2 * classes))]);
        _thresholds = device.Allocate<float>(classes);
        _fairness = device.Allocate<float>(1);
        var threshold = new StepMeasure("unlabelled/threshold", Global, Weight: 0, "the threshold is");
        Measures = options.FairnessWeight == 0
            ? [threshold]
            : [threshold, new("fairness/loss", _fairness.Slice, options.FairnessWeight, "the probabilities of the strong views are")];
    }

    public IReadOnlyList<StepMeasure> Measures { get; }

    /// <summary>tau; after it come p and h.</summary>
    private Slice<float> Global => _averages.Slice.Range(0, 1);

    public void Select(in UnlabelledBatch batch)
    {
        _device.Run(FreeMatchThresholdsOperator.Thresholds, new FreeMatchThresholdsCall
        {
            Rows = (int)batch.Labels.Length,
            Classes = _classes,
            Momentum = (float)_options.ThresholdMomentum,
            Probabilities = batch.Probabilities,
            Averages = _averages.Slice,
            Thresholds = _thresholds.Slice,
        });
        batch.Label(_device, _thresholds.Slice);
    }

    public void AddTerms(Tape tape, Tensor logits, Slice<float> weights)
    {
        if (_options.FairnessWeight == 0)
        {
            return;
        }

        tape.Loss(logits, gradient => _device.Run(FreeMatchFairnessOperator.Fairness, new FreeMatchFairnessCall
        {
            Rows = logits.Shape[0],
            Classes = _classes,
            Logits = logits.Data,
            Weights = weights,
            Averages = _averages.Slice,
            Scale = (float)_options.FairnessWeight,
            Loss = _fairness.Slice,
            LogitsGradient = gradient,
        }));
    }

    public JsonObject Capture()
    {
        var averages = Array.ConvertAll(_device.Download(_averages.Slice), value => (double)value);
        var state = new ThresholdState(averages[0], averages[1..(1 + _classes)], averages[(1 + _classes)..]);
        return new JsonObject { [StateName] = JsonSerializer.SerializeToNode(state, JsonFiles.Options) };
    }

    public void Restore(JsonObject state)
    {
        var (global, probabilities, frequencies) = Read(state);
        _device.CopyIn<float>(
            [(float)global, .. probabilities.Select(p => (float)p), .. frequencies.Select(h => (float)h)], _averages.Slice);
    }

    public void Dispose()
    {
        _averages.Dispose();
        _thresholds.Dispose();
        _fairness.Dispose();
    }

    private ThresholdState Read(JsonObject state)
    {
        try
        {
            return state[StateName].Deserialize<ThresholdState>(JsonFiles.Options) is { } found
                && found.ClassProbabilities.Length == _classes && found.ClassFrequencies.Length == _classes
                ? found
                : throw new InvalidDataException($"its state has no thresholds of {_classes} classes");
        }
        catch (JsonException damage)
        {
            throw new InvalidDataException($"the thresholds of its state are damaged: {damage.Message}", damage);
        }
    }
}

/// <summary>The averages of FreeMatch as a checkpoint has them.</summary>
/// <param name="Global">tau: mean confidence.</param>
/// <param name="ClassProbabilities">p: mean probability of each class.</param>
/// <param name="ClassFrequencies">h: share of each class among the predictions.</param>
internal sealed record ThresholdState(double Global, double[] ClassProbabilities, double[] ClassFrequencies);
