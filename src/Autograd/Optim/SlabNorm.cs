using DPT.Engine.Kernels;

namespace DPT.Engine.Autograd;

/// <summary>The L2 norm of a slab, gradients or weights, in one pass.</summary>
public static class SlabNorm
{
    /// <summary>Computes it on the device; nobody waits for it.</summary>
    /// <param name="device">Where the slab is.</param>
    /// <param name="slab">The numbers.</param>
    /// <param name="norm">
    /// Receives the norm, one element. It is not finite if a number in the slab is not, or if the norm is beyond a float.
    /// </param>
    public static void Compute(Device device, Slice<float> slab, Slice<float> norm) =>
        device.Run(OptimizerOperators.Norm, new NormCall { Count = slab.Length, X = slab, Result = norm });
}
