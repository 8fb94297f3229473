using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>A generator as a sampler sees it: one label and one time for the whole batch.</summary>
internal sealed class GeneratorModel(Device device, IGenerator network, ImageForm form, Prediction prediction)
    : IDiffusionModel, IDisposable
{
    private GeneratorForward? _forward;
    private int _label;

    public Prediction Prediction => prediction;

    /// <summary>The next batches have <paramref name="count"/> images of this class.</summary>
    public void SetLabels(int label, int count)
    {
        _label = label;
        if (_forward?.Batch != count)
        {
            _forward?.Dispose();
            _forward = new GeneratorForward(device, network, form, count);
        }
    }

    public void Predict(Slice<float> state, double time, Slice<float> conditional, Slice<float> unconditional)
    {
        _forward!.Run(state, time, _label, conditional);
        if (!unconditional.IsEmpty)
        {
            _forward.Run(state, time, network.NullClass, unconditional);
        }
    }

    public void Dispose() => _forward?.Dispose();
}
