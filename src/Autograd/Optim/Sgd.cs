using DPT.Engine.Kernels;

namespace DPT.Engine.Autograd;

/// <summary>SGD with momentum, Nesterov or not, and L2 decay, as PyTorch defines it; one pass over all parameters.</summary>
public sealed class Sgd : IOptimizer
{
    private readonly ParameterStore _store;
    private readonly SgdConfig _config;
    private readonly DeviceBuffer<float> _velocity;
    private readonly DeviceBuffer<float>? _mask;

    /// <summary>An optimiser with zero momentum.</summary>
    public Sgd(ParameterStore store, SgdConfig config)
    {
        _store = store;
        _config = config;
        _velocity = store.AllocateSlab();
        _mask = config.DecayEverything ? null : store.AllocateDecayMask();
    }

    /// <inheritdoc/>
    public int Steps { get; private set; }

    /// <inheritdoc/>
    public IReadOnlyList<(string Name, Slice<float> Slab)> State => [("velocity", _velocity.Slice)];

    /// <inheritdoc/>
    public void Step(float learningRate, Slice<float> gradientScale = default, MovingAverage? average = null)
    {
        _store.Device.Run(OptimizerOperators.Sgd, new SgdCall
        {
            Count = _store.SlabLength,
            Parameters = _store.Values,
            Gradients = _store.Gradients,
            Velocity = _velocity.Slice,
            Average = average?.Values ?? default,
            DecayMask = _mask?.Slice ?? default,
            LearningRate = learningRate,
            Momentum = _config.Momentum,
            Nesterov = _config.Nesterov,
            WeightDecay = _config.WeightDecay,
            GradientScale = gradientScale,
            AverageDecay = average?.DecayAfter(Steps) ?? 0,
        });
        Steps++;
    }

    /// <inheritdoc/>
    public void Resume(int steps) => Steps = steps;

    /// <inheritdoc/>
    public void Dispose()
    {
        _velocity.Dispose();
        _mask?.Dispose();
    }
}

/// <summary>The constants of SGD.</summary>
/// <param name="Momentum">0 for none.</param>
/// <param name="Nesterov">Look ahead along the momentum.</param>
/// <param name="WeightDecay">L2 penalty.</param>
/// <param name="DecayEverything">Decay norms and biases too.</param>
public sealed record SgdConfig(float Momentum, bool Nesterov, float WeightDecay, bool DecayEverything);
