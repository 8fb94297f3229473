using DPT.Engine.Kernels;

namespace DPT.Engine.Autograd;

/// <summary>Clipping by the global L2 norm of all gradients, as a factor that the optimiser's pass applies.</summary>
public sealed class GradientClip : IDisposable
{
    private readonly ParameterStore _store;
    private readonly DeviceBuffer<float> _norm;

    /// <summary>Clips the gradients of a store.</summary>
    public GradientClip(ParameterStore store)
    {
        _store = store;
        _norm = store.Device.Allocate<float>(1);
    }

    /// <summary>The global norm of the gradients; not finite if one of them is not, or the norm is beyond a float.</summary>
    public float Norm()
    {
        _store.Device.Run(OptimizerOperators.Norm, new NormCall
        {
            Count = _store.SlabLength,
            X = _store.Gradients,
            Result = _norm.Slice,
        });
        Span<float> norm = stackalloc float[1];
        _store.Device.CopyOut(_norm.Slice, norm);
        return norm[0];
    }

    /// <summary>The factor that brings a norm down to <paramref name="maxNorm"/>; 1 if it is small enough already.</summary>
    /// <param name="norm">The global norm.</param>
    /// <param name="maxNorm">The limit; 0 means no limit.</param>
    public static float Factor(float norm, double maxNorm) =>
        maxNorm > 0 && norm > maxNorm ? (float)(maxNorm / (norm + 1e-6)) : 1;

    /// <inheritdoc/>
    public void Dispose() => _norm.Dispose();
}
