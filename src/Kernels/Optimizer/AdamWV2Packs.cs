using System.Diagnostics.CodeAnalysis;
using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// As <see cref="AdamWV1Elements"/>, with 16 bytes per access and all loads before the first store: as arrays might overlap,
/// no compiler moves a load over a store, so the first variant waits for memory five times in a row.
/// Threads: 256 in a block, neighbours on neighbouring packs (coalesced), grid strides. Limits: operands start at multiples of
/// 16 bytes. Bytes: 32 Count, 40 with the average. FLOPs: 16 to 19 Count.
/// </summary>
internal sealed class AdamWV2Packs : GpuVariant<AdamWCall>
{
    private static readonly GpuKernel Update = new(Kernel, GridStride.Threads);

    public override string Name => "v2-packs";

    public override string Idea => "a thread per four parameters, 16 bytes per access, all loads before the first store";

    public override IReadOnlyList<GpuKernel> Kernels { get; } = [Update];

    public override bool Supports(in AdamWCall call, Device device, [NotNullWhen(false)] out string? reason) => FlatPacks.AreAligned(
        out reason, call.Parameters, call.Gradients, call.Moment1, call.Moment2, call.Average, call.DecayMask);

    protected override void Run(GpuDevice device, in AdamWCall call)
    {
        var launch = device.Prepare(Update);
        AdamWV1Elements.WithCall(ref launch, in call).On(GridStride.Over(FlatPacks.Cover(call.Count)));
    }

    private static void Kernel(
        ArrayView<float> parameters, ArrayView<float> gradients, ArrayView<float> moment1, ArrayView<float> moment2,
        ArrayView<float> average, ArrayView<float> mask, ArrayView<float> factor, long count,
        float decay, float beta1, float rest1, float beta2, float rest2,
        float rate, float root, float epsilon, float keep, float renew)
    {
        var scale = factor.Length == 0 ? 1f : factor[0];
        if (!Finite.Is(scale))
        {
            GridStride.Clear(gradients, count);
            return;
        }

        var update = new AdamWUpdate<GpuReal4>(new AdamWFactors(
            scale, decay, beta1, rest1, beta2, rest2, rate, root, epsilon, keep, renew));
        for (var at = GridStride.First * FlatPacks.Size; at < count; at += GridStride.Step * FlatPacks.Size)
        {
            var gradient = new GpuReal4(FlatPacks.Load(gradients, at, count));
            var first = new GpuReal4(FlatPacks.Load(moment1, at, count));
            var second = new GpuReal4(FlatPacks.Load(moment2, at, count));
            var parameter = new GpuReal4(FlatPacks.Load(parameters, at, count));
            var decays = mask.Length == 0 ? GpuReal4.Broadcast(1f) : new GpuReal4(FlatPacks.Load(mask, at, count));
            var mean = average.Length == 0 ? default : new GpuReal4(FlatPacks.Load(average, at, count));

            gradient = update.Gradient(gradient);
            first = update.Moment1(first, gradient);
            second = update.Moment2(second, gradient);
            parameter = update.Parameter(parameter, decays, first, second);

            FlatPacks.Store(gradients, at, count, default);
            FlatPacks.Store(moment1, at, count, first.Lanes);
            FlatPacks.Store(moment2, at, count, second.Lanes);
            FlatPacks.Store(parameters, at, count, parameter.Lanes);
            if (average.Length != 0)
            {
                FlatPacks.Store(average, at, count, update.Average(mean, parameter).Lanes);
            }
        }
    }
}
