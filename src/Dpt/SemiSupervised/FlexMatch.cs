using System.Text.Json.Nodes;
using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>
/// FlexMatch (Zhang et al., NeurIPS 2021): FixMatch with a threshold of each class that is the lower the fewer images the model has been
/// sure of as that class; so many are looked at that the class catches up. Every image remembers what the model was last sure of.
/// </summary>
internal sealed class FlexMatch : ISemiSupervised
{
    private const string StateName = "remembered";

    private readonly Device _device;
    private readonly float _cutoff;
    private readonly DeviceBuffer<int> _remembered;
    private readonly DeviceBuffer<int> _counts;
    private readonly DeviceBuffer<float> _thresholds;

    public FlexMatch(Device device, SemiSupervisedOptions options, UnlabelledImages images)
    {
        (_device, _cutoff) = (device, (float)options.Threshold);
        _remembered = device.Upload<int>(new int[images.Count]);
        _counts = device.Upload<int>([images.Count, .. new int[images.Classes]]);
        _thresholds = device.Upload<float>(new float[images.Classes]);
    }

    public IReadOnlyList<StepMeasure> Measures => [];

    public void Select(in UnlabelledBatch batch)
    {
        batch.Label(_device, _thresholds.Slice);
        _device.Run(FlexMatchThresholdsOperator.Thresholds, new FlexMatchThresholdsCall
        {
            Rows = (int)batch.Labels.Length,
            Classes = (int)_thresholds.Slice.Length,
            Cutoff = _cutoff,
            Probabilities = batch.Probabilities,
            Images = batch.Images,
            Remembered = _remembered.Slice,
            Counts = _counts.Slice,
            Thresholds = _thresholds.Slice,
        });
    }

    public void AddTerms(Tape tape, Tensor logits, Slice<float> weights)
    {
        // The two losses are all there is.
    }

    public JsonObject Capture() => AlgorithmState.Of(StateName, _device.Download(_remembered.Slice));

    public void Restore(JsonObject state)
    {
        var remembered = AlgorithmState.Read<int>(state, StateName, (int)_remembered.Slice.Length);
        var counts = new int[_counts.Slice.Length];
        foreach (var label in remembered)
        {
            if (label < 0 || label >= counts.Length)
            {
                throw new InvalidDataException($"an image of its state remembers class {label - 1}, there are {counts.Length - 1}");
            }

            counts[label]++;
        }

        _device.CopyIn<int>(remembered, _remembered.Slice);
        _device.CopyIn<int>(counts, _counts.Slice);
        _device.CopyIn<float>(
            [.. counts.Skip(1).Select(count => FlexMatchThresholdsOperator.Threshold(_cutoff, count, counts.Max()))], _thresholds.Slice);
    }

    public void Dispose()
    {
        _remembered.Dispose();
        _counts.Dispose();
        _thresholds.Dispose();
    }
}
