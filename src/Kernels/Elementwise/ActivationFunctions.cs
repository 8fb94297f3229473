using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>An activation with its derivative, for vectors of the host and threads of a GPU alike.</summary>
internal interface IActivationFunction
{
    static abstract V Value<V>(V x) where V : struct, IReal<V>;

    static abstract V Slope<V>(V x) where V : struct, IReal<V>;
}

/// <summary>x itself.</summary>
internal readonly struct IdentityFunction : IActivationFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Value<V>(V x) where V : struct, IReal<V> => x;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Slope<V>(V x) where V : struct, IReal<V> => V.Broadcast(1);
}

/// <summary>x Phi(x).</summary>
internal readonly struct GeluFunction : IActivationFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Value<V>(V x) where V : struct, IReal<V> => RealMath.Gelu(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Slope<V>(V x) where V : struct, IReal<V> => RealMath.GeluGradient(x);
}

/// <summary>x / (1 + e^-x).</summary>
internal readonly struct SiluFunction : IActivationFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Value<V>(V x) where V : struct, IReal<V> => RealMath.Silu(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Slope<V>(V x) where V : struct, IReal<V> => RealMath.SiluGradient(x);
}
