using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
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
    private static readonly GpuKernel Update = new(typeof(AdamWV2Packs), nameof(Kernel), GridStride.Threads);

    public override string Name => "v2-packs";

    public override string Idea => "a thread per four parameters, 16 bytes per access, all loads before the first store";

    public override IReadOnlyList<GpuKernel> Kernels { get; } = [Update];

    public override bool Supports(in AdamWCall call, Device device, [NotNullWhen(false)] out string? reason) => SlabPacks.AreAligned(
        out reason, call.Parameters, call.Gradients, call.Moment1, call.Moment2, call.Average, call.DecayMask);

    protected override void Run(GpuDevice device, in AdamWCall call)
    {
        var launch = device.Prepare(Update);
        AdamWV1Elements.WithCall(ref launch, in call).On(GridStride.Over(SlabPacks.Cover(call.Count)));
    }

    private static void Kernel(
        ArrayView<float> parameters, ArrayView<float> gradients, ArrayView<float> moment1, ArrayView<float> moment2,
        ArrayView<float> average, ArrayView<float> mask, long count,
        float scale, float decay, float beta1, float rest1, float beta2, float rest2,
        float rate, float root, float epsilon, float keep, float renew)
    {
        var update = new AdamWUpdate<GpuReal>(new AdamWFactors(
            scale, decay, beta1, rest1, beta2, rest2, rate, root, epsilon, keep, renew));
        for (var at = GridStride.First * SlabPacks.Size; at < count; at += GridStride.Step * SlabPacks.Size)
        {
            var gradient = SlabPacks.Load(gradients, at, count);
            var first = SlabPacks.Load(moment1, at, count);
            var second = SlabPacks.Load(moment2, at, count);
            var parameter = SlabPacks.Load(parameters, at, count);
            var decays = mask.Length == 0 ? Float4.Broadcast(1f) : SlabPacks.Load(mask, at, count);
            var mean = average.Length == 0 ? default : SlabPacks.Load(average, at, count);

            var x = Lane.Of(update, gradient.X, first.X, second.X, parameter.X, decays.X, mean.X);
            var y = Lane.Of(update, gradient.Y, first.Y, second.Y, parameter.Y, decays.Y, mean.Y);
            var z = Lane.Of(update, gradient.Z, first.Z, second.Z, parameter.Z, decays.Z, mean.Z);
            var w = Lane.Of(update, gradient.W, first.W, second.W, parameter.W, decays.W, mean.W);

            SlabPacks.Store(gradients, at, count, default);
            SlabPacks.Store(moment1, at, count, new Float4 { X = x.Moment1, Y = y.Moment1, Z = z.Moment1, W = w.Moment1 });
            SlabPacks.Store(moment2, at, count, new Float4 { X = x.Moment2, Y = y.Moment2, Z = z.Moment2, W = w.Moment2 });
            SlabPacks.Store(parameters, at, count, new Float4 { X = x.Parameter, Y = y.Parameter, Z = z.Parameter, W = w.Parameter });
            if (average.Length != 0)
            {
                SlabPacks.Store(average, at, count, new Float4 { X = x.Average, Y = y.Average, Z = z.Average, W = w.Average });
            }
        }
    }

    /// <summary>One parameter after the update.</summary>
    private struct Lane
    {
        public float Moment1;
        public float Moment2;
        public float Parameter;
        public float Average;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Lane Of(
            AdamWUpdate<GpuReal> update, float gradient, float moment1, float moment2, float parameter, float decays, float average)
        {
            var scaled = update.Gradient(GpuReal.Broadcast(gradient));
            var first = update.Moment1(GpuReal.Broadcast(moment1), scaled);
            var second = update.Moment2(GpuReal.Broadcast(moment2), scaled);
            var next = update.Parameter(GpuReal.Broadcast(parameter), GpuReal.Broadcast(decays), first, second);
            return new Lane
            {
                Moment1 = first.Value,
                Moment2 = second.Value,
                Parameter = next.Value,
                Average = update.Average(GpuReal.Broadcast(average), next).Value,
            };
        }
    }
}
