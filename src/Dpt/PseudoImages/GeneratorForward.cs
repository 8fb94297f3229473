using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>
/// The forward pass of a generator for batches of one size, each of one time and one label: captured work on fixed buffers.
/// </summary>
internal sealed class GeneratorForward : IDisposable
{
    private readonly Device _device;
    private readonly IGenerator _network;
    private readonly TensorShape _shape;
    private readonly Tape _tape;
    private readonly int[] _labels;
    private readonly float[] _times;
    private readonly DeviceBuffer<int> _deviceLabels;
    private readonly DeviceBuffer<float> _deviceTimes;
    private readonly DeviceBuffer<float> _images;
    private readonly DeviceBuffer<float> _prediction;
    private readonly RepeatedWork _forward;

    /// <summary>Prepares for batches of <paramref name="batch"/> images, on the weights that the network has in its store.</summary>
    public GeneratorForward(Device device, IGenerator network, ImageForm form, int batch)
    {
        _device = device;
        _network = network;
        _shape = new TensorShape(batch, form.Channels, form.Side, form.Side);
        _tape = new Tape(device);
        _labels = new int[batch];
        _times = new float[batch];
        _deviceLabels = device.Allocate<int>(batch);
        _deviceTimes = device.Allocate<float>(batch);
        _images = device.Allocate<float>(_shape.Count);
        _prediction = device.Allocate<float>(_shape.Count);
        _forward = new RepeatedWork(device, Forward);
    }

    /// <summary>Images of a batch.</summary>
    public int Batch => _labels.Length;

    /// <summary>The prediction for noisy images, [B,C,S,S].</summary>
    public void Run(Slice<float> images, double time, int label, Slice<float> prediction)
    {
        Array.Fill(_times, (float)time);
        Array.Fill(_labels, label);
        _device.CopyIn<float>(_times, _deviceTimes.Slice);
        _device.CopyIn<int>(_labels, _deviceLabels.Slice);
        _device.Copy(images, _images.Slice);
        _forward.Run();
        _device.Copy(_prediction.Slice, prediction);
    }

    public void Dispose()
    {
        _forward.Dispose();
        _tape.Dispose();
        _deviceLabels.Dispose();
        _deviceTimes.Dispose();
        _images.Dispose();
        _prediction.Dispose();
    }

    private void Forward()
    {
        var prediction = _tape.WithoutGradient(() => _network.Forward(
            _tape, Tape.Constant(_shape, _images.Slice), _deviceTimes.Slice, _deviceLabels.Slice));
        _device.Copy(prediction.Data, _prediction.Slice);
        _tape.Reset();
    }
}
