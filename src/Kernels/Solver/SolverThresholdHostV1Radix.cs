using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>
/// A thread owns a sample: four passes count the digits of its magnitudes, a fifth finds the next larger one, and a last one clamps.
/// Limits: none. Scratch: 1 KiB of the stack. Bytes: 8 Samples Elements, and five times half of it from the caches.
/// FLOPs: 3 Samples Elements, all else is in integers.
/// </summary>
internal sealed unsafe class SolverThresholdHostV1Radix : HostVariant<SolverThresholdCall>
{
    public override string Name => "host-v1-radix";

    public override string Idea => "a thread per sample: the quantile digit by digit, by counting";

    protected override void Run<V>(HostDevice device, in SolverThresholdCall call)
    {
        var job = new Job<V>
        {
            Elements = call.Elements,
            Rank = call.Rank,
            Weight = call.Weight,
            Range = call.Range,
            Values = (float*)call.Values.Address,
        };
        device.Workers.For(call.Samples, ref job);
    }

    private struct Job<V> : IParallelJob where V : struct, ISimd<V>
    {
        public int Elements;
        public int Rank;
        public float Weight;
        public float Range;
        public float* Values;

        public readonly void Execute(int index)
        {
            var sample = Values + ((long)index * Elements);
            HostBounds.Check(sample, Elements);
            var limit = Limit(new ReadOnlySpan<float>(sample, Elements));
            var clamp = new Clamp<V>
            {
                Values = sample,
                Most = V.Broadcast(limit),
                Least = V.Broadcast(-limit),
                Scale = V.Broadcast(limit / Range),
            };
            HostElementwise.Range<V, Clamp<V>>(ref clamp, 0, Elements);
        }

        private readonly float Limit(ReadOnlySpan<float> sample)
        {
            Span<int> counts = stackalloc int[MagnitudeOrder.Digits];
            var (found, rank, equal) = (0u, Rank, 0);
            for (var place = 0; place < MagnitudeOrder.Places; place++)
            {
                Count(sample, place, found, counts);
                var digit = 0;
                for (; rank >= counts[digit]; digit++)
                {
                    rank -= counts[digit];
                }

                found |= (uint)digit << MagnitudeOrder.Shift(place);
                equal = counts[digit];
            }

            var (next, largest) = (uint.MaxValue, 0u);
            foreach (var x in sample)
            {
                var key = MagnitudeOrder.KeyOf(x);
                next = key > found ? Math.Min(next, key) : next;
                largest = Math.Max(largest, key);
            }

            var isAlone = rank + 1 >= equal;
            return MagnitudeOrder.Limit(found, Weight > 0 && isAlone ? next : found, largest, Weight, Range);
        }

        /// <summary>How often each digit occurs behind the digits that are found.</summary>
        private static void Count(ReadOnlySpan<float> sample, int place, uint found, Span<int> counts)
        {
            counts.Clear();
            foreach (var x in sample)
            {
                var digit = MagnitudeOrder.DigitAt(place, MagnitudeOrder.KeyOf(x), found);
                if (digit < MagnitudeOrder.Digits)
                {
                    counts[(int)digit]++;
                }
            }
        }
    }

    private struct Clamp<V> : IElementStep<V> where V : struct, ISimd<V>
    {
        public float* Values;
        public V Most;
        public V Least;
        public V Scale;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Apply<L>(long at, int count) where L : struct, ILanes<V> =>
            L.Store(Values + at, V.Max(Least, V.Min(Most, L.Load(Values + at, count))) / Scale, count);
    }
}
