using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// One pass over all parameters: decay, both moments, the update, the moving average and the clearing of the gradient, with
/// the host's formulas and bits.
/// Threads: 256 in a block, neighbours on neighbouring parameters (coalesced), grid strides. Limits: none.
/// Bytes: 32 Count, 40 with the average. FLOPs: 16 to 19 Count.
/// </summary>
internal sealed class AdamWV1Elements : GpuVariant<AdamWCall>
{
    private static readonly GpuKernel Update = new(Kernel, GridStride.Threads);

    public override string Name => "v1-elements";

    public override string Idea => "everything an update does in one pass over all parameters, a thread per parameter";

    public override IReadOnlyList<GpuKernel> Kernels { get; } = [Update];

    protected override void Run(GpuDevice device, in AdamWCall call)
    {
        var launch = device.Prepare(Update);
        WithCall(ref launch, in call).On(GridStride.Over(call.Count));
    }

    /// <summary>The parameters that the kernels of all variants have.</summary>
    public static ref KernelLaunch WithCall(ref KernelLaunch launch, in AdamWCall call)
    {
        var f = AdamWFactors.Of(in call, scale: 1);
        return ref launch
            .With(call.Parameters).With(call.Gradients).With(call.Moment1).With(call.Moment2)
            .With(call.Average).With(call.DecayMask).With(call.GradientScale).With(call.Count)
            .With(f.Decay).With(f.Beta1).With(f.Rest1).With(f.Beta2).With(f.Rest2)
            .With(f.Rate).With(f.Root).With(f.Epsilon).With(f.Keep).With(f.Renew);
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

        var update = new AdamWUpdate<GpuReal>(new AdamWFactors(
            scale, decay, beta1, rest1, beta2, rest2, rate, root, epsilon, keep, renew));
        for (var i = GridStride.First; i < count; i += GridStride.Step)
        {
            var gradient = update.Gradient(GpuReal.Broadcast(gradients[i]));
            gradients[i] = 0;
            var first = update.Moment1(GpuReal.Broadcast(moment1[i]), gradient);
            moment1[i] = first.Value;
            var second = update.Moment2(GpuReal.Broadcast(moment2[i]), gradient);
            moment2[i] = second.Value;

            var decays = mask.Length == 0 ? 1f : mask[i];
            var parameter = update.Parameter(
                GpuReal.Broadcast(parameters[i]), GpuReal.Broadcast(decays), first, second);
            parameters[i] = parameter.Value;
            if (average.Length != 0)
            {
                average[i] = update.Average(GpuReal.Broadcast(average[i]), parameter).Value;
            }
        }
    }
}
