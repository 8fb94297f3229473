using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// A thread per element: rows along y of the grid, their elements along x (coalesced), grid strides along both.
/// Threads: 256 in a block. Limits: none. Bytes: 8 Rows Width. FLOPs: 0.
/// </summary>
internal sealed class RowsGatherV1Elements : GpuVariant<RowsGatherCall>
{
    private static readonly GpuKernel Gather = new(Kernel, GridStride.Threads);

    public override string Name => "v1-elements";

    public override string Idea => "a thread per element; an index outside the table gives NaN";

    public override IReadOnlyList<GpuKernel> Kernels { get; } = [Gather];

    protected override void Run(GpuDevice device, in RowsGatherCall call) =>
        device.Prepare(Gather)
            .With(call.Table).With(call.Indices).With(call.Y).With(call.Rows).With(call.Width).With(call.TableRows)
            .On(GridStride.Over(call.Rows, call.Width));

    private static void Kernel(
        ArrayView<float> table, ArrayView<int> indices, ArrayView<float> y, int rows, int width, int tableRows)
    {
        for (var row = Grid.IdxY; row < rows; row += Grid.DimY)
        {
            var index = indices[row];
            var isRow = index >= 0 && index < tableRows;
            for (var i = GridStride.First; i < width; i += GridStride.Step)
            {
                y[((long)row * width) + i] = isRow ? table[((long)index * width) + i] : float.NaN;
            }
        }
    }
}
