using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>
/// Short blocks are summed in vectors, blocks and chunks in double precision and in their order: the error does not
/// grow with the size of the model. Limits: squares must fit a float. Bytes: 4 Count. FLOPs: 2 Count.
/// </summary>
internal sealed unsafe class SumOfSquaresHostV1Simd : HostVariant<SumOfSquaresCall>
{
    /// <summary>Elements summed in single precision: few roundings per lane.</summary>
    internal const int Block = 256;

    public override string Name => "host-v1-simd";

    public override string Idea => "vectors over blocks of 256, doubles over blocks and chunks, in order";

    protected override void Run<V>(HostDevice device, in SumOfSquaresCall call)
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

        *(float*)call.Result.Address = (float)sum;
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
                HostElementwise.Range<V, Step<V>>(ref step, block, Math.Min(end, block + Block));
                sum += V.Sum(step.Squares);
            }

            Partial[index] = sum;
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
