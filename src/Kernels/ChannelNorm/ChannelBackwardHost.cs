using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>
/// Two passes in chunks of an image's pixels, a few pixels at a time for every vector of channels. The first adds up, for each channel
/// of an image, dv n and dv, with n the normalised number and dv the gradient before the activation: the gradients of scale and shift, and,
/// times the scale and summed over a group, what the gradient of the input needs of all others. The second makes that of each number.
/// Chunks and images are added in their order, the chunks in doubles.
/// </summary>
internal static unsafe class ChannelBackwardHost
{
    /// <summary>Rows of an image's parameters: means, inverse deviations, and the group's means of g and of g n, with g = dv gamma.</summary>
    private const int Rows = ChannelForwardHost.Rows + 2;

    public static void Run<V, F>(HostDevice device, in ChannelBackward call)
        where V : struct, ISimd<V>
        where F : struct, INormActivation
    {
        var shape = call.Forward.Shape;
        var cut = new RowPartition(shape.Pixels);
        using var parameters = device.Scratch<float>((long)Rows * shape.Images * shape.Channels);
        using var partial = device.Scratch<float>(2L * shape.Images * cut.Chunks * shape.Channels);
        using var sums = device.Scratch<float>(2L * shape.Images * shape.Channels);
        ChannelForwardHost.Spread(device, call.Forward, (float*)parameters.Slice.Address, Rows);
        var job = new Job<V, F>
        {
            Shape = shape,
            Cut = cut,
            Parameters = (float*)parameters.Slice.Address,
            Partial = (float*)partial.Slice.Address,
            Values = new Values<V>
            {
                Channels = shape.Channels,
                Bend = V.Broadcast(call.Forward.Bend),
                X = (float*)call.Forward.X.Address,
                Gamma = (float*)call.Forward.Gamma.Address,
                Beta = (float*)call.Forward.Beta.Address,
                GradientY = (float*)call.GradientY.Address,
            },
            GradientX = (float*)call.GradientX.Address,
            HasFixedStatistics = call.HasFixedStatistics,
            Accumulate = call.AccumulateX,
        };
        device.Workers.For(shape.Images * cut.Chunks, ref job);

        var join = new Join
        {
            Shape = shape,
            Chunks = cut.Chunks,
            Gamma = job.Values.Gamma,
            Partial = job.Partial,
            Sums = (float*)sums.Slice.Address,
            Parameters = job.Parameters,
        };
        device.Workers.For(shape.Images, ref join);
        AddImages<V>(device, shape, join.Sums, call.GradientGamma);
        AddImages<V>(device, shape, join.Sums + shape.Channels, call.GradientBeta);

        job.IsSecondPass = true;
        device.Workers.For(shape.Images * cut.Chunks, ref job);
    }

    private static void AddImages<V>(HostDevice device, ChannelNormShape shape, float* sums, Slice<float> gradient)
        where V : struct, ISimd<V> =>
        HostElementwise.Run<V, RowSum<V>>(device, shape.Channels, new RowSum<V>
        {
            Rows = shape.Images,
            Stride = 2L * shape.Channels,
            Source = sums,
            Destination = (float*)gradient.Address,
        });

    private struct Job<V, F> : IParallelJob
        where V : struct, ISimd<V>
        where F : struct, INormActivation
    {
        public ChannelNormShape Shape;
        public RowPartition Cut;
        public float* Parameters;

        /// <summary>Per chunk of an image: the sums of dv n of its channels, then those of dv.</summary>
        public float* Partial;
        public Values<V> Values;
        public float* GradientX;
        public bool HasFixedStatistics;
        public bool Accumulate;
        public bool IsSecondPass;

        public readonly void Execute(int index)
        {
            var (image, chunk) = (index / Cut.Chunks, index % Cut.Chunks);
            var values = Values;
            values.Mean = Parameters + ((long)Rows * image * Shape.Channels);
            values.Inverse = values.Mean + Shape.Channels;
            var partial = Partial + (2L * index * Shape.Channels);
            if (!IsSecondPass)
            {
                new Span<float>(partial, Shape.Channels).Clear();
                new Span<float>(partial + Shape.Channels, Shape.Channels).Clear();
            }

            for (int pixel = Cut.Start(chunk), end = Cut.End(chunk); pixel < end; pixel += values.Pixels)
            {
                var at = (((long)image * Shape.Pixels) + pixel) * Shape.Channels;
                values.Pixels = Math.Min(ChannelForwardHost.PixelsAtOnce, end - pixel);
                values.X = Values.X + at;
                values.GradientY = Values.GradientY + at;
                if (IsSecondPass)
                {
                    var step = new Result<V, F>
                    {
                        Values = values,
                        MeanOfGradient = values.Inverse + Shape.Channels,
                        GradientX = GradientX + at,
                        HasFixedStatistics = HasFixedStatistics,
                        Accumulate = Accumulate,
                    };
                    HostElementwise.Range<V, Result<V, F>>(ref step, 0, Shape.Channels);
                }
                else
                {
                    var step = new Sums<V, F> { Values = values, Products = partial };
                    HostElementwise.Range<V, Sums<V, F>>(ref step, 0, Shape.Channels);
                }
            }
        }
    }

