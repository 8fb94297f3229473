namespace DPT.Engine.Kernels;

/// <summary>
/// What products multiply. The one rule of <see cref="Bf16"/>: factors of matrix products are rounded to bf16. All else stays as it is:
/// sums, biases, the stream of tokens, norms, softmax, losses, weights, their gradients and their averages are fp32.
/// </summary>
public enum Precision
{
    /// <summary>Floats.</summary>
    Fp32,

    /// <summary>Factors rounded to bf16, exact products, sums in fp32: what tensor cores compute.</summary>
    Bf16,
}
