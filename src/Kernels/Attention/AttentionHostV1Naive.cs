namespace DPT.Engine.Kernels;

/// <summary>What both naive variants are made of: two loops over a head's width, and a row's softmax.</summary>
internal static unsafe class AttentionHostV1Naive
{
    /// <summary>Sum of x[c] y[c].</summary>
    public static float Dot(float* x, float* y, int size)
    {
        HostBounds.Check(x, size);
        HostBounds.Check(y, size);
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
        HostBounds.Check(x, size);
        HostBounds.Check(y, size);
        for (var c = 0; c < size; c++)
        {
            y[c] += factor * x[c];
        }
    }

    /// <summary>
    /// The probabilities of one query's keys, and the logarithm of the sum of e^logit. Exponents are differences of rounded
    /// logits, so that of the largest is 0 whatever its size.
    /// </summary>
    public static float Softmax(float* query, float* keys, int stride, int tokens, int size, float* p)
    {
        HostBounds.Check(p, tokens);
        var scale = 1 / MathF.Sqrt(size);
        var max = float.NegativeInfinity;
        for (var j = 0; j < tokens; j++)
        {
            p[j] = scale * Dot(query, keys + ((long)j * stride), size);
            max = MathF.Max(max, p[j]);
        }

        var sum = 0f;
        for (var j = 0; j < tokens; j++)
        {
            p[j] = MathF.Exp(p[j] - max);
            sum += p[j];
        }

        for (var j = 0; j < tokens; j++)
        {
            p[j] /= sum;
        }

        return max + MathF.Log(sum);
    }
}
