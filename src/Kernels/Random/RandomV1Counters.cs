using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// A thread turns one Philox counter into four numbers, with the bits of the host's vectors; samples lie along y of the
/// grid.
/// Threads: 256 in a block, neighbours on neighbouring groups of four elements, grid strides. Limits: none.
/// Bytes: 4 Samples Elements. FLOPs: 30 per normal number; 100 integer operations per counter.
/// </summary>
internal sealed class RandomV1Counters : GpuVariant<RandomCall>
{
    private static readonly GpuKernel UniformNumbers =
        new(typeof(RandomV1Counters), nameof(Uniform), GridStride.Threads);

    private static readonly GpuKernel NormalNumbers =
        new(typeof(RandomV1Counters), nameof(Normal), GridStride.Threads);

    public override string Name => "v1-counters";

    public override string Idea => "a thread per Philox counter, Box-Muller with the host's polynomials";

    public override IReadOnlyList<GpuKernel> Kernels { get; } = [UniformNumbers, NormalNumbers];

    protected override void Run(GpuDevice device, in RandomCall call) =>
        device.Prepare(call.Distribution == RandomDistribution.Normal ? NormalNumbers : UniformNumbers)
            .With(call.Output).With(call.Samples).With(call.Elements)
            .With((long)call.Seed).With((int)call.Stream).With(call.FirstSample)
            .On(GridStride.Over(call.Samples, (call.Elements + 3L) / 4));

    private static void Uniform(
        ArrayView<float> output, int samples, int elements, long seed, int stream, long firstSample)
    {
        for (var sample = Grid.IdxY; sample < samples; sample += Grid.DimY)
        {
            for (var counter = GridStride.First; 4 * counter < elements; counter += GridStride.Step)
            {
                var words = Philox.Block((ulong)seed, (uint)stream, firstSample + sample, (uint)counter);
                Write(
                    output, ((long)sample * elements) + (4 * counter), elements - (4 * counter),
                    Philox.Uniform(words.W0), Philox.Uniform(words.W1),
                    Philox.Uniform(words.W2), Philox.Uniform(words.W3));
            }
        }
    }

    private static void Normal(
        ArrayView<float> output, int samples, int elements, long seed, int stream, long firstSample)
    {
        for (var sample = Grid.IdxY; sample < samples; sample += Grid.DimY)
        {
            for (var counter = GridStride.First; 4 * counter < elements; counter += GridStride.Step)
            {
                var words = Philox.Block((ulong)seed, (uint)stream, firstSample + sample, (uint)counter);
                Pair(words.W0, words.W1, out var n0, out var n1);
                Pair(words.W2, words.W3, out var n2, out var n3);
                Write(
                    output, ((long)sample * elements) + (4 * counter), elements - (4 * counter), n0, n1, n2, n3);
            }
        }
    }

    private static void Pair(uint first, uint second, out float cosine, out float sine)
    {
        BoxMuller.Transform(
            GpuReal.Broadcast(Philox.PositiveUniform(first)), GpuReal.Broadcast(Philox.Uniform(second)),
            out var left, out var right);
        cosine = left.Value;
        sine = right.Value;
    }

    /// <summary>Four numbers, or as many as the sample still has room for.</summary>
    private static void Write(ArrayView<float> output, long at, long room, float n0, float n1, float n2, float n3)
    {
        output[at] = n0;
        if (room > 1)
        {
            output[at + 1] = n1;
        }

        if (room > 2)
        {
            output[at + 2] = n2;
        }

        if (room > 3)
        {
            output[at + 3] = n3;
        }
    }
}
