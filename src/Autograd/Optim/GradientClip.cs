namespace DPT.Engine.Autograd;

/// <summary>Clipping by the global L2 norm of all gradients, as a factor that the optimiser's pass applies.</summary>
public static class GradientClip
{
    /// <summary>The factor that brings a norm down to <paramref name="maxNorm"/>; 1 if it is small enough already.</summary>
    /// <param name="norm">The global norm, finite.</param>
    /// <param name="maxNorm">The limit; 0 means no limit.</param>
    /// <exception cref="ArithmeticException">The norm is not finite: no factor would make an update of that gradient.</exception>
    public static float Factor(float norm, double maxNorm)
    {
        if (!float.IsFinite(norm))
        {
            throw new ArithmeticException($"a gradient with the norm {norm} cannot be clipped");
        }

        return maxNorm > 0 && norm > maxNorm ? (float)(maxNorm / (norm + 1e-6)) : 1;
    }
}
