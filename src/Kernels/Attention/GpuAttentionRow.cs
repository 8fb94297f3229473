using System.Runtime.CompilerServices;
using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>What the naive GPU variants are made of: loops over a head's width in global memory, and the scale.</summary>
internal static class GpuAttentionRow
{
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
