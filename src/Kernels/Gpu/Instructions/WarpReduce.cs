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
    public static float Sum(float value)
    {
        value += ILGPU.Warp.ShuffleXor(value, 16);
        value += ILGPU.Warp.ShuffleXor(value, 8);
        value += ILGPU.Warp.ShuffleXor(value, 4);
        value += ILGPU.Warp.ShuffleXor(value, 2);
        return value + ILGPU.Warp.ShuffleXor(value, 1);
    }

    /// <summary>Sum of the lanes' integers.</summary>
    public static int Sum(int value)
    {
        value += ILGPU.Warp.ShuffleXor(value, 16);
        value += ILGPU.Warp.ShuffleXor(value, 8);
        value += ILGPU.Warp.ShuffleXor(value, 4);
        value += ILGPU.Warp.ShuffleXor(value, 2);
        return value + ILGPU.Warp.ShuffleXor(value, 1);
    }

    /// <summary>Sum of the lanes' values with what rounding dropped.</summary>
    public static CompensatedSum Sum(CompensatedSum value)
    {
        value.Add(Exchange(value, 16));
        value.Add(Exchange(value, 8));
        value.Add(Exchange(value, 4));
        value.Add(Exchange(value, 2));
        value.Add(Exchange(value, 1));
        return value;
    }

    /// <summary>The largest of the lanes' values.</summary>
    public static float Maximum(float value)
    {
        value = Larger(value, ILGPU.Warp.ShuffleXor(value, 16));
        value = Larger(value, ILGPU.Warp.ShuffleXor(value, 8));
        value = Larger(value, ILGPU.Warp.ShuffleXor(value, 4));
        value = Larger(value, ILGPU.Warp.ShuffleXor(value, 2));
        return Larger(value, ILGPU.Warp.ShuffleXor(value, 1));
    }

    private static float Larger(float left, float right) => left > right ? left : right;

    private static CompensatedSum Exchange(CompensatedSum value, int mask) => new()
    {
        Sum = ILGPU.Warp.ShuffleXor(value.Sum, mask),
        Rest = ILGPU.Warp.ShuffleXor(value.Rest, mask),
    };
}
