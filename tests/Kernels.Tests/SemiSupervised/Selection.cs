using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>FreeMatch's operators one after the other on the host, as a step of training runs them.</summary>
internal sealed class Selection : IDisposable
{
    private readonly HostDevice _device = new(threads: 1, selection: new KernelSelection());
    private readonly DeviceBuffer<float> _probabilities;
    private readonly DeviceBuffer<float> _averages;
    private readonly DeviceBuffer<float> _thresholds;
    private readonly DeviceBuffer<int> _labels;
    private readonly DeviceBuffer<float> _weights;
    private readonly DeviceBuffer<float> _loss;
    private readonly DeviceBuffer<float> _gradient;

    public Selection(int classes, int batch)
    {
        Classes = classes;
        _probabilities = _device.Allocate<float>(batch * classes);
        _averages = _device.Upload<float>([.. Enumerable.Repeat(1f / classes, 1 + (2 * classes))]);
        _thresholds = _device.Allocate<float>(classes);
        _labels = _device.Allocate<int>(batch);
        _weights = _device.Allocate<float>(batch);
        _loss = _device.Allocate<float>(1);
        _gradient = _device.Allocate<float>(batch * classes);
    }

    public int Classes { get; }

    public (float[] Averages, int[] Labels, float[] Weights) Update(float[] probabilities, float momentum)
    {
        _device.CopyIn<float>(probabilities, _probabilities.Slice);
        _device.Run(FreeMatchThresholdsOperator.Thresholds, new FreeMatchThresholdsCall
        {
            Rows = (int)_labels.Slice.Length,
            Classes = Classes,
            Momentum = momentum,
            Probabilities = _probabilities.Slice,
            Averages = _averages.Slice,
            Thresholds = _thresholds.Slice,
        });
        var (labels, weights) = Select();
        return (_device.Download(_averages.Slice), labels, weights);
    }

    public (int[] Labels, float[] Weights) Select(float[] probabilities, float[] thresholds)
    {
        _device.CopyIn<float>(probabilities, _probabilities.Slice);
        _device.CopyIn<float>(thresholds, _thresholds.Slice);
        return Select();
    }

    /// <summary>The fairness of scores with the present averages and weights.</summary>
    public (float Loss, float[] Gradient) Fairness(float[] logits, float scale)
    {
        using var scores = _device.Upload<float>(logits);
        _device.Run(FreeMatchFairnessOperator.Fairness, new FreeMatchFairnessCall
        {
            Rows = (int)_labels.Slice.Length,
            Classes = Classes,
            Logits = scores.Slice,
            Weights = _weights.Slice,
            Averages = _averages.Slice,
            Scale = scale,
            Loss = _loss.Slice,
            LogitsGradient = _gradient.Slice,
        });
        return (_device.Download(_loss.Slice)[0], _device.Download(_gradient.Slice));
    }

    public void Dispose()
    {
        foreach (var buffer in new IDisposable[] { _probabilities, _averages, _thresholds, _labels, _weights, _loss, _gradient })
        {
            buffer.Dispose();
        }

        _device.Dispose();
    }

    private (int[] Labels, float[] Weights) Select()
    {
        _device.Run(PseudoLabelOperator.PseudoLabel, new PseudoLabelCall
        {
            Rows = (int)_labels.Slice.Length,
            Classes = Classes,
            Probabilities = _probabilities.Slice,
            Thresholds = _thresholds.Slice,
            Labels = _labels.Slice,
            Weights = _weights.Slice,
        });
        return (_device.Download(_labels.Slice), _device.Download(_weights.Slice));
    }
}
