using DPT.Engine.Kernels;

namespace DPT.Engine.Autograd;

/// <summary>Clipping by the global L2 norm of all gradients, as a factor that the optimiser's pass reads on the device.</summary>
/// <param name="store">The parameters whose gradients are clipped.</param>
/// <param name="limit">The largest norm; 0 does not clip.</param>
/// <param name="norm">Where the norm goes, one element of device memory.</param>
/// <param name="factor">Where the factor goes, one element of device memory.</param>
public sealed class GradientClip(ParameterStore store, double limit, Slice<float> norm, Slice<float> factor)
{
    /// <summary>The factor that the last <see cref="Compute"/> found.</summary>
    public Slice<float> Factor => factor;

    /// <summary>Finds the norm and the factor; NaN, with which an optimiser skips its update, where something is not finite.</summary>
    /// <param name="losses">The losses that the gradient is of; empty if they do not matter.</param>
    public void Compute(Slice<float> losses = default)
    {
        GlobalNorm.Compute(store.Device, store.Gradients, norm);
        store.Device.Run(ClipFactorOperator.Factor, new ClipFactorCall
        {
            Norm = norm,
            Limit = (float)limit,
            Losses = losses,
            Factor = factor,
        });
    }
}
