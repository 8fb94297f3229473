using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// One pass over all parameters: penalty, momentum, the update, the moving average and the clearing of the gradient, with the
/// host's formulas and bits.
/// Threads: 256 in a block, neighbours on neighbouring parameters (coalesced), grid strides. Limits: none.
/// Bytes: 24 Count, 32 with the average. FLOPs: 8 to 11 Count.
/// </summary>
internal sealed class SgdV1Elements : GpuVariant<SgdCall>
{
    private static readonly GpuKernel Update = new(Kernel, GridStride.Threads);

    public override string Name => "v1-elements";

    public override string Idea => "everything an update does in one pass over all parameters, a thread per parameter";

    public override IReadOnlyList<GpuKernel> Kernels { get; } = [Update];

    protected override void Run(GpuDevice device, in SgdCall call)
    {
        var f = SgdFactors.Of(in call, scale: 1);
        device.Prepare(Update)
            .With(call.Parameters).With(call.Gradients).With(call.Velocity)
            .With(call.Average).With(call.DecayMask).With(call.GradientScale).With(call.Count)
            .With(f.Decay).With(f.Momentum).With(f.Rate).With(f.Keep).With(f.Renew)
            .With(call.Nesterov ? 1 : 0)
            .On(GridStride.Over(call.Count));
    }

    private static void Kernel(
        ArrayView<float> parameters, ArrayView<float> gradients, ArrayView<float> velocity,
        ArrayView<float> average, ArrayView<float> mask, ArrayView<float> factor, long count,
        float decay, float momentum, float rate, float keep, float renew, int nesterov)
    {
        var scale = factor.Length == 0 ? 1f : factor[0];
        if (!Finite.Is(scale))
        {
            GridStride.Clear(gradients, count);
            return;
        }

        var update = new SgdUpdate<GpuReal>(new SgdFactors(scale, decay, momentum, rate, keep, renew));
        for (var i = GridStride.First; i < count; i += GridStride.Step)
        {
            var old = GpuReal.Broadcast(parameters[i]);
            var decays = mask.Length == 0 ? 1f : mask[i];
            var gradient = update.Gradient(GpuReal.Broadcast(gradients[i]), old, GpuReal.Broadcast(decays));
            gradients[i] = 0;
            var speed = update.Velocity(GpuReal.Broadcast(velocity[i]), gradient);
            velocity[i] = speed.Value;

            var parameter = update.Parameter(old, nesterov != 0 ? update.LookAhead(speed, gradient) : speed);
            parameters[i] = parameter.Value;
            if (average.Length != 0)
            {
                average[i] = update.Average(GpuReal.Broadcast(average[i]), parameter).Value;
            }
        }
    }
}
