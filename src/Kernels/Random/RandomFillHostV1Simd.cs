namespace DPT.Engine.Kernels;

/// <summary>
/// Words for a block of elements are made four counters at a time on the stack, then turned into numbers: uniform ones
/// by one multiplication, normal ones by Box-Muller in vectors. Limits: none. Scratch: none.
/// </summary>
internal sealed unsafe class RandomFillHostV1Simd : HostVariant<RandomCall>
{
    private const int ElementsPerChunk = 4096;
    private const int ElementsPerBlock = 256;

    public override string Name => "host-v1-simd";

    public override string Idea => "four Philox counters in 64-bit lanes, Box-Muller in vectors, all from the stack";

    protected override void Run<V>(HostDevice device, in RandomCall call)
    {
        var chunks = (call.Elements + ElementsPerChunk - 1) / ElementsPerChunk;
        var job = new Job<V> { Call = call, ChunksPerSample = chunks };
        device.Workers.For(checked(call.Samples * chunks), ref job);
    }

    private struct Job<V> : IParallelJob where V : struct, ISimd<V>
    {
        public RandomCall Call;
        public int ChunksPerSample;

        public readonly void Execute(int index)
        {
            var (sample, chunk) = Math.DivRem(index, ChunksPerSample);
            var output = (float*)Call.Output.Address + ((long)sample * Call.Elements);
            var words = stackalloc uint[ElementsPerBlock];
            var end = Math.Min(Call.Elements, (chunk + 1L) * ElementsPerChunk);
            for (var i = (long)chunk * ElementsPerChunk; i < end; i += ElementsPerBlock)
            {
                var count = (int)Math.Min(ElementsPerBlock, end - i);
                PhiloxVectors.Fill(
                    Call.Seed, Call.Stream, Call.FirstSample + sample, (uint)(i / 4), (count + 15) / 16 * 4, words);
                HostBounds.Check(output + i, count);
                if (Call.Distribution == RandomDistribution.Normal)
                {
                    WriteNormals(words, count, output + i);
                }
                else
                {
                    WriteUniforms(words, count, output + i);
                }
            }
        }

        private static void WriteUniforms(uint* words, int count, float* output)
        {
            for (var i = 0; i < count; i++)
            {
                output[i] = Philox.Uniform(words[i]);
            }
        }

        private static void WriteNormals(uint* words, int count, float* output)
        {
            const int Pairs = ElementsPerBlock / 2;
            var first = stackalloc float[Pairs];
            var second = stackalloc float[Pairs];
            var pairs = (count + 1) / 2;
            for (var j = 0; j < pairs; j++)
            {
                first[j] = Philox.PositiveUniform(words[2 * j]);
                second[j] = Philox.Uniform(words[(2 * j) + 1]);
            }

            // The block is a multiple of every vector: lanes beyond the last pair are computed and not used.
            for (var j = 0; j < pairs; j += V.Count)
            {
                BoxMuller.Transform(V.Load(first + j), V.Load(second + j), out var left, out var right);
                V.Store(first + j, left);
                V.Store(second + j, right);
            }

            for (var i = 0; i < count; i++)
            {
                output[i] = (i & 1) == 0 ? first[i / 2] : second[i / 2];
            }
        }
    }
}
