using System.Text.Json.Nodes;
using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>
/// SoftMatch (Chen et al., ICLR 2023): every strong view learns what the model says of the weak one, but the less the further the model is
/// below its usual confidence: all of the images, few of them wrong. Weights are of probabilities that are aligned with a uniform
/// distribution of classes; labels are not.
/// </summary>
internal sealed class SoftMatch : ISemiSupervised
{
    /// <summary>Of the paper and the USB library.</summary>
    private const float Deviations = 2;

    private const string StateName = "confidence";

    private readonly Device _device;
    private readonly float _momentum;
    private readonly int _classes;
    private readonly DeviceBuffer<float> _averages;
    private readonly DeviceBuffer<float> _noThresholds;

    public SoftMatch(Device device, SemiSupervisedOptions options, int classes)
    {
        (_device, _momentum, _classes) = (device, (float)options.ThresholdMomentum, classes);
        _averages = device.Upload<float>([1f / classes, 1, .. new float[classes]]);
        _noThresholds = device.Upload<float>(new float[classes]);
        Measures = [new("unlabelled/confidence", _averages.Slice.Range(0, 1), Weight: 0, "the confidence is")];
    }

    public IReadOnlyList<StepMeasure> Measures { get; }

    public void Select(in UnlabelledBatch batch)
    {
        batch.Label(_device, _noThresholds.Slice);
        _device.Run(SoftMatchWeightsOperator.Weights, new SoftMatchWeightsCall
        {
            Rows = (int)batch.Labels.Length,
            Classes = _classes,
            Momentum = _momentum,
            Deviations = Deviations,
            Probabilities = batch.Probabilities,
            Averages = _averages.Slice,
            Weights = batch.Weights,
        });
    }

    public void AddTerms(Tape tape, Tensor logits, Slice<float> weights)
    {
        // The two losses are all there is.
    }

    public JsonObject Capture() => AlgorithmState.Of(StateName, _device.Download(_averages.Slice));

    public void Restore(JsonObject state) =>
        _device.CopyIn<float>(AlgorithmState.Read<float>(state, StateName, 2 + _classes), _averages.Slice);

    public void Dispose()
    {
        _averages.Dispose();
        _noThresholds.Dispose();
    }
}
