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
    private static readonly GpuKernel UniformNumbers = new(Kernel<Uniform>, GridStride.Threads) { Unroll = Philox.Rounds };
    private static readonly GpuKernel NormalNumbers = new(Kernel<Normal>, GridStride.Threads) { Unroll = Philox.Rounds };

    public override string Name => "v1-counters";

    public override string Idea => "a thread per Philox counter, Box-Muller with the host's polynomials";

    public override IReadOnlyList<GpuKernel> Kernels { get; } = [UniformNumbers, NormalNumbers];

    protected override void Run(GpuDevice device, in RandomCall call) =>
        device.Prepare(call.Distribution == RandomDistribution.Normal ? NormalNumbers : UniformNumbers)
            .With(call.Output)
            .With((long)call.Seed).With((int)call.Stream).With(call.FirstSample)
            .With(call.Samples).With(call.Elements)
            .With(GlobalMemory.HasAlignedRows(call.Output, call.Elements) ? 1 : 0)
            .On(GridStride.Over(call.Samples, (call.Elements + 3L) / 4));

    private static void Kernel<T>(ArrayView<float> output, Counters counters, int samples, int elements, int isAligned)
        where T : struct, IDistribution
    {
        for (var sample = Grid.IdxY; sample < samples; sample += Grid.DimY)
        {
            for (var counter = GridStride.First; 4 * counter < elements; counter += GridStride.Step)
            {
                var words = Philox.Block(counters.Seed, counters.Stream, counters.FirstSample + sample, (uint)counter);
                var at = 4 * (int)counter;
                GlobalMemory.StoreUpTo4(output, ((long)sample * elements) + at, elements - at, isAligned != 0, T.Of(words));
            }
        }
    }

    /// <summary>What of a counter is the same for the whole launch, but for the sample.</summary>
    private readonly record struct Counters(ulong Seed, uint Stream, long FirstSample);

    /// <summary>What becomes of the four words of a counter.</summary>
    private interface IDistribution
    {
        static abstract Float4 Of(PhiloxBlock words);
    }

    private readonly struct Uniform : IDistribution
    {
        public static Float4 Of(PhiloxBlock words) => Philox.Uniform(words);
    }

    private readonly struct Normal : IDistribution
    {
        public static Float4 Of(PhiloxBlock words)
        {
            var pack = default(Float4);
            Pair(words.W0, words.W1, out pack.X, out pack.Y);
            Pair(words.W2, words.W3, out pack.Z, out pack.W);
            return pack;
        }

        private static void Pair(uint first, uint second, out float cosine, out float sine)
        {
            BoxMuller.Transform(
                GpuReal.Broadcast(Philox.PositiveUniform(first)), GpuReal.Broadcast(Philox.Uniform(second)),
                out var left, out var right);
            cosine = left.Value;
            sine = right.Value;
        }
    }
}
