namespace DPT.Engine.Kernels;

/// <summary>Rows in parallel, each copied whole. Limits: none. Bytes: 8 Rows Width. FLOPs: 0.</summary>
internal sealed unsafe class RowsGatherHostV1Rows : HostVariant<RowsGatherCall>
{
    public override string Name => "host-v1-rows";

    public override string Idea => "indices checked first, then rows copied whole";

    protected override void Run<V>(HostDevice device, in RowsGatherCall call)
    {
        RowIndices.Check("rows.gather", call.Indices, call.Rows, call.TableRows);
        var job = new Job
        {
            Cut = new RowCut(call.Rows, call.Width, call.Width),
            Width = call.Width,
            Indices = (int*)call.Indices.Address,
            Table = (float*)call.Table.Address,
            Y = (float*)call.Y.Address,
        };
        device.Workers.For(job.Cut.Chunks, ref job);
    }

    private struct Job : IParallelJob
    {
        public RowCut Cut;
        public long Width;
        public int* Indices;
        public float* Table;
        public float* Y;

        public readonly void Execute(int index)
        {
            var (rows, columns) = Cut[index];
            var count = (int)(columns.End - columns.Start);
            for (var row = rows.Start; row < rows.End; row++)
            {
                var source = new Span<float>(Table + (Indices[row] * Width) + columns.Start, count);
                source.CopyTo(new Span<float>(Y + (row * Width) + columns.Start, count));
            }
        }
    }
}
