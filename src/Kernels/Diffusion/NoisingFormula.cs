using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>The forward process of one element, for vectors of the host and threads of a GPU alike.</summary>
internal static class NoisingFormula
{
    /// <summary>alpha x0 + sigma noise.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Noised<V>(V clean, V noise, V alpha, V sigma) where V : struct, IReal<V> =>
        V.Fma(alpha, clean, sigma * noise);

    /// <summary>alpha noise - sigma x0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Velocity<V>(V clean, V noise, V alpha, V sigma) where V : struct, IReal<V> =>
        (alpha * noise) - (sigma * clean);
}
