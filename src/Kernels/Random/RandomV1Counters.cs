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
        new(Uniform, GridStride.Threads);

    private static readonly GpuKernel NormalNumbers =
        new(Normal, GridStride.Threads);

    public override string Name => "v1-counters";

    public override string Idea => "a thread per Philox counter, Box-Muller with the host's polynomials";

    public override IReadOnlyList<GpuKernel> Kernels { get; } = [UniformNumbers, NormalNumbers];

    protected override void Run(GpuDevice device, in RandomCall call) =>
        device.Prepare(call.Distribution == RandomDistribution.Normal ? NormalNumbers : UniformNumbers)
            .With(call.Output).With(call.Samples).With(call.Elements)
            .With((long)call.Seed).With((int)call.Stream).With(call.FirstSample)
            .With(GlobalMemory.HasAlignedRows(call.Output, call.Elements) ? 1 : 0)
            .On(GridStride.Over(call.Samples, (call.Elements + 3L) / 4));

    private static void Uniform(
        ArrayView<float> output, int samples, int elements, long seed, int stream, long firstSample,
        int isAligned)
    {
        for (var sample = Grid.IdxY; sample < samples; sample += Grid.DimY)
        {
            for (var counter = GridStride.First; 4 * counter < elements; counter += GridStride.Step)
            {
                var words = Philox.Block((ulong)seed, (uint)stream, firstSample + sample, (uint)counter);
                var four = new Float4
                {
                    X = Philox.Uniform(words.W0),
                    Y = Philox.Uniform(words.W1),
                    Z = Philox.Uniform(words.W2),
                    W = Philox.Uniform(words.W3),
                };
                Write(output, ((long)sample * elements) + (4 * counter), elements - (4 * counter), four, isAligned);
            }
        }
    }

    private static void Normal(
        ArrayView<float> output, int samples, int elements, long seed, int stream, long firstSample,
        int isAligned)
    {
        for (var sample = Grid.IdxY; sample < samples; sample += Grid.DimY)
        {
            for (var counter = GridStride.First; 4 * counter < elements; counter += GridStride.Step)
            {
                var words = Philox.Block((ulong)seed, (uint)stream, firstSample + sample, (uint)counter);
                var four = default(Float4);
                Pair(words.W0, words.W1, out four.X, out four.Y);
                Pair(words.W2, words.W3, out four.Z, out four.W);
                Write(output, ((long)sample * elements) + (4 * counter), elements - (4 * counter), four, isAligned);
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

    /// <summary>Four numbers in one instruction where rows are aligned; else those that the sample has room for.</summary>
    private static void Write(ArrayView<float> output, long at, long room, Float4 four, int isAligned)
    {
        if (isAligned != 0)
        {
            GlobalMemory.Store4(ref output[at], four);
            return;
        }

        output[at] = four.X;
        if (room > 1)
        {
            output[at + 1] = four.Y;
        }

        if (room > 2)
        {
            output[at + 2] = four.Z;
        }

        if (room > 3)
        {
            output[at + 3] = four.W;
        }
    }
}
