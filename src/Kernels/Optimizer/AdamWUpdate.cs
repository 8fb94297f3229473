using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>
/// The factors of one AdamW update. The corrections of the moments are computed once, in double precision.
/// </summary>
/// <param name="Scale">On the gradient.</param>
/// <param name="Decay">Of the weights: minus the rate times the decay.</param>
/// <param name="Beta1">Decay of the first moment.</param>
/// <param name="Rest1">1 - Beta1.</param>
/// <param name="Beta2">Decay of the second moment.</param>
/// <param name="Rest2">1 - Beta2.</param>
/// <param name="Rate">Minus the learning rate, with the correction of the first moment.</param>
/// <param name="Root">On the root of the second moment: its correction.</param>
/// <param name="Epsilon">Added to that.</param>
/// <param name="Keep">Decay of the moving average.</param>
/// <param name="Renew">1 - Keep.</param>
internal readonly record struct AdamWFactors(
    float Scale, float Decay, float Beta1, float Rest1, float Beta2, float Rest2,
    float Rate, float Root, float Epsilon, float Keep, float Renew)
{
    public static AdamWFactors Of(in AdamWCall call, float scale) => new(
        scale,
        (float)(-(double)call.LearningRate * call.WeightDecay),
        call.Beta1,
        (float)(1 - (double)call.Beta1),
        call.Beta2,
        (float)(1 - (double)call.Beta2),
        (float)(-call.LearningRate / (1 - Math.Pow(call.Beta1, call.Step))),
        (float)(1 / Math.Sqrt(1 - Math.Pow(call.Beta2, call.Step))),
        call.Epsilon,
        call.AverageDecay,
        (float)(1 - (double)call.AverageDecay));
}

/// <summary>One AdamW update of some parameters, for vectors of the host and threads of a GPU alike.</summary>
internal readonly struct AdamWUpdate<V> where V : struct, IReal<V>
{
    private readonly V _scale;
    private readonly V _decay;
    private readonly V _beta1;
    private readonly V _rest1;
    private readonly V _beta2;
    private readonly V _rest2;
    private readonly V _rate;
    private readonly V _root;
    private readonly V _epsilon;
    private readonly V _keep;
    private readonly V _renew;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public AdamWUpdate(AdamWFactors factors)
    {
        _scale = V.Broadcast(factors.Scale);
        _decay = V.Broadcast(factors.Decay);
        _beta1 = V.Broadcast(factors.Beta1);
        _rest1 = V.Broadcast(factors.Rest1);
        _beta2 = V.Broadcast(factors.Beta2);
        _rest2 = V.Broadcast(factors.Rest2);
        _rate = V.Broadcast(factors.Rate);
        _root = V.Broadcast(factors.Root);
        _epsilon = V.Broadcast(factors.Epsilon);
        _keep = V.Broadcast(factors.Keep);
        _renew = V.Broadcast(factors.Renew);
    }

    /// <summary>The gradient with its factor.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public V Gradient(V gradient) => gradient * _scale;

    /// <summary>The new first moment.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public V Moment1(V old, V gradient) => V.Fma(old, _beta1, gradient * _rest1);

    /// <summary>The new second moment.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public V Moment2(V old, V gradient) => V.Fma(old, _beta2, gradient * gradient * _rest2);

    /// <summary>The new parameter from the new moments; the mask is 1 where it decays, 0 where not.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public V Parameter(V old, V mask, V moment1, V moment2)
    {
        var decayed = V.Fma(old, _decay * mask, old);
        var deviation = V.Fma(V.Sqrt(moment2), _root, _epsilon);
        return V.Fma(moment1 / deviation, _rate, decayed);
    }

    /// <summary>The new moving average from the new parameter.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public V Average(V old, V parameter) => V.Fma(old, _keep, parameter * _renew);
}
