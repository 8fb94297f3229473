using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>
/// A generator as a sampler sees it: the batch knows its classes and has one time. In a guided evaluation the batch stands in the network
/// twice, once with the classes and once with the null class: an image's prediction does not depend on the images beside it.
/// </summary>
internal sealed class GeneratorModel(Device device, IGenerator network, ImageForm form, Prediction prediction)
    : IDiffusionModel, IDisposable
{
    private GeneratorForward? _alone;
    private GeneratorForward? _guided;
    private int[] _labels = [];

    public Prediction Prediction => prediction;

    /// <summary>The next batches have <paramref name="count"/> images of this class.</summary>
    public void SetLabels(int label, int count) => SetLabels([.. Enumerable.Repeat(label, count)]);

    /// <summary>The next batches have images of these classes.</summary>
    public void SetLabels(int[] labels)
    {
        _labels = labels;
        _alone = Relabelled(_alone, labels.Length);
        _guided = Relabelled(_guided, 2 * labels.Length);
    }

    public void Predict(Slice<float> state, double time, Slice<float> conditional, Slice<float> unconditional)
    {
        if (unconditional.IsEmpty)
        {
            var alone = _alone ??= Create(_labels.Length);
            device.Copy(state, alone.Images);
            alone.Run(time);
            device.Copy(alone.Prediction, conditional);
            return;
        }

        var guided = _guided ??= Create(2 * _labels.Length);
        device.Copy(state, guided.Images.Range(0, state.Length));
        device.Copy(state, guided.Images.From(state.Length));
        guided.Run(time);
        device.Copy(guided.Prediction.Range(0, state.Length), conditional);
        device.Copy(guided.Prediction.From(state.Length), unconditional);
    }

    public void Dispose()
    {
        _alone?.Dispose();
        _guided?.Dispose();
    }

    /// <summary>What has been made for as many rows, with the labels of now; what was made for others goes.</summary>
    private GeneratorForward? Relabelled(GeneratorForward? forward, int rows)
    {
        if (forward is not null && forward.Batch != rows)
        {
            forward.Dispose();
            return null;
        }

        forward?.SetLabels(Labels(rows));
        return forward;
    }

    private GeneratorForward Create(int rows) => new(device, network, form, Labels(rows));

    /// <summary>The classes for as many rows as there are images, the null class for the others.</summary>
    private int[] Labels(int rows) => [.. _labels, .. Enumerable.Repeat(network.NullClass, rows - _labels.Length)];
}
