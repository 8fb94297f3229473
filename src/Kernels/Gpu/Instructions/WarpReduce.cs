using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// Sums and maxima over the 32 lanes of a warp, in five exchanges that every lane takes part in; every lane gets the
/// result. The order is fixed: the same values give the same bits.
/// </summary>
public static class WarpReduce
{
    /// <summary>Lanes of a warp.</summary>
    public const int Lanes = 32;

    /// <summary>The calling thread's place in its warp.</summary>
    public static int Lane => Group.IdxX & (Lanes - 1);

    /// <summary>The calling thread's warp in its block.</summary>
    public static int Warp => Group.IdxX / Lanes;

    /// <summary>Sum of the lanes' values.</summary>
    public static float Sum(float value) => Reduce<float, FloatSum>(value);

    /// <summary>The largest of the lanes' values.</summary>
    public static float Max(float value) => Reduce<float, FloatMax>(value);

    /// <summary>What the lanes' values come to: with the lane 16 away, then 8, 4, 2 and 1.</summary>
    public static T Reduce<T, TReduction>(T value)
        where T : unmanaged
        where TReduction : struct, IReduction<T>
    {
        value = TReduction.Combine(value, TReduction.Exchange(value, 16));
        value = TReduction.Combine(value, TReduction.Exchange(value, 8));
        value = TReduction.Combine(value, TReduction.Exchange(value, 4));
        value = TReduction.Combine(value, TReduction.Exchange(value, 2));
        return TReduction.Combine(value, TReduction.Exchange(value, 1));
    }
}
