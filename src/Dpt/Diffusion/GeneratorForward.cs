using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>
/// The forward pass of a generator for batches of one size, all of one time: captured work on fixed memory, to which only the time
/// comes, as a number of a launch.
/// </summary>
internal sealed class GeneratorForward : IDisposable
{
    private readonly Device _device;
    private readonly IGenerator _network;
    private readonly TensorShape _shape;
    private readonly Tape _tape;
    private readonly DeviceBuffer<int> _labels;
    private readonly DeviceBuffer<float> _ones;
    private readonly DeviceBuffer<float> _times;
    private readonly DeviceBuffer<float> _images;
    private readonly DeviceBuffer<float> _prediction;
    private readonly RepeatedWork _forward;

    /// <summary>Prepares for one label per image, on the weights that the network has in its store.</summary>
    public GeneratorForward(Device device, IGenerator network, ImageForm form, ReadOnlySpan<int> labels)
    {
        _device = device;
        _network = network;
        _shape = new TensorShape(labels.Length, form.Channels, form.Side, form.Side);
        _tape = new Tape(device);
        _labels = device.Upload(labels);
        _ones = device.Upload<float>([.. Enumerable.Repeat(1f, labels.Length)]);
        _times = device.Allocate<float>(labels.Length);
        _images = device.Allocate<float>(_shape.Count);
        _prediction = device.Allocate<float>(_shape.Count);
        _forward = new RepeatedWork(device, Forward);
    }

    /// <summary>Images of a batch.</summary>
    public int Batch => _shape[0];

    /// <summary>The noisy images, to be filled before a run, [B,C,S,S].</summary>
    public Slice<float> Images => _images.Slice;

    /// <summary>What the last run predicted, [B,C,S,S].</summary>
    public Slice<float> Prediction => _prediction.Slice;

    /// <summary>The next batches have these labels, as many as before.</summary>
    public void SetLabels(ReadOnlySpan<int> labels) => _device.CopyIn(labels, _labels.Slice);

    /// <summary>Predicts for the present images.</summary>
    /// <param name="time">The network's time, the same for all.</param>
    public void Run(double time)
    {
        _device.Run(ElementwiseOperators.Axpby, new AxpbyCall
        {
            Count = Batch,
            Alpha = (float)time,
            Beta = 0,
            X = _ones.Slice,
            Y = _times.Slice,
        });
        _forward.Run();
    }

    public void Dispose()
    {
        _forward.Dispose();
        _tape.Dispose();
        _labels.Dispose();
        _ones.Dispose();
        _times.Dispose();
        _images.Dispose();
        _prediction.Dispose();
    }

    private void Forward()
    {
        var prediction = _tape.WithoutGradient(
            () => _network.Forward(_tape, Tape.Constant(_shape, _images.Slice), _times.Slice, _labels.Slice));
        _device.Copy(prediction.Data, _prediction.Slice);
        _tape.Reset();
    }
}
