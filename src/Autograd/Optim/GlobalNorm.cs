using DPT.Engine.Kernels;

namespace DPT.Engine.Autograd;

/// <summary>The L2 norm of all gradients of a network, or of all its weights, in one pass.</summary>
public static class GlobalNorm
{
    /// <summary>Computes it on the device; nobody waits for it.</summary>
    /// <param name="device">Where they are.</param>
    /// <param name="x">The numbers.</param>
    /// <param name="norm">
    /// Receives the norm, one element. It is not finite if one of the numbers is not, or if the norm is beyond a float.
    /// </param>
    public static void Compute(Device device, Slice<float> x, Slice<float> norm) =>
        device.Run(OptimizerOperators.Norm, new NormCall { Count = x.Length, X = x, Result = norm });
}
