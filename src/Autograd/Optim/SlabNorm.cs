using DPT.Engine.Kernels;

namespace DPT.Engine.Autograd;

/// <summary>
/// The L2 norm of a slab, gradients or weights, in one pass. It is not finite if a number in the slab is not, or if the norm
/// is beyond a float.
/// </summary>
public sealed class SlabNorm : IDisposable
{
    private readonly Device _device;
    private readonly DeviceBuffer<float> _norm;

    /// <summary>Norms of slabs on a device.</summary>
    public SlabNorm(Device device)
    {
        _device = device;
        _norm = device.Allocate<float>(1);
    }

    /// <summary>The norm of <paramref name="slab"/>.</summary>
    public float Of(Slice<float> slab)
    {
        _device.Run(OptimizerOperators.Norm, new NormCall
        {
            Count = slab.Length,
            X = slab,
            Result = _norm.Slice,
        });
        Span<float> norm = stackalloc float[1];
        _device.CopyOut(_norm.Slice, norm);
        return norm[0];
    }

    /// <inheritdoc/>
    public void Dispose() => _norm.Dispose();
}
