using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>
/// Normalises, scales, shifts and bends each number: one pass in chunks of an image's pixels, a few pixels at a time for every vector
/// of channels, whose parameters are loaded once for them. Statistics of groups are first spread out to the channels of their image.
/// </summary>
internal static unsafe class ChannelForwardHost
{
    /// <summary>Pixels that a step takes.</summary>
    public const int PixelsAtOnce = 8;

    /// <summary>Rows of the parameters of an image that <see cref="Spread"/> writes: means, then inverse deviations.</summary>
    public const int Rows = 2;

    public static void Run<V, F>(HostDevice device, in ChannelForward forward)
        where V : struct, ISimd<V>
        where F : struct, INormActivation
    {
        var shape = forward.Shape;
        using var parameters = device.Scratch<float>((long)Rows * shape.Images * shape.Channels);
        Spread(device, in forward, (float*)parameters.Slice.Address, Rows);
        var cut = new RowPartition(shape.Pixels);
        var job = new Job<V, F>
        {
            Shape = shape,
            Cut = cut,
            Parameters = (float*)parameters.Slice.Address,
            Step = new Step<V, F>
            {
                Channels = shape.Channels,
                Bend = V.Broadcast(forward.Bend),
                X = (float*)forward.X.Address,
                Gamma = (float*)forward.Gamma.Address,
                Beta = (float*)forward.Beta.Address,
                Y = (float*)forward.Y.Address,
            },
        };
        device.Workers.For(shape.Images * cut.Chunks, ref job);
    }

    /// <summary>Writes each image's means and inverse deviations, a row of its channels each, where an image has so many rows.</summary>
    public static void Spread(HostDevice device, in ChannelForward forward, float* parameters, int rows)
    {
        var job = new SpreadJob
        {
            Shape = forward.Shape,
            Rows = rows,
            Epsilon = forward.Epsilon,
            Mean = (float*)forward.Mean.Address,
            Variance = (float*)forward.Variance.Address,
            Parameters = parameters,
        };
        device.Workers.For(forward.Shape.Images, ref job);
    }

    private struct SpreadJob : IParallelJob
    {
        public ChannelNormShape Shape;
        public int Rows;
        public float Epsilon;
        public float* Mean;
        public float* Variance;
        public float* Parameters;

        public readonly void Execute(int index)
        {
            var to = Parameters + ((long)Rows * index * Shape.Channels);
            var from = (long)index * Shape.Groups;
            HostBounds.Check(to, 2L * Shape.Channels);
            HostBounds.Check(Mean + from, Shape.Groups);
            HostBounds.Check(Variance + from, Shape.Groups);
            for (var channel = 0; channel < Shape.Channels; channel++)
            {
                var group = from + (channel / Shape.GroupSize);
                to[channel] = Mean[group];
                to[Shape.Channels + channel] = 1 / MathF.Sqrt(Variance[group] + Epsilon);
            }
        }
    }

    private struct Job<V, F> : IParallelJob
        where V : struct, ISimd<V>
        where F : struct, INormActivation
    {
        public ChannelNormShape Shape;
        public RowPartition Cut;
        public float* Parameters;
        public Step<V, F> Step;

        public readonly void Execute(int index)
        {
            var (image, chunk) = (index / Cut.Chunks, index % Cut.Chunks);
            var step = Step;
            step.Mean = Parameters + ((long)Rows * image * Shape.Channels);
            step.Inverse = step.Mean + Shape.Channels;
            for (int pixel = Cut.Start(chunk), end = Cut.End(chunk); pixel < end; pixel += step.Pixels)
            {
                var at = (((long)image * Shape.Pixels) + pixel) * Shape.Channels;
                step.Pixels = Math.Min(PixelsAtOnce, end - pixel);
                step.X = Step.X + at;
                step.Y = Step.Y + at;
                HostElementwise.Range<V, Step<V, F>>(ref step, 0, Shape.Channels);
            }
        }
    }

    private struct Step<V, F> : IElementStep<V>
        where V : struct, ISimd<V>
        where F : struct, INormActivation
    {
        public int Channels;
        public int Pixels;
        public V Bend;
        public float* X;
        public float* Gamma;
        public float* Beta;
        public float* Mean;
        public float* Inverse;
        public float* Y;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Apply<L>(long at, int count) where L : struct, ILanes<V>
        {
            V mean = L.Load(Mean + at, count), inverse = L.Load(Inverse + at, count);
            V gamma = L.Load(Gamma + at, count), beta = L.Load(Beta + at, count);
            for (var pixel = 0; pixel < Pixels; pixel++, at += Channels)
            {
                var normal = (L.Load(X + at, count) - mean) * inverse;
                L.Store(Y + at, F.Value(V.Fma(normal, gamma, beta), Bend), count);
            }
        }
    }
}
