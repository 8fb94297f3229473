using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>Two uniform numbers to two normal ones, for vectors of the host and threads of a GPU alike.</summary>
internal static class BoxMuller
{
    /// <summary>r cos(2 pi v) and r sin(2 pi v) with r = sqrt(-2 ln u); u in (0, 1], v in [0, 1).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Transform<V>(V u, V v, out V first, out V second) where V : struct, IReal<V>
    {
        var radius = V.Sqrt(V.Broadcast(-2) * RealMath.Log(u));
        RealMath.SinCosTwoPi(v, out var sine, out var cosine);
        first = radius * cosine;
        second = radius * sine;
    }
}
