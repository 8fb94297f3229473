namespace DPT.Engine.Kernels;

/// <summary>How batch norm's running statistics follow those of a batch, as PyTorch has it.</summary>
internal static class RunningMoments
{
    /// <summary>What makes a biased variance of so many numbers an unbiased one: n / (n - 1); 1 for one number, which has none.</summary>
    public static float Unbiased(long terms) => terms > 1 ? (float)(terms / (terms - 1.0)) : 1;

    /// <summary>(1 - momentum) running + momentum batch.</summary>
    public static float Moved(float running, float batch, float momentum) =>
        Scalar.Fma(momentum, batch, (1 - momentum) * running);
}
