using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// As <see cref="AttentionRowDots"/> in bf16: the sum of dO O for every row of a head, in fp32. One warp per row, a lane has four
/// channels; then five exchanges in a fixed order. Limits: heads of at most 128. Bytes: 4 d per row. FLOPs: 2 d per row.
/// </summary>
internal static class AttentionRowDotsBf16
{
    /// <summary>The kernel.</summary>
    public static GpuKernel Dots { get; } = new(Kernel, threads: 4 * WarpReduce.Lanes);

    /// <summary>Launches it.</summary>
    /// <param name="device">Where.</param>
    /// <param name="call">The call with both factors; their rows start at multiples of 8 bytes.</param>
    /// <param name="dots">[B,H,L].</param>
    public static void Launch(GpuDevice device, in AttentionBackwardBf16Call call, Slice<float> dots) =>
        device.Prepare(Dots)
            .With(call.Output).With(call.OutputGradient).With(dots)
            .With(call.Dims.Batch).With(call.Tokens).With(call.Heads).With(call.HeadSize)
            .On(new GridSize(GridCover.Blocks(call.Dims.Rows, Dots.Threads / WarpReduce.Lanes)));

    private static void Kernel(
        ArrayView<BFloat16> output, ArrayView<BFloat16> dOutput, ArrayView<float> dots, int batch, int tokens, int heads, int size)
    {
        var row = ((long)Grid.IdxX * (Group.DimX / WarpReduce.Lanes)) + WarpReduce.Warp;
        var index = (int)(row / tokens);
        if (index < batch * heads)
        {
            var head = new GpuAttentionHead(index, tokens, heads, size);
            var channel = 4 * WarpReduce.Lane;
            var at = head.Output + ((row - ((long)index * tokens)) * head.Width) + channel;
            var pack = Bf16Memory.LoadUpTo4(output, at, size - channel, isAligned: true);
            var sum = WarpReduce.Sum(pack.Dot(Bf16Memory.LoadUpTo4(dOutput, at, size - channel, isAligned: true), 0f));
            if (WarpReduce.Lane == 0)
            {
                dots[row] = sum;
            }
        }
    }
}
