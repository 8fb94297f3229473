using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// A thread owns a column and adds the rows in their order, so no two threads meet in the table and no sum needs an atomic.
/// Threads: 256 in a block, neighbours on neighbouring columns (coalesced), grid strides. Limits: none.
/// Bytes: 12 Rows Width. FLOPs: Rows Width.
/// </summary>
internal sealed class RowsScatterV1Columns : GpuVariant<RowsScatterCall>
{
    private static readonly GpuKernel Scatter = new(Kernel, GridStride.Threads);

    public override string Name => "v1-columns";

    public override string Idea => "a thread per column, rows in order; an index outside the table is left out";

    public override IReadOnlyList<GpuKernel> Kernels { get; } = [Scatter];

    protected override void Run(GpuDevice device, in RowsScatterCall call) =>
        device.Prepare(Scatter)
            .With(call.X).With(call.Indices).With(call.Table).With(call.Rows).With(call.Width).With(call.TableRows)
            .On(GridStride.Over(call.Width));

    private static void Kernel(
        ArrayView<float> x, ArrayView<int> indices, ArrayView<float> table, int rows, int width, int tableRows)
    {
        for (var column = GridStride.First; column < width; column += GridStride.Step)
        {
            for (var row = 0; row < rows; row++)
            {
                var index = indices[row];
                if (index >= 0 && index < tableRows)
                {
                    var at = ((long)index * width) + column;
                    table[at] += x[((long)row * width) + column];
                }
            }
        }
    }
}
