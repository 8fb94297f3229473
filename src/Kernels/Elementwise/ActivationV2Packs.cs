using System.Diagnostics.CodeAnalysis;
using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// As <see cref="ActivationV1Elements"/>, with 16 bytes per access: four times as much memory traffic in flight per
/// thread, and four independent chains of arithmetic.
/// Threads: 256 in a block, neighbours on neighbouring packs (coalesced), grid strides.
/// Limits: operands start at multiples of 16 bytes. Bytes: 8 Count, 12 Count for a gradient. FLOPs: 12 Count.
/// </summary>
internal sealed class ActivationV2Packs : GpuVariant<ActivationCall>
{
    /// <summary>As many as a multiprocessor has threads for: the slope of SiLU would take a few registers more than they leave.</summary>
    private const int MaxBlocks = 8;

    private static readonly Pair Identity = Pair.Of<IdentityFunction>();
    private static readonly Pair Gelu = Pair.Of<GeluFunction>();
    private static readonly Pair Silu = Pair.Of<SiluFunction>();

    public override string Name => "v2-packs";

    public override string Idea => "the host's polynomials, a thread per four elements, 16 bytes per access";

    public override IReadOnlyList<GpuKernel> Kernels { get; } =
        [Identity.Value, Identity.Slope, Gelu.Value, Gelu.Slope, Silu.Value, Silu.Slope];

    public override bool Supports(in ActivationCall call, Device device, [NotNullWhen(false)] out string? reason) =>
        FlatPacks.AreAligned(out reason, call.X, call.Gradient, call.Y);

    protected override void Run(GpuDevice device, in ActivationCall call)
    {
        var kernels = call.Function switch
        {
            Activation.Gelu => Gelu,
            Activation.Silu => Silu,
            _ => Identity,
        };
        var grid = GridStride.Over(FlatPacks.Cover(call.Count));
        if (call.Gradient.IsEmpty)
        {
            device.Prepare(kernels.Value).With(call.X).With(call.Y).With(call.Count).On(grid);
            return;
        }

        device.Prepare(kernels.Slope).With(call.X).With(call.Gradient).With(call.Y).With(call.Count).On(grid);
    }

    private static void Forward<F>(ArrayView<float> x, ArrayView<float> y, long count)
        where F : struct, IActivationFunction
    {
        for (var at = GridStride.First * FlatPacks.Size; at < count; at += GridStride.Step * FlatPacks.Size)
        {
            FlatPacks.Store(y, at, count, F.Value(new GpuReal4(FlatPacks.Load(x, at, count))).Lanes);
        }
    }

    private static void Backward<F>(ArrayView<float> x, ArrayView<float> gradient, ArrayView<float> y, long count)
        where F : struct, IActivationFunction
    {
        for (var at = GridStride.First * FlatPacks.Size; at < count; at += GridStride.Step * FlatPacks.Size)
        {
            var value = new GpuReal4(FlatPacks.Load(x, at, count));
            var factor = new GpuReal4(FlatPacks.Load(gradient, at, count));
            FlatPacks.Store(y, at, count, (factor * F.Slope(value)).Lanes);
        }
    }

    /// <summary>The two kernels of a function.</summary>
    private sealed record Pair(GpuKernel Value, GpuKernel Slope)
    {
        public static Pair Of<F>() where F : struct, IActivationFunction => new(
            new(Forward<F>, GridStride.Threads),
            new(Backward<F>, GridStride.Threads) { BlocksPerMultiprocessor = MaxBlocks });
    }
}
