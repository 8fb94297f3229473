namespace DPT.Engine.Kernels;

/// <summary>
/// Words for a run of elements are made four counters at a time on the stack, then turned into numbers: uniform ones
/// by one multiplication, normal ones by Box-Muller in vectors. Limits: none. Scratch: none.
/// </summary>
internal sealed unsafe class RandomFillHostV1Simd : HostVariant<RandomCall>
{
    private const int ElementsPerPiece = 4096;
    private const int ElementsPerRun = 256;

    public override string Name => "host-v1-simd";

    public override string Idea => "four Philox counters in 64-bit lanes, Box-Muller in vectors, all from the stack";

    protected override void Run<V>(HostDevice device, in RandomCall call)
    {
        var pieces = (call.Elements + ElementsPerPiece - 1) / ElementsPerPiece;
        var job = new Job<V> { Call = call, PiecesPerSample = pieces };
        device.Workers.For(checked(call.Samples * pieces), ref job);
    }

    private struct Job<V> : IParallelJob where V : struct, ISimd<V>
    {
        public RandomCall Call;
        public int PiecesPerSample;

        public readonly void Execute(int index)
        {
            var (sample, piece) = Math.DivRem(index, PiecesPerSample);
            var output = (float*)Call.Output.Address + ((long)sample * Call.Elements);
            var words = stackalloc uint[ElementsPerRun];
            var end = Math.Min(Call.Elements, (piece + 1L) * ElementsPerPiece);
            for (var i = (long)piece * ElementsPerPiece; i < end; i += ElementsPerRun)
            {
                var count = (int)Math.Min(ElementsPerRun, end - i);
                PhiloxVectors.Fill(
                    Call.Seed, Call.Stream, Call.FirstSample + sample, (uint)(i / 4), (count + 15) / 16 * 4, words);
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
            const int Pairs = ElementsPerRun / 2;
            var first = stackalloc float[Pairs];
            var second = stackalloc float[Pairs];
            var pairs = (count + 1) / 2;
            for (var j = 0; j < pairs; j++)
            {
                first[j] = Philox.PositiveUniform(words[2 * j]);
                second[j] = Philox.Uniform(words[(2 * j) + 1]);
            }

            // The run is a multiple of every vector: lanes beyond the last pair are computed and not used.
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
