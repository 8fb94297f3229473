using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// A block owns a sample: four passes count the digits of its magnitudes in shared memory, where every warp then finds for itself which
/// digit the rank is among; a fifth finds the next larger magnitude, and a last one clamps. Integers: the order of the atomics does not
/// matter. A thread reads and writes elements that are its own in all passes.
/// Threads: 256 in a block, neighbours on neighbouring elements (coalesced). Limits: none; magnitudes that begin alike wait for each other
/// at the same count. Shared memory: 4104 bytes. Bytes: 8 Samples Elements, and five times half of it from the caches.
/// FLOPs: 3 Samples Elements, all else is in integers.
/// </summary>
internal sealed class SolverThresholdV1Radix : GpuVariant<SolverThresholdCall>
{
    private const int DigitsOfLane = MagnitudeOrder.Digits / WarpReduce.Lanes;

    private static readonly GpuKernel Clamp = new(Kernel, threads: MagnitudeOrder.Digits);

    public override string Name => "v1-radix";

    public override string Idea => "a block per sample: the quantile digit by digit, by counting in shared memory";

    public override IReadOnlyList<GpuKernel> Kernels { get; } = [Clamp];

    protected override void Run(GpuDevice device, in SolverThresholdCall call) =>
        device.Prepare(Clamp)
            .With(call.Values).With(call.Elements).With(call.Rank).With(call.Weight).With(call.Range)
            .On(new GridSize(call.Samples));

    private static void Kernel(ArrayView<float> values, int elements, int rank, float weight, float range)
    {
        var first = (long)Grid.IdxX * elements;
        var counts = SharedMemory.Allocate<int>(MagnitudeOrder.Places * MagnitudeOrder.Digits);
        var next = SharedMemory.Allocate<uint>(1);
        var largest = SharedMemory.Allocate<uint>(1);
        for (var i = Group.IdxX; i < MagnitudeOrder.Places * MagnitudeOrder.Digits; i += Group.DimX)
        {
            counts[i] = 0;
        }

        if (Group.IdxX == 0)
        {
            next[0] = uint.MaxValue;
            largest[0] = 0;
        }

        Group.Barrier();
        var place = new Place { Rank = rank };
        for (var i = 0; i < MagnitudeOrder.Places; i++)
        {
            place = place.Next(values, first, elements, counts, i);
        }

        FindEnds(values, first, elements, place.Found, next, largest);
        Group.Barrier();
        var isAlone = place.Rank + 1 >= place.Equal;
        var above = Scalar.IsLess(0f, weight) && isAlone ? next[0] : place.Found;
        var limit = MagnitudeOrder.Limit(place.Found, above, largest[0], weight, range);
        for (var i = Group.IdxX; i < elements; i += Group.DimX)
        {
            var x = values[first + i];
            var clamped = Scalar.IsLess(limit, x) ? limit : Scalar.IsLess(x, -limit) ? -limit : x;
            values[first + i] = clamped / (limit / range);
        }
    }

    /// <summary>The smallest key above the found one, and the largest of all.</summary>
    private static void FindEnds(
        ArrayView<float> values, long first, int elements, uint found, ArrayView<uint> next, ArrayView<uint> largest)
    {
        var above = uint.MaxValue;
        var most = 0u;
        for (var i = Group.IdxX; i < elements; i += Group.DimX)
        {
            var key = MagnitudeOrder.KeyOf(values[first + i]);
            above = key > found && key < above ? key : above;
            most = key > most ? key : most;
        }

        Atomic.Min(ref next[0], above);
        Atomic.Max(ref largest[0], most);
    }

    /// <summary>What is known of the key of a rank.</summary>
    private struct Place
    {
        /// <summary>Its digits that are found, and 0 in the places of others.</summary>
        public uint Found;

        /// <summary>Its rank among the keys that have them.</summary>
        public int Rank;

        /// <summary>The number of these keys.</summary>
        public int Equal;

        /// <summary>With one more digit. All threads call it.</summary>
        public readonly Place Next(ArrayView<float> values, long first, int elements, ArrayView<int> counts, int place)
        {
            var from = place * MagnitudeOrder.Digits;
            for (var i = Group.IdxX; i < elements; i += Group.DimX)
            {
                var digit = MagnitudeOrder.DigitAt(place, MagnitudeOrder.KeyOf(values[first + i]), Found);
                if (digit < MagnitudeOrder.Digits)
                {
                    Atomic.Add(ref counts[from + (int)digit], 1);
                }
            }

            Group.Barrier();
            var own = SumOf(counts, from + (WarpReduce.Lane * DigitsOfLane));
            var upToOwn = SumUpToOwn(own);
            var lane = WarpReduce.Reduce<int, Int32Sum>(upToOwn <= Rank ? 1 : 0);
            var rank = Rank - Warp.Shuffle(upToOwn - own, lane);
            var found = lane * DigitsOfLane;
            while (rank >= counts[from + found])
            {
                rank -= counts[from + found];
                found++;
            }

            return new Place
            {
                Found = Found | ((uint)found << MagnitudeOrder.Shift(place)),
                Rank = rank,
                Equal = counts[from + found],
            };
        }

        private static int SumOf(ArrayView<int> counts, int from)
        {
            var sum = 0;
            for (var i = 0; i < DigitsOfLane; i++)
            {
                sum += counts[from + i];
            }

            return sum;
        }

        /// <summary>Sum of the values of the lanes from the first to the calling one.</summary>
        private static int SumUpToOwn(int value)
        {
            for (var distance = 1; distance < WarpReduce.Lanes; distance *= 2)
            {
                var other = Warp.ShuffleUp(value, distance);
                value += WarpReduce.Lane >= distance ? other : 0;
            }

            return value;
        }
    }
}
