namespace DPT.Engine.Kernels;

/// <summary>
/// What networks multiply. The one rule of <see cref="Bf16"/>: factors of matrix products, and queries, keys and values of attention, are
/// rounded to bf16. What nothing but these reads (queries, keys, values, results of attention, hidden values of an MLP) is kept in it,
/// and so are the gradients of these. All else stays as it is: sums, biases, the stream of tokens, norms, softmax, losses, weights,
/// their gradients and their averages are fp32.
/// </summary>
public enum Precision
{
    /// <summary>Floats.</summary>
    Fp32,

    /// <summary>Factors rounded to bf16, exact products, sums in fp32: what tensor cores compute.</summary>
    Bf16,
}
