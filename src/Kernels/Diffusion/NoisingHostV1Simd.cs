using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>
/// One pass over the batch as a flat array, in fixed chunks that may begin and end inside a sample. Limits: none.
/// Bytes: 12 Batch Elements, 16 with the velocity. FLOPs: 3 or 6 Batch Elements.
/// </summary>
internal sealed unsafe class NoisingHostV1Simd : HostVariant<NoisingCall>
{
    public override string Name => "host-v1-simd";

    public override string Idea => "noised sample and velocity in one pass, in fixed chunks across samples";

    protected override void Run<V>(HostDevice device, in NoisingCall call)
    {
        var job = new Job<V>
        {
            Elements = call.Elements,
            Count = (long)call.Batch * call.Elements,
            Alpha = (float*)call.Alpha.Address,
            Sigma = (float*)call.Sigma.Address,
            Operands = new Step<V>
            {
                Clean = (float*)call.Clean.Address,
                Noise = (float*)call.Noise.Address,
                Noised = (float*)call.Noised.Address,
                Velocity = (float*)call.Velocity.Address,
            },
        };
        device.Workers.For(HostElementwise.Chunks(job.Count), ref job);
    }

    private struct Job<V> : IParallelJob where V : struct, ISimd<V>
    {
        public int Elements;
        public long Count;
        public float* Alpha;
        public float* Sigma;
        public Step<V> Operands;

        public readonly void Execute(int index)
        {
            var at = (long)index * HostElementwise.Chunk;
            var end = Math.Min(Count, at + HostElementwise.Chunk);
            var step = Operands;
            while (at < end)
            {
                var sample = at / Elements;
                var stop = Math.Min(end, (sample + 1) * Elements);
                step.Alpha = V.Broadcast(Alpha[sample]);
                step.Sigma = V.Broadcast(Sigma[sample]);
                HostElementwise.Range<V, Step<V>>(ref step, at, stop);
                at = stop;
            }
        }
    }

    private struct Step<V> : IElementStep<V> where V : struct, ISimd<V>
    {
        public float* Clean;
        public float* Noise;
        public float* Noised;
        public float* Velocity;
        public V Alpha;
        public V Sigma;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Apply<L>(long at, int count) where L : struct, ILanes<V>
        {
            var clean = L.Load(Clean + at, count);
            var noise = L.Load(Noise + at, count);
            L.Store(Noised + at, NoisingFormula.Noised(clean, noise, Alpha, Sigma), count);
            if (Velocity != null)
            {
                L.Store(Velocity + at, NoisingFormula.Velocity(clean, noise, Alpha, Sigma), count);
            }
        }
    }
}
