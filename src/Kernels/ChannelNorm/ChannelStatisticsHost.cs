using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>
/// Mean and biased variance of each image's groups of channels, in one reading from memory: every chunk of pixels goes through
/// eight at a time, from the first-level cache twice, and joins what it knows of each channel (<see cref="ChannelMoments{V}"/>). Numbers
/// are distances from the image's first pixel, so equal ones have exactly their value as the mean. The chunks of a group are joined in
/// their order, in doubles.
/// </summary>
internal static unsafe class ChannelStatisticsHost
{
    private const int PixelsAtOnce = 8;

    public static void Run<V>(HostDevice device, ChannelNormShape shape, Slice<float> x, Slice<float> mean, Slice<float> variance)
        where V : struct, ISimd<V>
    {
        var cut = new RowPartition(shape.Pixels);
        using var partial = device.Scratch<float>(2L * shape.Images * cut.Chunks * shape.Channels);
        var job = new Chunks<V> { Shape = shape, Cut = cut, X = (float*)x.Address, Partial = (float*)partial.Slice.Address };
        device.Workers.For(shape.Images * cut.Chunks, ref job);
        var join = new Join
        {
            Shape = shape,
            Cut = cut,
            X = job.X,
            Partial = job.Partial,
            Mean = (float*)mean.Address,
            Variance = (float*)variance.Address,
        };
        device.Workers.For(shape.Images, ref join);
    }

    private struct Chunks<V> : IParallelJob where V : struct, ISimd<V>
    {
        public ChannelNormShape Shape;
        public RowPartition Cut;
        public float* X;

        /// <summary>Per chunk of an image: the means of its channels, then their sums of squares.</summary>
        public float* Partial;

        public readonly void Execute(int index)
        {
            var (image, chunk) = (index / Cut.Chunks, index % Cut.Chunks);
            var first = X + ((long)image * Shape.Pixels * Shape.Channels);
            var moments = Partial + (2L * index * Shape.Channels);
            new Span<float>(moments, Shape.Channels).Clear();
            new Span<float>(moments + Shape.Channels, Shape.Channels).Clear();
            var step = new Step<V>
            {
                Channels = Shape.Channels,
                First = first,
                Mean = moments,
                Squares = moments + Shape.Channels,
            };
            for (int start = Cut.Start(chunk), end = Cut.End(chunk), pixel = start; pixel < end; pixel += step.Pixels)
            {
                step.X = first + ((long)pixel * Shape.Channels);
                step.Pixels = Math.Min(PixelsAtOnce, end - pixel);
                step.Count = pixel - start;
                HostElementwise.Range<V, Step<V>>(ref step, 0, Shape.Channels);
            }
        }
    }

    /// <summary>A few pixels join those before them.</summary>
    private struct Step<V> : IElementStep<V> where V : struct, ISimd<V>
    {
        public int Channels;
        public int Pixels;
        public float Count;
        public float* First;
        public float* X;
        public float* Mean;
        public float* Squares;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Apply<L>(long at, int count) where L : struct, ILanes<V>
        {
            var origin = L.Load(First + at, count);
            V sum = V.Zero, squares = V.Zero;
            for (var pixel = 0; pixel < Pixels; pixel++)
            {
                sum += L.Load(X + at + ((long)pixel * Channels), count) - origin;
            }

            var mean = sum / V.Broadcast(Pixels);
            for (var pixel = 0; pixel < Pixels; pixel++)
            {
                var distance = L.Load(X + at + ((long)pixel * Channels), count) - origin - mean;
                squares = V.Fma(distance, distance, squares);
            }

            var moments = new ChannelMoments<V> { Mean = L.Load(Mean + at, count), Squares = L.Load(Squares + at, count) };
            moments.Join(Count, Pixels, mean, squares);
            L.Store(Mean + at, moments.Mean, count);
            L.Store(Squares + at, moments.Squares, count);
        }
    }

    /// <summary>An image's groups, from the chunks of their channels.</summary>
    private struct Join : IParallelJob
    {
        public ChannelNormShape Shape;
        public RowPartition Cut;
        public float* X;
        public float* Partial;
        public float* Mean;
        public float* Variance;

        public readonly void Execute(int index)
        {
            var at = (long)index * Shape.Groups;
            HostBounds.Check(Mean + at, Shape.Groups);
            HostBounds.Check(Variance + at, Shape.Groups);
            HostBounds.Check(X + ((long)index * Shape.Pixels * Shape.Channels), Shape.Channels);
            HostBounds.Check(Partial + (2L * index * Cut.Chunks * Shape.Channels), 2L * Cut.Chunks * Shape.Channels);
            for (var group = 0; group < Shape.Groups; group++)
            {
                (Mean[at + group], Variance[at + group]) = OfGroup(index, group);
            }
        }

        private readonly (float Mean, float Variance) OfGroup(int image, int group)
        {
            double sum = 0, squares = 0;
            for (var chunk = 0; chunk < Cut.Chunks; chunk++)
            {
                for (var channel = group * Shape.GroupSize; channel < (group + 1) * Shape.GroupSize; channel++)
                {
                    sum += Count(chunk) * Of(image, chunk, channel).Mean;
                }
            }

            var mean = sum / Shape.Terms;
            for (var chunk = 0; chunk < Cut.Chunks; chunk++)
            {
                for (var channel = group * Shape.GroupSize; channel < (group + 1) * Shape.GroupSize; channel++)
                {
                    var part = Of(image, chunk, channel);
                    squares += part.Squares + (Count(chunk) * (part.Mean - mean) * (part.Mean - mean));
                }
            }

            return ((float)mean, (float)(squares / Shape.Terms));
        }

        private readonly double Count(int chunk) => Cut.End(chunk) - Cut.Start(chunk);

        private readonly (double Mean, double Squares) Of(int image, int chunk, int channel)
        {
            var origin = X[((long)image * Shape.Pixels * Shape.Channels) + channel];
            var moments = Partial + (2L * (((long)image * Cut.Chunks) + chunk) * Shape.Channels) + channel;
            return ((double)origin + moments[0], moments[Shape.Channels]);
        }
    }
}