    /// <summary>What both passes read.</summary>
    private struct Values<V> where V : struct, ISimd<V>
    {
        public int Channels;
        public int Pixels;
        public V Bend;
        public float* X;
        public float* Gamma;
        public float* Beta;
        public float* Mean;
        public float* Inverse;
        public float* GradientY;
    }

    /// <summary>First pass: adds dv n and dv.</summary>
    private struct Sums<V, F> : IElementStep<V>
        where V : struct, ISimd<V>
        where F : struct, INormActivation
    {
        public Values<V> Values;

        /// <summary>Of dv n; a row of channels on, those of dv.</summary>
        public float* Products;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Apply<L>(long at, int count) where L : struct, ILanes<V>
        {
            V mean = L.Load(Values.Mean + at, count), inverse = L.Load(Values.Inverse + at, count);
            V gamma = L.Load(Values.Gamma + at, count), beta = L.Load(Values.Beta + at, count);
            V product = V.Zero, sum = V.Zero;
            for (var pixel = 0; pixel < Values.Pixels; pixel++)
            {
                var from = at + ((long)pixel * Values.Channels);
                var normal = (L.Load(Values.X + from, count) - mean) * inverse;
                var dv = L.Load(Values.GradientY + from, count) * F.Slope(V.Fma(normal, gamma, beta), Values.Bend);
                product = V.Fma(dv, normal, product);
                sum += dv;
            }

            L.Store(Products + at, L.Load(Products + at, count) + product, count);
            at += Values.Channels;
            L.Store(Products + at, L.Load(Products + at, count) + sum, count);
        }
    }

    /// <summary>Second pass: dx = (g - mean(g) - n mean(g n)) / deviation; with statistics that are constants, g / deviation.</summary>
    private struct Result<V, F> : IElementStep<V>
        where V : struct, ISimd<V>
        where F : struct, INormActivation
    {
        public Values<V> Values;

        /// <summary>The group's of each channel; a row of channels on, that of the product.</summary>
        public float* MeanOfGradient;
        public float* GradientX;
        public bool HasFixedStatistics;
        public bool Accumulate;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Apply<L>(long at, int count) where L : struct, ILanes<V>
        {
            V mean = L.Load(Values.Mean + at, count), inverse = L.Load(Values.Inverse + at, count);
            V gamma = L.Load(Values.Gamma + at, count), beta = L.Load(Values.Beta + at, count);
            V meanOfGradient = L.Load(MeanOfGradient + at, count);
            V meanOfProduct = L.Load(MeanOfGradient + at + Values.Channels, count);
            for (var pixel = 0; pixel < Values.Pixels; pixel++, at += Values.Channels)
            {
                var normal = (L.Load(Values.X + at, count) - mean) * inverse;
                var g = L.Load(Values.GradientY + at, count) * F.Slope(V.Fma(normal, gamma, beta), Values.Bend) * gamma;
                var dx = (HasFixedStatistics ? g : g - meanOfGradient - (normal * meanOfProduct)) * inverse;
                L.Store(GradientX + at, Accumulate ? L.Load(GradientX + at, count) + dx : dx, count);
            }
        }
    }

    /// <summary>An image's sums of each channel, from its chunks, and what each group comes to.</summary>
    private struct Join : IParallelJob
    {
        public ChannelNormShape Shape;
        public int Chunks;
        public float* Gamma;
        public float* Partial;
        public float* Sums;
        public float* Parameters;

        public readonly void Execute(int index)
        {
            var partial = Partial + (2L * index * Chunks * Shape.Channels);
            var products = Sums + (2L * index * Shape.Channels);
            var sums = products + Shape.Channels;
            var means = Parameters + (((long)Rows * index) + ChannelForwardHost.Rows) * Shape.Channels;
            HostBounds.Check(partial, 2L * Chunks * Shape.Channels);
            HostBounds.Check(products, 2L * Shape.Channels);
            HostBounds.Check(means, 2L * Shape.Channels);
            HostBounds.Check(Gamma, Shape.Channels);
            for (var first = 0; first < Shape.Channels; first += Shape.GroupSize)
            {
                double gradient = 0, product = 0;
                for (var channel = first; channel < first + Shape.GroupSize; channel++)
                {
                    var (dvNormal, dv) = (OverChunks(partial + channel), OverChunks(partial + Shape.Channels + channel));
                    (products[channel], sums[channel]) = ((float)dvNormal, (float)dv);
                    gradient += Gamma[channel] * dv;
                    product += Gamma[channel] * dvNormal;
                }

                new Span<float>(means + first, Shape.GroupSize).Fill((float)(gradient / Shape.Terms));
                new Span<float>(means + Shape.Channels + first, Shape.GroupSize).Fill((float)(product / Shape.Terms));
            }
        }

        private readonly double OverChunks(float* part)
        {
            var sum = 0.0;
            for (var chunk = 0; chunk < Chunks; chunk++)
            {
                sum += part[2L * chunk * Shape.Channels];
            }

            return sum;
        }
    }
}
