using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>
/// The uniform numbers of a block of elements are made four counters at a time on the stack, where they are compared and used up: no
/// mask is kept. Limits: none. Scratch: none. Bytes: 8 Samples Elements. FLOPs: 2 Samples Elements; 100 integer operations per four.
/// </summary>
internal sealed unsafe class DropoutHostV1Simd : HostVariant<DropoutCall>
{
    private const int ElementsPerChunk = 4096;
    private const int ElementsPerBlock = 256;

    public override string Name => "host-v1-simd";

    public override string Idea => "uniform numbers of a block on the stack, compared and multiplied in vectors; no mask is kept";

    protected override void Run<V>(HostDevice device, in DropoutCall call)
    {
        var chunks = (call.Elements + ElementsPerChunk - 1) / ElementsPerChunk;
        var job = new Job<V> { Call = call, Address = DrawAddress.Read(call.Draw), ChunksPerSample = chunks };
        device.Workers.For(checked(call.Samples * chunks), ref job);
    }

    private struct Job<V> : IParallelJob where V : struct, ISimd<V>
    {
        public DropoutCall Call;
        public DrawAddress Address;
        public int ChunksPerSample;

        public readonly void Execute(int index)
        {
            var (sample, chunk) = Math.DivRem(index, ChunksPerSample);
            var first = (long)sample * Call.Elements;
            var words = stackalloc uint[ElementsPerBlock];
            var uniforms = stackalloc float[ElementsPerBlock];
            var end = Math.Min(Call.Elements, (chunk + 1L) * ElementsPerChunk);
            for (var i = (long)chunk * ElementsPerChunk; i < end; i += ElementsPerBlock)
            {
                var count = (int)Math.Min(ElementsPerBlock, end - i);
                PhiloxVectors.Fill(
                    Address.Seed, Call.Stream, Address.FirstSample + sample, (uint)(i / 4), (count + 15) / 16 * 4, words);
                for (var j = 0; j < count; j++)
                {
                    uniforms[j] = Philox.Uniform(words[j]);
                }

                var step = new Step<V>
                {
                    X = (float*)Call.X.Address + first + i,
                    Y = (float*)Call.Y.Address + first + i,
                    Uniforms = uniforms,
                    Rate = V.Broadcast(Call.Rate),
                    Scale = V.Broadcast(Call.Scale),
                };
                HostElementwise.Range<V, Step<V>>(ref step, 0, count);
            }
        }
    }

    private struct Step<V> : IElementStep<V> where V : struct, ISimd<V>
    {
        public float* X;
        public float* Y;
        public float* Uniforms;
        public V Rate;
        public V Scale;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Apply<L>(long at, int count) where L : struct, ILanes<V> =>
            L.Store(Y + at, DropoutFormula.Dropped(L.Load(X + at, count), L.Load(Uniforms + at, count), Rate, Scale), count);
    }
}
