using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// One pass over the batch: samples along y of the grid, so that no thread divides to find its sample's factors.
/// Threads: 256 in a block, neighbours on neighbouring elements (coalesced), grid strides. Limits: none.
/// Bytes: 12 Batch Elements, 16 with the velocity. FLOPs: 3 or 6 Batch Elements.
/// </summary>
internal sealed class NoisingV1Elements : GpuVariant<NoisingCall>
{
    private static readonly GpuKernel AddNoise = new(Kernel, GridStride.Threads);

    public override string Name => "v1-elements";

    public override string Idea => "noised sample and velocity in one pass, a thread per element";

    public override IReadOnlyList<GpuKernel> Kernels { get; } = [AddNoise];

    protected override void Run(GpuDevice device, in NoisingCall call) =>
        device.Prepare(AddNoise)
            .With(call.Clean).With(call.Noise).With(call.Alpha).With(call.Sigma)
            .With(call.Noised).With(call.Velocity)
            .With(call.Batch).With(call.Elements)
            .On(GridStride.Over(call.Batch, call.Elements));

    private static void Kernel(
        ArrayView<float> clean, ArrayView<float> noise, ArrayView<float> alpha, ArrayView<float> sigma,
        ArrayView<float> noised, ArrayView<float> velocity, int batch, int elements)
    {
        for (var sample = Grid.IdxY; sample < batch; sample += Grid.DimY)
        {
            var first = (long)sample * elements;
            var a = GpuReal.Broadcast(alpha[sample]);
            var s = GpuReal.Broadcast(sigma[sample]);
            for (var i = GridStride.First; i < elements; i += GridStride.Step)
            {
                var x = GpuReal.Broadcast(clean[first + i]);
                var e = GpuReal.Broadcast(noise[first + i]);
                noised[first + i] = NoisingFormula.Noised(x, e, a, s).Value;
                if (velocity.Length != 0)
                {
                    velocity[first + i] = NoisingFormula.Velocity(x, e, a, s).Value;
                }
            }
        }
    }
}
