namespace DPT.Engine.Kernels;

/// <summary>
/// One thread owns a block of rows; a row is summed, centred and squared, then normalised, all from the first-level
/// cache. What the mean lost by rounding is summed along with the squares and taken back, so rows of one value come out as
/// 0, whatever the value. Source: Chan, Golub and LeVeque, Algorithms for computing the sample variance (1983), the
/// corrected two-pass algorithm. Limits: none. Bytes: 8 Rows Width. FLOPs: 10 Rows Width.
/// </summary>
internal sealed unsafe class LayerNormForwardHostV1Simd : HostVariant<LayerNormForwardCall>
{
    private const int RowsPerChunk = 16;

    public override string Name => "host-v1-simd";

    public override string Idea => "a row at a time from the first-level cache, two passes, vectors across the row";

    protected override void Run<V>(HostDevice device, in LayerNormForwardCall call)
    {
        if (call.Y.IsEmpty)
        {
            using var y = device.Scratch<float>((long)call.Rows * call.Width);
            Run<V>(device, call with { Y = y.Slice, RoundedY = default });
            HostBf16.Round(device, y.Slice, call.RoundedY.Range(0, y.Slice.Length));
            return;
        }

        var job = new Job<V>
        {
            Rows = call.Rows,
            Width = call.Width,
            Stride = call.RowX,
            Epsilon = call.Epsilon,
            X = (float*)call.X.Address,
            Gamma = (float*)call.Gamma.Address,
            Beta = (float*)call.Beta.Address,
            Y = (float*)call.Y.Address,
            Mean = (float*)call.Mean.Address,
            Inverse = (float*)call.InverseDeviation.Address,
        };
        device.Workers.For((call.Rows + RowsPerChunk - 1) / RowsPerChunk, ref job);
    }

    private struct Job<V> : IParallelJob where V : struct, ISimd<V>
    {
        public int Rows;
        public int Width;
        public long Stride;
        public float Epsilon;
        public float* X;
        public float* Gamma;
        public float* Beta;
        public float* Y;
        public float* Mean;
        public float* Inverse;

        public readonly void Execute(int index)
        {
            var end = Math.Min(Rows, (index + 1) * RowsPerChunk);
            for (var row = index * RowsPerChunk; row < end; row++)
            {
                Normalise(row);
            }
        }

        private readonly void Normalise(int row)
        {
            var x = X + (row * Stride);
            var y = Y + ((long)row * Width);
            var whole = Width - (Width % V.Count);
            var rest = Width - whole;

            var sum = V.LoadFirst(x + whole, rest);
            for (var i = 0; i < whole; i += V.Count)
            {
                sum += V.Load(x + i);
            }

            var mean = V.Sum(sum) / Width;
            var centre = V.Broadcast(mean);
            V differences = V.Zero, squares = V.Zero;
            for (var i = 0; i < whole; i += V.Count)
            {
                var d = V.Load(x + i) - centre;
                differences += d;
                squares = V.Fma(d, d, squares);
            }

            float difference = V.Sum(differences), square = V.Sum(squares);
            for (var i = whole; i < Width; i++)
            {
                var d = x[i] - mean;
                difference += d;
                square += d * d;
            }

            var lost = difference / Width;
            var variance = MathF.Max(0, (square / Width) - (lost * lost));
            var inverse = 1 / MathF.Sqrt(variance + Epsilon);
            var correction = V.Broadcast(lost);
            Mean[row] = mean + lost;
            Inverse[row] = inverse;

            var scale = V.Broadcast(inverse);
            for (var i = 0; i < whole; i += V.Count)
            {
                var normal = (V.Load(x + i) - centre - correction) * scale;
                V.Store(y + i, V.Fma(normal, V.Load(Gamma + i), V.Load(Beta + i)));
            }

            if (rest > 0)
            {
                var normal = (V.LoadFirst(x + whole, rest) - centre - correction) * scale;
                var result = V.Fma(normal, V.LoadFirst(Gamma + whole, rest), V.LoadFirst(Beta + whole, rest));
                V.StoreFirst(y + whole, result, rest);
            }
        }
    }
}
