using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>
/// Runs of columns in parallel; each adds the rows in their order, so that no two threads meet in the table.
/// Limits: none. Bytes: 12 Rows Width. FLOPs: Rows Width.
/// </summary>
internal sealed unsafe class RowsScatterHostV1Columns : HostVariant<RowsScatterCall>
{
    private const int ColumnsPerRun = 256;

    public override string Name => "host-v1-columns";

    public override string Idea => "indices checked first, then a run of columns a thread, rows in order";

    protected override void Run<V>(HostDevice device, in RowsScatterCall call)
    {
        RowIndices.Check("rows.scatter", call.Indices, call.Rows, call.TableRows);
        var job = new Job<V>
        {
            Rows = call.Rows,
            Width = call.Width,
            Indices = (int*)call.Indices.Address,
            X = (float*)call.X.Address,
            Table = (float*)call.Table.Address,
        };
        device.Workers.For((int)(((long)call.Width + ColumnsPerRun - 1) / ColumnsPerRun), ref job);
    }

    private struct Job<V> : IParallelJob where V : struct, ISimd<V>
    {
        public int Rows;
        public long Width;
        public int* Indices;
        public float* X;
        public float* Table;

        public readonly void Execute(int index)
        {
            var first = (long)index * ColumnsPerRun;
            var end = Math.Min(Width, first + ColumnsPerRun);
            for (var row = 0; row < Rows; row++)
            {
                var step = new AddRow<V> { X = X + (row * Width), Y = Table + (Indices[row] * Width) };
                HostElementwise.Range<V, AddRow<V>>(ref step, first, end);
            }
        }
    }

    private struct AddRow<V> : IElementStep<V> where V : struct, ISimd<V>
    {
        public float* X;
        public float* Y;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Apply<L>(long at, int count) where L : struct, ILanes<V> =>
            L.Store(Y + at, L.Load(Y + at, count) + L.Load(X + at, count), count);
    }
}
