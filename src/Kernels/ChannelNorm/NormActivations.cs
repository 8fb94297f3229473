using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>What becomes of a normalised number before it is stored, and the derivative, for the host and a GPU alike.</summary>
internal interface INormActivation
{
    /// <param name="v">The number.</param>
    /// <param name="bend">The parameter of those that have one.</param>
    static abstract V Value<V>(V v, V bend) where V : struct, IReal<V>;

    /// <inheritdoc cref="Value"/>
    static abstract V Slope<V>(V v, V bend) where V : struct, IReal<V>;
}

/// <summary>Leaky ReLU: v above 0, bend v below. With bend 1 it is v, with 0 ReLU. At 0 the slope is that below, as PyTorch has it.</summary>
internal readonly struct LeakyReluAfter : INormActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Value<V>(V v, V bend) where V : struct, IReal<V> => V.SelectLess(V.Zero, v, v, v * bend);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Slope<V>(V v, V bend) where V : struct, IReal<V> => V.SelectLess(V.Zero, v, V.Broadcast(1), bend);
}

/// <summary>v / (1 + e^-v).</summary>
internal readonly struct SiluAfter : INormActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Value<V>(V v, V bend) where V : struct, IReal<V> => RealMath.Silu(v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Slope<V>(V v, V bend) where V : struct, IReal<V> => RealMath.SiluGradient(v);
}
