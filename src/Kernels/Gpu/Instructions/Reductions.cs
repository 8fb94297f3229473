using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>What a reduction does with two values, as a type argument. The default of the type must change nothing.</summary>
public interface IReduction<T> where T : unmanaged
{
    /// <summary>Two values to one.</summary>
    static abstract T Combine(T left, T right);

    /// <summary>The value of the lane whose number differs by the mask.</summary>
    static abstract T Exchange(T value, int mask);
}

/// <summary>Sums.</summary>
public readonly struct FloatSum : IReduction<float>
{
    /// <inheritdoc/>
    public static float Combine(float left, float right) => left + right;

    /// <inheritdoc/>
    public static float Exchange(float value, int mask) => Warp.ShuffleXor(value, mask);
}

/// <summary>Sums of integers.</summary>
public readonly struct Int32Sum : IReduction<int>
{
    /// <inheritdoc/>
    public static int Combine(int left, int right) => left + right;

    /// <inheritdoc/>
    public static int Exchange(int value, int mask) => Warp.ShuffleXor(value, mask);
}

/// <summary>Sums with what rounding dropped.</summary>
public readonly struct CompensatedSums : IReduction<CompensatedSum>
{
    /// <inheritdoc/>
    public static CompensatedSum Combine(CompensatedSum left, CompensatedSum right)
    {
        left.Add(right);
        return left;
    }

    /// <inheritdoc/>
    public static CompensatedSum Exchange(CompensatedSum value, int mask) => new()
    {
        Sum = Warp.ShuffleXor(value.Sum, mask),
        Rest = Warp.ShuffleXor(value.Rest, mask),
    };
}

/// <summary>The larger one; only within a warp, as 0 is not below all others.</summary>
public readonly struct FloatMax : IReduction<float>
{
    /// <inheritdoc/>
    public static float Combine(float left, float right) => left > right ? left : right;

    /// <inheritdoc/>
    public static float Exchange(float value, int mask) => Warp.ShuffleXor(value, mask);
}
