namespace DPT.Engine.Kernels;

/// <summary>
/// Every chunk of rows is summed over columns while its rows stream by once; the few partial sums are then added in
/// their order. Limits: none. Bytes: 4 Rows Columns and at most 64 partial rows. FLOPs: Rows Columns.
/// </summary>
internal sealed unsafe class ColumnSumHostV1Simd : HostVariant<ColumnSumCall>
{
    public override string Name => "host-v1-simd";

    public override string Idea => "rows in at most 64 fixed chunks with partial sums, added in order";

    protected override void Run<V>(HostDevice device, in ColumnSumCall call)
    {
        if (call.X.IsEmpty)
        {
            using var x = device.Scratch<float>(call.RoundedX.Length);
            HostBf16.Widen(device, call.RoundedX, x.Slice);
            Run<V>(device, call with { X = x.Slice, RoundedX = default });
            return;
        }

        var rows = new RowPartition(call.Rows);
        using var partial = device.Scratch<float>((long)rows.Chunks * call.Columns);
        var job = new Job<V>
        {
            Rows = rows,
            Columns = call.Columns,
            Stride = call.RowX,
            X = (float*)call.X.Address,
            Partial = (float*)partial.Slice.Address,
        };
        device.Workers.For(rows.Chunks, ref job);
        HostElementwise.Run<V, RowSum<V>>(device, call.Columns, new RowSum<V>
        {
            Rows = rows.Chunks,
            Stride = call.Columns,
            Source = job.Partial,
            Destination = (float*)call.Sum.Address,
        });
    }

    private struct Job<V> : IParallelJob where V : struct, ISimd<V>
    {
        /// <summary>Rows added at a time: the partial sum is loaded and stored once for all of them.</summary>
        private const int RowsAtOnce = 8;

        public RowPartition Rows;
        public int Columns;
        public long Stride;
        public float* X;
        public float* Partial;

        public readonly void Execute(int index)
        {
            var sum = Partial + ((long)index * Columns);
            new Span<float>(sum, Columns).Clear();
            var end = Rows.End(index);
            for (long row = Rows.Start(index); row < end; row += RowsAtOnce)
            {
                var step = new RowSum<V>
                {
                    Rows = (int)Math.Min(RowsAtOnce, end - row),
                    Stride = Stride,
                    Source = X + (row * Stride),
                    Destination = sum,
                };
                HostElementwise.Range<V, RowSum<V>>(ref step, 0, Columns);
            }
        }
    }
}
