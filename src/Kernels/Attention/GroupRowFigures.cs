using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// What a gradient needs of each query beside its row: the log-sum-exp to base two, and D = sum(dO O), side by side, so that a bulk copy
/// brings those of a tile. One warp per row, a lane has four channels; then five exchanges in a fixed order. Limits: heads of at most
/// 128. Bytes: 4 d + 12 per row. FLOPs: 2 d per row.
/// </summary>
internal static class GroupRowFigures
{
    /// <summary>The kernel.</summary>
    public static GpuKernel Figures { get; } = new(Kernel, threads: 4 * WarpReduce.Lanes);

    /// <summary>Rows of a head in scratch memory: even, as bulk copies start at multiples of 16 bytes.</summary>
    public static int RowsOf(int tokens) => (tokens + 1) & ~1;

    /// <summary>Launches it.</summary>
    /// <param name="device">Where.</param>
    /// <param name="call">The call; rows of both factors start at multiples of 8 bytes.</param>
    /// <param name="figures">[B,H,<see cref="RowsOf"/>,2]; what is behind the last token stays as it is.</param>
    public static void Launch(GpuDevice device, in AttentionBackwardBf16Call call, Slice<float> figures) =>
        device.Prepare(Figures)
            .With(call.Output).With(call.OutputGradient).With(call.LogSumExp).With(figures)
            .With(call.Dims.Batch).With(call.Tokens).With(call.Heads).With(call.HeadSize).With(RowsOf(call.Tokens))
            .On(new GridSize(GridCover.Blocks(call.Dims.Rows, Figures.Threads / WarpReduce.Lanes)));

    /// <summary>Boxes of a head's rows; zeros behind the last.</summary>
    /// <param name="figures">As above.</param>
    /// <param name="dims">The sizes.</param>
    /// <param name="rows">Rows of a box, at most 128.</param>
    public static TensorTiles Tiles(Slice<float> figures, in AttentionShape dims, int rows) => TensorTiles.Matrix(
        figures, (long)dims.Batch * dims.Heads, 2L * dims.Tokens, 2L * RowsOf(dims.Tokens), 1, 2 * rows, PtxSwizzle.None);

    private static void Kernel(
        ArrayView<BFloat16> output, ArrayView<BFloat16> dOutput, ArrayView<float> logSumExp, ArrayView<float> figures,
        int batch, int tokens, int heads, int size, int rows)
    {
        var row = ((long)Grid.IdxX * (Group.DimX / WarpReduce.Lanes)) + WarpReduce.Warp;
        var index = (int)(row / tokens);
        if (index < batch * heads)
        {
            var head = new GpuAttentionHead(index, tokens, heads, size);
            var token = (int)(row - ((long)index * tokens));
            var channel = 4 * WarpReduce.Lane;
            var at = head.Output + ((long)token * head.Width) + channel;
            var pack = Bf16Memory.LoadUpTo4(output, at, size - channel, isAligned: true);
            var sum = WarpReduce.Sum(pack.Dot(Bf16Memory.LoadUpTo4(dOutput, at, size - channel, isAligned: true), 0f));
            if (WarpReduce.Lane == 0)
            {
                figures.Cast<Float2>()[((long)index * rows) + token] = new() { X = logSumExp[row] * GpuAttentionRow.Log2E, Y = sum };
            }
        }
    }
}
