using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>The factors of one SGD update.</summary>
/// <param name="Scale">On the gradient.</param>
/// <param name="Decay">Penalty on the weights.</param>
/// <param name="Momentum">Decay of the velocity.</param>
/// <param name="Rate">Minus the learning rate.</param>
/// <param name="Keep">Decay of the moving average.</param>
/// <param name="Renew">1 - Keep.</param>
internal readonly record struct SgdFactors(
    float Scale, float Decay, float Momentum, float Rate, float Keep, float Renew)
{
    public static SgdFactors Of(in SgdCall call, float scale) => new(
        scale, call.WeightDecay, call.Momentum, -call.LearningRate,
        call.AverageDecay, (float)(1 - (double)call.AverageDecay));
}

/// <summary>One SGD update of some parameters, for vectors of the host and threads of a GPU alike.</summary>
internal readonly struct SgdUpdate<V> where V : struct, IReal<V>
{
    private readonly V _scale;
    private readonly V _decay;
    private readonly V _momentum;
    private readonly V _rate;
    private readonly V _keep;
    private readonly V _renew;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public SgdUpdate(SgdFactors factors)
    {
        _scale = V.Broadcast(factors.Scale);
        _decay = V.Broadcast(factors.Decay);
        _momentum = V.Broadcast(factors.Momentum);
        _rate = V.Broadcast(factors.Rate);
        _keep = V.Broadcast(factors.Keep);
        _renew = V.Broadcast(factors.Renew);
    }

    /// <summary>The gradient with its factor and the penalty; the mask is 1 where weights decay, 0 where not.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public V Gradient(V gradient, V parameter, V mask) => V.Fma(gradient, _scale, parameter * (_decay * mask));

    /// <summary>The new velocity.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public V Velocity(V old, V gradient) => V.Fma(old, _momentum, gradient);

    /// <summary>The velocity one step further, where Nesterov's method goes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public V LookAhead(V velocity, V gradient) => V.Fma(velocity, _momentum, gradient);

    /// <summary>The new parameter.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public V Parameter(V old, V direction) => V.Fma(direction, _rate, old);

    /// <summary>The new moving average from the new parameter.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public V Average(V old, V parameter) => V.Fma(old, _keep, parameter * _renew);
}
