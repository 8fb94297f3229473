using System.Text.Json.Nodes;
using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>
/// FixMatch (Sohn et al., NeurIPS 2020): a strong view learns what the model says of the weak one, if the model is surer than a
/// fixed threshold. It remembers nothing.
/// </summary>
internal sealed class FixMatch : ISemiSupervised
{
    private readonly Device _device;
    private readonly DeviceBuffer<float> _thresholds;

    public FixMatch(Device device, SemiSupervisedOptions options, int classes)
    {
        _device = device;
        _thresholds = device.Upload<float>([.. Enumerable.Repeat((float)options.Threshold, classes)]);
    }

    public IReadOnlyList<StepMeasure> Measures => [];

    public void Select(in UnlabelledBatch batch) => batch.Label(_device, _thresholds.Slice);

    public void AddTerms(Tape tape, Tensor logits, Slice<float> weights)
    {
        // The two losses are all there is.
    }

    public JsonObject Capture() => [];

    public void Restore(JsonObject state)
    {
        // Nothing to remember.
    }

    public void Dispose() => _thresholds.Dispose();
}
