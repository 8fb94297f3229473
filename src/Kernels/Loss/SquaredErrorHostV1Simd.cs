using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>
/// A sample is read once: its squares are summed while the gradient is written. A sample of weight 0 is not read at
/// all, so whatever it holds stays out of the loss. Limits: none. Bytes: 12 Batch Elements. FLOPs: 4 Batch Elements.
/// </summary>
internal sealed unsafe class SquaredErrorHostV1Simd : HostVariant<SquaredErrorCall>
{
    public override string Name => "host-v1-simd";

    public override string Idea => "loss and gradient in one pass over each sample; masked samples are skipped";

    protected override void Run<V>(HostDevice device, in SquaredErrorCall call)
    {
        var samplesPerChunk = Math.Max(1, HostElementwise.Chunk / call.Elements);
        var job = new Job<V>
        {
            Batch = call.Batch,
            Elements = call.Elements,
            SamplesPerChunk = samplesPerChunk,
            Scale = call.Scale,
            Prediction = (float*)call.Prediction.Address,
            Target = (float*)call.Target.Address,
            Weights = (float*)call.SampleWeights.Address,
            Losses = (float*)call.Losses.Address,
            Gradient = (float*)call.PredictionGradient.Address,
        };
        device.Workers.For((int)(((long)call.Batch + samplesPerChunk - 1) / samplesPerChunk), ref job);
    }

    private struct Job<V> : IParallelJob where V : struct, ISimd<V>
    {
        public int Batch;
        public int Elements;
        public int SamplesPerChunk;
        public float Scale;
        public float* Prediction;
        public float* Target;
        public float* Weights;
        public float* Losses;
        public float* Gradient;

        public readonly void Execute(int index)
        {
            var start = (long)index * SamplesPerChunk;
            var end = Math.Min(Batch, start + SamplesPerChunk);
            for (var sample = start; sample < end; sample++)
            {
                Losses[sample] = Weights == null ? Weighted(sample, 1)
                    : Weights[sample] != 0 ? Weighted(sample, Weights[sample])
                    : Masked(sample);
            }
        }

        private readonly float Weighted(long sample, float weight)
        {
            var first = sample * Elements;
            var step = new Step<V>
            {
                Prediction = Prediction + first,
                Target = Target + first,
                Gradient = Gradient == null ? null : Gradient + first,
                Factor = V.Broadcast(2 * Scale * weight / Elements),
            };
            HostElementwise.Range<V, Step<V>>(ref step, 0, Elements);
            return weight * (V.Sum(step.Squares) / Elements);
        }

        private readonly float Masked(long sample)
        {
            if (Gradient != null)
            {
                new Span<float>(Gradient + (sample * Elements), Elements).Clear();
            }

            return 0;
        }
    }

    private struct Step<V> : IElementStep<V> where V : struct, ISimd<V>
    {
        public float* Prediction;
        public float* Target;
        public float* Gradient;
        public V Factor;
        public V Squares;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Apply<L>(long at, int count) where L : struct, ILanes<V>
        {
            var difference = L.Load(Prediction + at, count) - L.Load(Target + at, count);
            Squares = V.Fma(difference, difference, Squares);
            if (Gradient != null)
            {
                L.Store(Gradient + at, difference * Factor, count);
            }
        }
    }
}
