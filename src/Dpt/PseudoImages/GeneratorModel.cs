using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>The U-ViT as a sampler sees it: one label and one time for the whole batch.</summary>
internal sealed class GeneratorModel : IDiffusionModel, IDisposable
{
    private readonly Generator _generator;
    private readonly Tape _tape;
    private DeviceBuffer<int>? _labels;
    private DeviceBuffer<int>? _nullLabels;
    private DeviceBuffer<float>? _times;
    private float[] _hostTimes = [];

    public GeneratorModel(Generator generator)
    {
        _generator = generator;
        _tape = new Tape(generator.Store.Device);
    }

    public Prediction Prediction => _generator.Prediction;

    /// <summary>The next batches have <paramref name="count"/> images of this class.</summary>
    public void SetLabels(int label, int count)
    {
        Dispose();
        var device = _generator.Store.Device;
        _labels = device.Upload<int>([.. Enumerable.Repeat(label, count)]);
        _nullLabels = device.Upload<int>([.. Enumerable.Repeat(_generator.Config.NullClass, count)]);
        _times = device.Allocate<float>(count);
        _hostTimes = new float[count];
    }

    public void Predict(Slice<float> state, double time, Slice<float> conditional, Slice<float> unconditional)
    {
        _hostTimes.AsSpan().Fill((float)time);
        _generator.Store.Device.CopyIn<float>(_hostTimes, _times!.Slice);
        Evaluate(state, _labels!.Slice, conditional);
        if (!unconditional.IsEmpty)
        {
            Evaluate(state, _nullLabels!.Slice, unconditional);
        }
    }

    public void Dispose()
    {
        _tape.Reset();
        _labels?.Dispose();
        _nullLabels?.Dispose();
        _times?.Dispose();
    }

    private void Evaluate(Slice<float> state, Slice<int> labels, Slice<float> result)
    {
        var config = _generator.Config;
        var images = Tape.Constant(
            new TensorShape((int)labels.Length, config.Channels, config.ImageSize, config.ImageSize), state);
        var prediction = _tape.WithoutGradient(
            () => _generator.Network.Forward(_tape, images, _times!.Slice, labels));
        _generator.Store.Device.Copy(prediction.Data, result);
        _tape.Reset();
    }
}
