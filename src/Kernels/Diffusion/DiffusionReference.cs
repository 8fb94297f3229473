namespace DPT.Engine.Kernels;

/// <summary>The forward process in double precision.</summary>
internal static class DiffusionReference
{
    /// <summary>Noised samples and, if wanted, their velocity.</summary>
    public static void Noising(
        int batch, int elements, double[] clean, double[] noise, double[] alpha, double[] sigma,
        double[] noised, double[]? velocity)
    {
        for (var b = 0; b < batch; b++)
        {
            for (var i = b * elements; i < (b + 1) * elements; i++)
            {
                noised[i] = (alpha[b] * clean[i]) + (sigma[b] * noise[i]);
                if (velocity != null)
                {
                    velocity[i] = (alpha[b] * noise[i]) - (sigma[b] * clean[i]);
                }
            }
        }
    }
}
