using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>
/// The squares of short blocks are summed in vectors, blocks and chunks in double precision and in their order: the error
/// does not grow with the size of the model. A block whose squares do not fit a float is summed again in doubles.
/// Limits: none. Bytes: 4 Count. FLOPs: 2 Count.
/// </summary>
internal sealed unsafe class NormHostV1Simd : HostVariant<NormCall>
{
    /// <summary>Elements summed in single precision: few roundings per lane.</summary>
    internal const int Block = 256;

    /// <summary>2^-100: squares that vanish beside such a sum are less than a rounding of it.</summary>
    private const float MinSum = 7.88860905e-31f;

    public override string Name => "host-v1-simd";

    public override string Idea => "vectors over blocks of 256, doubles over blocks and chunks, in order";

    protected override void Run<V>(HostDevice device, in NormCall call)
    {
        var chunks = HostElementwise.Chunks(call.Count);
        using var partial = device.Scratch<double>(chunks);
        var job = new Job<V>
        {
            Count = call.Count,
            X = (float*)call.X.Address,
            Partial = (double*)partial.Slice.Address,
        };
        device.Workers.For(chunks, ref job);
        var sum = 0.0;
        for (var chunk = 0; chunk < chunks; chunk++)
        {
            sum += job.Partial[chunk];
        }

        *(float*)call.Result.Address = (float)Math.Sqrt(sum);
    }

    private struct Job<V> : IParallelJob where V : struct, ISimd<V>
    {
        public long Count;
        public float* X;
        public double* Partial;

        public readonly void Execute(int index)
        {
            var start = (long)index * HostElementwise.Chunk;
            var end = Math.Min(Count, start + HostElementwise.Chunk);
            var sum = 0.0;
            for (var block = start; block < end; block += Block)
            {
                var step = new Step<V> { X = X };
                var last = Math.Min(end, block + Block);
                HostElementwise.Range<V, Step<V>>(ref step, block, last);
                var squares = V.Sum(step.Squares);
                sum += squares >= MinSum && float.IsFinite(squares) ? squares : InDoubles(block, last);
            }

            Partial[index] = sum;
        }

        private readonly double InDoubles(long start, long end)
        {
            var sum = 0.0;
            for (var i = start; i < end; i++)
            {
                sum += (double)X[i] * X[i];
            }

            return sum;
        }
    }

    private struct Step<V> : IElementStep<V> where V : struct, ISimd<V>
    {
        public float* X;
        public V Squares;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Apply<L>(long at, int count) where L : struct, ILanes<V>
        {
            var x = L.Load(X + at, count);
            Squares = V.Fma(x, x, Squares);
        }
    }
}
