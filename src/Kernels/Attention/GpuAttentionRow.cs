using System.Runtime.CompilerServices;
using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>What the naive GPU variants are made of: loops over a head's width in global memory, and the scale.</summary>
internal static class GpuAttentionRow
{
    /// <summary>What makes an exponent of two of one of e.</summary>
    public const float Log2E = 1.44269504f;

    private const float Ln2 = 0.693147181f;

    /// <summary>1/sqrt(d).</summary>
    public static float Scale(int headSize) => (float)(1 / Math.Sqrt(headSize));

    /// <summary>log2(e)/sqrt(d): with it a score becomes the exponent of a power of two.</summary>
    public static float ScaleOfExp2(int headSize) => (float)(1 / (Math.Sqrt(headSize) * Math.Log(2)));

    /// <summary>e^x within 2 ulp.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Exp(float x) => RealMath.Exp(GpuReal.Broadcast(x)).Value;

    /// <summary>ln x within 2 ulp.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Log(float x) => RealMath.Log(GpuReal.Broadcast(x)).Value;

    /// <summary>
    /// The log-sum-exp of a row. The power of the largest score is 1, unless all are minus infinity: then the row has no result, and
    /// no log-sum-exp either.
    /// </summary>
    /// <param name="exponent">The exponent of two that the sum is relative to.</param>
    /// <param name="sum">Sum of powers of two.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float LogSumExp(float exponent, float sum) => sum > 0f ? Scalar.Fma(exponent, Ln2, Log(sum)) : float.NaN;

    /// <summary>Sum of x[c] y[c].</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Dot(ArrayView<float> x, long atX, ArrayView<float> y, long atY, int size)
    {
        var sum = 0f;
        for (var c = 0; c < size; c++)
        {
            sum = Scalar.Fma(x[atX + c], y[atY + c], sum);
        }

        return sum;
    }

    /// <summary>Sum of x[c] y[c], of bf16 widened.</summary>
    /// <param name="x">The array of one row.</param>
    /// <param name="atX">Its first element.</param>
    /// <param name="y">The array of the other row.</param>
    /// <param name="atY">Its first element.</param>
    /// <param name="size">Elements of a row.</param>
    /// <param name="isPacked">Whether rows start at multiples of 8 bytes.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Dot(ArrayView<BFloat16> x, long atX, ArrayView<BFloat16> y, long atY, int size, bool isPacked)
    {
        var sum = 0f;
        for (var c = 0; c < size; c += 4)
        {
            var pack = Bf16Memory.LoadUpTo4(x, atX + c, size - c, isPacked);
            sum = pack.Dot(Bf16Memory.LoadUpTo4(y, atY + c, size - c, isPacked), sum);
        }

        return sum;
    }

    /// <summary>y[c] += factor x[c].</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Add(float factor, ArrayView<float> x, long atX, ArrayView<float> y, long atY, int size)
    {
        for (var c = 0; c < size; c++)
        {
            y[atY + c] = Scalar.Fma(factor, x[atX + c], y[atY + c]);
        }
    }

    /// <summary>y[c] = 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Clear(ArrayView<float> y, long atY, int size)
    {
        for (var c = 0; c < size; c++)
        {
            y[atY + c] = 0f;
        }
    }
}
