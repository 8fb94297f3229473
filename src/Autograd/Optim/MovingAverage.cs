using DPT.Engine.Kernels;

namespace DPT.Engine.Autograd;

/// <summary>
/// Exponential moving average of a model's weights. It starts as a copy and is updated inside the optimiser's pass:
/// average = decay average + (1 - decay) weights. The decay warms up: until the training is long against the average's
/// horizon 1 / (1 - decay), the average is of the last tenth of the way, and the first weights, which are noise, are gone
/// from it after a few dozen updates.
/// </summary>
public sealed class MovingAverage : IDisposable
{
    private readonly ParameterStore _store;
    private readonly Func<int, float> _decayAfter;
    private readonly DeviceBuffer<float> _values;

    /// <summary>Starts an average as a copy of the present weights.</summary>
    /// <param name="store">The model.</param>
    /// <param name="decay">The decay after the warm-up, in [0, 1).</param>
    public MovingAverage(ParameterStore store, float decay)
        : this(store, WarmingUp(decay))
    {
    }

    /// <summary>Starts an average whose decay has a schedule of its own.</summary>
    /// <param name="store">The model.</param>
    /// <param name="decayAfter">Share of the old average that the next update keeps when so many were made, in [0, 1].</param>
    public MovingAverage(ParameterStore store, Func<int, float> decayAfter)
    {
        (_store, _decayAfter) = (store, decayAfter);
        _values = store.AllocateFlat();
        store.Device.Copy(store.Values, _values.Slice);
    }

    /// <summary>The averaged weights, laid out like the store's.</summary>
    public Slice<float> Values => _values.Slice;

    /// <summary>Share of the old average that the next update keeps when so many were made.</summary>
    public float DecayAfter(int updates) => _decayAfter(updates);

    /// <summary>Lets the model run with the averaged weights until the result is disposed.</summary>
    public IDisposable Use() => _store.Substitute(Values);

    /// <summary>Makes the average the model's weights for good.</summary>
    public void Adopt() => _store.Device.Copy(Values, _store.Values);

    /// <inheritdoc/>
    public void Dispose() => _values.Dispose();

    /// <summary>min(decay, (1 + updates) / (10 + updates)).</summary>
    private static Func<int, float> WarmingUp(float decay) => decay is >= 0 and < 1
        ? updates => Math.Min(decay, (1f + updates) / (10f + updates))
        : throw new ArgumentOutOfRangeException(nameof(decay), $"the decay is {decay}, it must be in [0, 1)");
}
