using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>Dropout of one element, for vectors of the host and threads of a GPU alike.</summary>
internal static class DropoutFormula
{
    /// <summary>0 where the uniform number is below the rate, elsewhere x scaled.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Dropped<V>(V x, V uniform, V rate, V scale) where V : struct, IReal<V> =>
        V.SelectLess(uniform, rate, V.Zero, x * scale);
}
