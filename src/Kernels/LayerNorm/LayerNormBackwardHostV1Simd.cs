using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>
/// A row is read twice from the first-level cache: once for its two sums, while the gradients of scale and shift go
/// to the partial sums of its chunk, and once for the gradient of the input. The partial sums are added in their
/// order. Limits: none. Bytes: 12 Rows Width (16 when accumulating). FLOPs: 14 Rows Width.
/// </summary>
internal sealed unsafe class LayerNormBackwardHostV1Simd : HostVariant<LayerNormBackwardCall>
{
    public override string Name => "host-v1-simd";

    public override string Idea => "a row at a time, two passes; scale and shift gradients in fixed chunks of rows";

    protected override void Run<V>(HostDevice device, in LayerNormBackwardCall call)
    {
        if (call.GradientY.IsEmpty)
        {
            using var dy = device.Scratch<float>((long)call.Rows * call.Width);
            HostBf16.Widen(device, call.RoundedGradientY.Range(0, dy.Slice.Length), dy.Slice);
            Run<V>(device, call with { GradientY = dy.Slice, RoundedGradientY = default });
            return;
        }

        var rows = new RowPartition(call.Rows);
        using var partial = device.Scratch<float>(2L * rows.Chunks * call.Width);
        var job = new Job<V>
        {
            Rows = rows,
            Width = call.Width,
            Stride = call.RowX,
            Accumulate = call.AccumulateX,
            X = (float*)call.X.Address,
            Gamma = (float*)call.Gamma.Address,
            Mean = (float*)call.Mean.Address,
            Inverse = (float*)call.InverseDeviation.Address,
            GradientY = (float*)call.GradientY.Address,
            GradientX = (float*)call.GradientX.Address,
            Partial = (float*)partial.Slice.Address,
        };
        device.Workers.For(rows.Chunks, ref job);
        AddPartial<V>(device, rows.Chunks, call.Width, job.Partial, call.GradientGamma);
        AddPartial<V>(device, rows.Chunks, call.Width, job.Partial + call.Width, call.GradientBeta);
    }

    private static void AddPartial<V>(HostDevice device, int chunks, int width, float* source, Slice<float> destination)
        where V : struct, ISimd<V> =>
        HostElementwise.Run<V, RowSum<V>>(device, width, new RowSum<V>
        {
            Rows = chunks,
            Stride = 2L * width,
            Source = source,
            Destination = (float*)destination.Address,
        });

    private struct Job<V> : IParallelJob where V : struct, ISimd<V>
    {
        public RowPartition Rows;
        public int Width;
        public long Stride;
        public bool Accumulate;
        public float* X;
        public float* Gamma;
        public float* Mean;
        public float* Inverse;
        public float* GradientY;
        public float* GradientX;

        /// <summary>Per chunk: the gradient of the scale, then that of the shift.</summary>
        public float* Partial;

        public readonly void Execute(int index)
        {
            var partial = Partial + (2L * index * Width);
            new Span<float>(partial, 2 * Width).Clear();
            var end = Rows.End(index);
            for (var row = Rows.Start(index); row < end; row++)
            {
                var sums = new Sums<V>
                {
                    X = X + (row * Stride),
                    Gamma = Gamma,
                    GradientY = GradientY + ((long)row * Width),
                    GradientGamma = partial,
                    GradientBeta = partial + Width,
                    Mean = V.Broadcast(Mean[row]),
                    Inverse = V.Broadcast(Inverse[row]),
                };
                HostElementwise.Range<V, Sums<V>>(ref sums, 0, Width);

                var result = new Result<V>
                {
                    X = sums.X,
                    Gamma = Gamma,
                    GradientY = sums.GradientY,
                    GradientX = GradientX + (row * Stride),
                    Accumulate = Accumulate,
                    Mean = sums.Mean,
                    Inverse = sums.Inverse,
                    MeanOfGradient = V.Broadcast(V.Sum(sums.Gradient) / Width),
                    MeanOfProduct = V.Broadcast(V.Sum(sums.Product) / Width),
                };
                HostElementwise.Range<V, Result<V>>(ref result, 0, Width);
            }
        }
    }

    /// <summary>First pass: with n the normalised x and g = dy gamma, the sums of g and of g n.</summary>
    private struct Sums<V> : IElementStep<V> where V : struct, ISimd<V>
    {
        public float* X;
        public float* Gamma;
        public float* GradientY;
        public float* GradientGamma;
        public float* GradientBeta;
        public V Mean;
        public V Inverse;
        public V Gradient;
        public V Product;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Apply<L>(long at, int count) where L : struct, ILanes<V>
        {
            var normal = (L.Load(X + at, count) - Mean) * Inverse;
            var dy = L.Load(GradientY + at, count);
            L.Store(GradientGamma + at, V.Fma(dy, normal, L.Load(GradientGamma + at, count)), count);
            L.Store(GradientBeta + at, L.Load(GradientBeta + at, count) + dy, count);
            var g = dy * L.Load(Gamma + at, count);
            Gradient += g;
            Product = V.Fma(g, normal, Product);
        }
    }

    /// <summary>Second pass: dx = (g - mean(g) - n mean(g n)) / deviation.</summary>
    private struct Result<V> : IElementStep<V> where V : struct, ISimd<V>
    {
        public float* X;
        public float* Gamma;
        public float* GradientY;
        public float* GradientX;
        public bool Accumulate;
        public V Mean;
        public V Inverse;
        public V MeanOfGradient;
        public V MeanOfProduct;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Apply<L>(long at, int count) where L : struct, ILanes<V>
        {
            var normal = (L.Load(X + at, count) - Mean) * Inverse;
            var g = L.Load(GradientY + at, count) * L.Load(Gamma + at, count);
            var dx = (g - MeanOfGradient - (normal * MeanOfProduct)) * Inverse;
            L.Store(GradientX + at, Accumulate ? L.Load(GradientX + at, count) + dx : dx, count);
        }
    }
}
