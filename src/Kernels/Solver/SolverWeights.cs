using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>
/// The weights of a solver step, for vectors of the host and threads of a GPU alike. An operand that is not given is
/// zero, and so is its weight.
/// </summary>
internal readonly struct SolverWeights<V> where V : struct, IReal<V>
{
    private readonly V _state;
    private readonly V _conditional;
    private readonly V _unconditional;
    private readonly V _base;
    private readonly V _model;
    private readonly V _history0;
    private readonly V _history1;

    /// <summary>The weights in the order of the call.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public SolverWeights(
        float state, float conditional, float unconditional, float @base, float model, float history0, float history1)
    {
        _state = V.Broadcast(state);
        _conditional = V.Broadcast(conditional);
        _unconditional = V.Broadcast(unconditional);
        _base = V.Broadcast(@base);
        _model = V.Broadcast(model);
        _history0 = V.Broadcast(history0);
        _history1 = V.Broadcast(history1);
    }

    /// <summary>The model value: guidance and the conversion of the network's output.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public V Model(V state, V conditional, V unconditional) =>
        V.Fma(state, _state, V.Fma(unconditional, _unconditional, conditional * _conditional));

    /// <summary>The new state.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public V Result(V @base, V model, V history0, V history1) =>
        V.Fma(history1, _history1, V.Fma(history0, _history0, V.Fma(model, _model, @base * _base)));
}
