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

    private static void Kernel(Operands x, int batch, int elements)
    {
        for (var sample = Grid.IdxY; sample < batch; sample += Grid.DimY)
        {
            var first = (long)sample * elements;
            var alpha = GpuReal.Broadcast(x.Alpha[sample]);
            var sigma = GpuReal.Broadcast(x.Sigma[sample]);
            for (var i = GridStride.First; i < elements; i += GridStride.Step)
            {
                var clean = GpuReal.Broadcast(x.Clean[first + i]);
                var noise = GpuReal.Broadcast(x.Noise[first + i]);
                x.Noised[first + i] = NoisingFormula.Noised(clean, noise, alpha, sigma).Value;
                if (x.Velocity.Length != 0)
                {
                    x.Velocity[first + i] = NoisingFormula.Velocity(clean, noise, alpha, sigma).Value;
                }
            }
        }
    }

    private readonly record struct Operands(
        ArrayView<float> Clean, ArrayView<float> Noise, ArrayView<float> Alpha, ArrayView<float> Sigma,
        ArrayView<float> Noised, ArrayView<float> Velocity);
}
