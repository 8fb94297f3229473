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
    private readonly DeviceBuffer<float> _values;

    /// <summary>Starts an average as a copy of the present weights.</summary>
    /// <param name="store">The model.</param>
    /// <param name="decay">The decay after the warm-up, in [0, 1).</param>
    public MovingAverage(ParameterStore store, float decay)
    {
        if (!(decay is >= 0 and < 1))
        {
            throw new ArgumentOutOfRangeException(nameof(decay), $"the decay is {decay}, it must be in [0, 1)");
        }

        _store = store;
        Decay = decay;
        _values = store.AllocateFlat();
        store.Device.Copy(store.Values, _values.Slice);
    }

    /// <summary>Share of the old average that an update keeps, after the warm-up.</summary>
    public float Decay { get; }

    /// <summary>The averaged weights, laid out like the store's.</summary>
    public Slice<float> Values => _values.Slice;

    /// <summary>
    /// Share of the old average that the next update keeps when so many were made: min(Decay, (1 + updates) / (10 + updates)).
    /// </summary>
    public float DecayAfter(int updates) => Math.Min(Decay, (1f + updates) / (10f + updates));

    /// <summary>Lets the model run with the averaged weights until the result is disposed.</summary>
    public IDisposable Use() => _store.Substitute(Values);

    /// <summary>Makes the average the model's weights for good.</summary>
    public void Adopt() => _store.Device.Copy(Values, _store.Values);

    /// <inheritdoc/>
    public void Dispose() => _values.Dispose();
}
