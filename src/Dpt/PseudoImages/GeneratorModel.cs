using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>
/// A generator as a sampler sees it: one class and one time for the whole batch. With guidance the batch stands in the network
/// twice, once with the class and once with the null class: an image's prediction does not depend on the images beside it.
/// </summary>
internal sealed class GeneratorModel(Device device, IGenerator network, ImageForm form, Prediction prediction)
    : IDiffusionModel, IDisposable
{
    private GeneratorForward? _forward;
    private int[] _labels = [];

    public Prediction Prediction => prediction;

    /// <summary>The next batches have <paramref name="count"/> images of this class.</summary>
    /// <param name="label">The class.</param>
    /// <param name="count">Images that the sampler draws.</param>
    /// <param name="isGuided">Whether predictions without the class are asked for too.</param>
    public void SetLabels(int label, int count, bool isGuided)
    {
        var rows = isGuided ? 2 * count : count;
        _labels = _labels.Length == rows ? _labels : new int[rows];
        _labels.AsSpan(0, count).Fill(label);
        _labels.AsSpan(count).Fill(network.NullClass);
        if (_forward?.Batch == rows)
        {
            _forward.SetLabels(_labels);
            return;
        }

        _forward?.Dispose();
        _forward = new GeneratorForward(device, network, form, _labels);
    }

    public void Predict(Slice<float> state, double time, Slice<float> conditional, Slice<float> unconditional)
    {
        var forward = _forward!;
        device.Copy(state, forward.Images.Range(0, state.Length));
        if (!unconditional.IsEmpty)
        {
            device.Copy(state, forward.Images.From(state.Length));
        }

        forward.Run(time);
        device.Copy(forward.Prediction.Range(0, state.Length), conditional);
        if (!unconditional.IsEmpty)
        {
            device.Copy(forward.Prediction.From(state.Length), unconditional);
        }
    }

    public void Dispose() => _forward?.Dispose();
}
