using DPT.Engine.Kernels;

namespace DPT.Engine.Autograd;

/// <summary>AdamW with decoupled weight decay (Loshchilov and Hutter 2019), one pass over all parameters.</summary>
public sealed class AdamW : IOptimizer
{
    private readonly ParameterStore _store;
    private readonly AdamWConfig _config;
    private readonly bool _learnsHidden;
    private readonly DeviceBuffer<float> _moment1;
    private readonly DeviceBuffer<float> _moment2;
    private readonly DeviceBuffer<float>? _mask;

    /// <summary>An optimiser with zero moments.</summary>
    public AdamW(ParameterStore store, AdamWConfig config)
        : this(store, config, learnsHidden: true)
    {
    }

    /// <summary>An optimiser that may leave hidden matrices alone; its buffers have room for them all the same.</summary>
    internal AdamW(ParameterStore store, AdamWConfig config, bool learnsHidden)
    {
        _store = store;
        _config = config;
        _learnsHidden = learnsHidden;
        _moment1 = store.AllocateFlat();
        _moment2 = store.AllocateFlat();
        WeightDecay = config.WeightDecay;
        _mask = config.DecayEverything ? null : store.AllocateDecayMask();
    }

    /// <summary>Decoupled decay of the updates to come; a schedule may change it.</summary>
    public float WeightDecay { get; set; }

    /// <summary>The first moment; where hidden matrices are left alone, their optimiser keeps its own there.</summary>
    internal Slice<float> Moment1 => _moment1.Slice;

    /// <inheritdoc/>
    public int Steps { get; private set; }

    /// <inheritdoc/>
    public IReadOnlyList<(string Name, Slice<float> Values)> State =>
        [("moment1", _moment1.Slice), ("moment2", _moment2.Slice)];

    /// <inheritdoc/>
    public void Step(float learningRate, Slice<float> gradientScale = default, MovingAverage? average = null)
    {
        foreach (var (start, length) in _learnsHidden ? _store.LearningRanges : _store.LearningRangesOutsideMatrices)
        {
            _store.Device.Run(OptimizerOperators.AdamW, new AdamWCall
            {
                Count = length,
                Parameters = _store.Values.Range(start, length),
                Gradients = _store.Gradients.Range(start, length),
                Moment1 = _moment1.Slice.Range(start, length),
                Moment2 = _moment2.Slice.Range(start, length),
                Average = average?.Values.Range(start, length) ?? default,
                DecayMask = _mask?.Slice.Range(start, length) ?? default,
                Step = Steps + 1,
                LearningRate = learningRate,
                Beta1 = _config.Beta1,
                Beta2 = _config.Beta2,
                Epsilon = _config.Epsilon,
                WeightDecay = WeightDecay,
                GradientScale = gradientScale,
                AverageDecay = average?.DecayAfter(Steps) ?? 0,
            });
        }

        Steps++;
        _store.NoteChange();
    }

    /// <inheritdoc/>
    public void Resume(int steps) => Steps = steps;

    /// <inheritdoc/>
    public void Dispose()
    {
        _moment1.Dispose();
        _moment2.Dispose();
        _mask?.Dispose();
    }
}

/// <summary>The constants of AdamW.</summary>
/// <param name="Beta1">Decay of the first moment.</param>
/// <param name="Beta2">Decay of the second moment.</param>
/// <param name="WeightDecay">Decoupled decay.</param>
/// <param name="DecayEverything">Decay norms and biases too, as the U-ViT recipe does.</param>
/// <param name="Epsilon">Added to the root of the second moment.</param>
public sealed record AdamWConfig(
    float Beta1, float Beta2, float WeightDecay, bool DecayEverything, float Epsilon = 1e-8f);
