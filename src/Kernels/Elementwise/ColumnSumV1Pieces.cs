namespace DPT.Engine.Kernels;

/// <summary>
/// Chunks of rows are summed over columns while their rows stream by once; the few partial sums are then folded by the
/// same kernel (<see cref="ColumnSums"/>).
/// Threads: 256 in a block, 32 columns by 8 rows. Limits: none. Bytes: 4 Rows Columns, or 2 in bf16, and at most 64 partial
/// rows. FLOPs: Rows Columns.
/// </summary>
internal sealed class ColumnSumV1Pieces : GpuVariant<ColumnSumCall>
{
    public override string Name => "v1-pieces";

    public override string Idea => "a block per 32 columns and chunk of rows, partial sums folded in order";

    public override IReadOnlyList<GpuKernel> Kernels { get; } = [ColumnSums.Kernel];

    protected override void Run(GpuDevice device, in ColumnSumCall call) =>
        ColumnSums.Add(device, call.X, call.RoundedX, call.Rows, call.Columns, call.RowX, call.Sum);
}
