using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>
/// The classifier's probabilities on weak views of unlabelled images, which FreeMatch takes labels from. They need no
/// gradient, and a ViT has no batch statistics, so they run apart and unrecorded.
/// </summary>
internal sealed class WeakViewPredictor : IDisposable
{
    private readonly ImageClassifier _classifier;
    private readonly DeviceImages _images;
    private readonly TensorShape _shape;
    private readonly Tape _tape;
    private readonly DeviceBuffer<float> _views;
    private readonly DeviceBuffer<float> _deviceProbabilities;
    private readonly float[] _probabilities;
    private readonly RepeatedWork _forward;

    /// <summary>Prepares for batches of one size.</summary>
    public WeakViewPredictor(ImageClassifier classifier, DeviceImages images, int batch)
    {
        var device = classifier.Store.Device;
        _classifier = classifier;
        _images = images;
        _shape = images.ShapeOf(batch);
        _tape = new Tape(device);
        _views = device.Allocate<float>(_shape.Count);
        _probabilities = new float[batch * classifier.Network.Classes];
        _deviceProbabilities = device.Allocate<float>(_probabilities.Length);
        _forward = new RepeatedWork(device, Forward);
    }

    /// <summary>Class probabilities, [batch,classes]; they stay until the next call.</summary>
    public ReadOnlySpan<float> Predict(ReadOnlySpan<int> indices, in ImageView view, ulong seed, long firstSample)
    {
        _images.Draw(_views.Slice, indices, in view, seed, firstSample);
        _forward.Run();
        _classifier.Store.Device.CopyOut(_deviceProbabilities.Slice, _probabilities);
        return _probabilities;
    }

    public void Dispose()
    {
        _forward.Dispose();
        _tape.Dispose();
        _views.Dispose();
        _deviceProbabilities.Dispose();
    }

    private void Forward()
    {
        var logits = _tape.WithoutGradient(
            () => _classifier.Network.Forward(_tape, Tape.Constant(_shape, _views.Slice)));
        _classifier.Softmax(logits.Data, _deviceProbabilities.Slice);
        _tape.Reset();
    }
}
