using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// One pass over the array with the functions of <see cref="RealMath"/>, hence the bits of the host; a kernel per
/// function and direction, none chosen inside.
/// Threads: 256 in a block, neighbours on neighbouring elements (coalesced), grid strides. Limits: none.
/// Bytes: 8 Count, 12 Count for a gradient. FLOPs: 12 Count.
/// </summary>
internal sealed class ActivationV1Elements : GpuVariant<ActivationCall>
{
    private static readonly Pair Identity = Pair.Of<IdentityFunction>();
    private static readonly Pair Gelu = Pair.Of<GeluFunction>();
    private static readonly Pair Silu = Pair.Of<SiluFunction>();

    public override string Name => "v1-elements";

    public override string Idea => "the host's polynomials, a thread per element";

    public override IReadOnlyList<GpuKernel> Kernels { get; } =
        [Identity.Value, Identity.Slope, Gelu.Value, Gelu.Slope, Silu.Value, Silu.Slope];

    protected override void Run(GpuDevice device, in ActivationCall call)
    {
        var kernels = call.Function switch
        {
            Activation.Gelu => Gelu,
            Activation.Silu => Silu,
            _ => Identity,
        };
        if (call.Gradient.IsEmpty)
        {
            device.Prepare(kernels.Value)
                .With(call.X).With(call.Y).With(call.Count)
                .On(GridStride.Over(call.Count));
            return;
        }

        device.Prepare(kernels.Slope)
            .With(call.X).With(call.Gradient).With(call.Y).With(call.Count)
            .On(GridStride.Over(call.Count));
    }

    private static void Forward<F>(ArrayView<float> x, ArrayView<float> y, long count)
        where F : struct, IActivationFunction
    {
        for (var i = GridStride.First; i < count; i += GridStride.Step)
        {
            y[i] = F.Value(GpuReal.Broadcast(x[i])).Value;
        }
    }

    private static void Backward<F>(ArrayView<float> x, ArrayView<float> gradient, ArrayView<float> y, long count)
        where F : struct, IActivationFunction
    {
        for (var i = GridStride.First; i < count; i += GridStride.Step)
        {
            y[i] = gradient[i] * F.Slope(GpuReal.Broadcast(x[i])).Value;
        }
    }

    /// <summary>The two kernels of a function.</summary>
    private sealed record Pair(GpuKernel Value, GpuKernel Slope)
    {
        public static Pair Of<F>() where F : struct, IActivationFunction => new(
            new(Forward<F>, GridStride.Threads),
            new(Backward<F>, GridStride.Threads));
    }
}
