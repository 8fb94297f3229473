using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// Column sums of a matrix, for every kernel that ends in them. A block owns 32 columns of a chunk of rows; each of its
/// warps adds every eighth row, and the eight sums are added in their order. Chunks of rows
/// (<see cref="RowPartition"/>) leave a matrix of partial sums that the same kernel folds. Everything follows from the
/// shape alone, so the same values give the same bits.
/// Threads: 256 in a block, the lanes of a warp on neighbouring columns (coalesced). Limits: none.
/// </summary>
internal static class ColumnSums
{
    /// <summary>Columns of a block.</summary>
    public const int Columns = WarpReduce.Lanes;

    /// <summary>Rows that a block reads at once.</summary>
    public const int Warps = 8;

    /// <summary>The kernel of both steps.</summary>
    public static GpuKernel Kernel { get; } = new(Sum, Columns * Warps);

    /// <summary>sum[c] += the column's elements, in two steps if there are many rows.</summary>
    public static void Add(
        GpuDevice device, Slice<float> x, int rows, long columns, long stride, Slice<float> sum) =>
        Add(device, x, default, rows, columns, stride, sum);

    /// <summary>The same of a matrix that is kept as floats or, where there are none, in bf16.</summary>
    public static void Add(
        GpuDevice device, Slice<float> x, Slice<BFloat16> rounded, int rows, long columns, long stride, Slice<float> sum)
    {
        var cut = new RowPartition(rows);
        if (cut.Chunks == 1)
        {
            Fold(device, x, rounded, rows, columns, stride, sum);
            return;
        }

        using var partial = device.Scratch<float>(cut.Chunks * columns);
        device.Prepare(Kernel)
            .With(x).With(rounded).With(partial.Slice).With(rows).With(cut.RowsPerChunk).With(columns).With(stride).With(0)
            .On(new GridSize(GridCover.Blocks(columns, Columns), cut.Chunks));
        Fold(device, partial.Slice, cut.Chunks, columns, columns, sum);
    }

    /// <summary>sum[c] += the column's elements, in one step: for the partial sums of a few chunks.</summary>
    public static void Fold(
        GpuDevice device, Slice<float> x, int rows, long columns, long stride, Slice<float> sum) =>
        Fold(device, x, default, rows, columns, stride, sum);

    private static void Fold(
        GpuDevice device, Slice<float> x, Slice<BFloat16> rounded, int rows, long columns, long stride, Slice<float> sum) =>
        device.Prepare(Kernel)
            .With(x).With(rounded).With(sum).With(rows).With(rows).With(columns).With(stride).With(1)
            .On(new GridSize(GridCover.Blocks(columns, Columns)));

    /// <summary>A block's sum over its warps, in their order; warp 0 has the result. Every thread calls.</summary>
    /// <param name="sums">Shared memory, one float per thread.</param>
    /// <param name="sum">The thread's sum, over the rows of its warp.</param>
    public static float OverWarps(ArrayView<float> sums, float sum)
    {
        sums[Group.IdxX] = sum;
        Group.Barrier();
        for (var warp = 1; warp < Warps && WarpReduce.Warp == 0; warp++)
        {
            sum += sums[(warp * Columns) + WarpReduce.Lane];
        }

        return sum;
    }

    private static void Sum(
        ArrayView<float> x, ArrayView<BFloat16> rounded, ArrayView<float> sum,
        int rows, int rowsPerChunk, long columns, long stride, int accumulate)
    {
        var sums = SharedMemory.Allocate<float>(Columns * Warps);
        var column = ((long)Grid.IdxX * Columns) + WarpReduce.Lane;
        var start = (long)Grid.IdxY * rowsPerChunk;
        var end = Math.Min(rows, start + rowsPerChunk);
        var total = 0f;
        if (column < columns)
        {
            for (var row = start + WarpReduce.Warp; row < end; row += Warps)
            {
                total += Bf16Memory.LoadEither(x, rounded, (row * stride) + column);
            }
        }

        total = OverWarps(sums, total);
        if (WarpReduce.Warp == 0 && column < columns)
        {
            var at = (Grid.IdxY * columns) + column;
            sum[at] = accumulate != 0 ? sum[at] + total : total;
        }
    }
}
