namespace DPT.Engine.Kernels;

/// <summary>The two loops over a head's width that both naive variants are made of.</summary>
internal static unsafe class AttentionHostV1Naive
{
    /// <summary>Sum of x[c] y[c].</summary>
    public static float Dot(float* x, float* y, int size)
    {
        var sum = 0f;
        for (var c = 0; c < size; c++)
        {
            sum += x[c] * y[c];
        }

        return sum;
    }

    /// <summary>y[c] += factor x[c].</summary>
    public static void Add(float factor, float* x, float* y, int size)
    {
        for (var c = 0; c < size; c++)
        {
            y[c] += factor * x[c];
        }
    }
}
