using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// Sum of dO O for every row of a head: what the softmax subtracts in its gradient. One warp per row, lanes along the
/// head, then five exchanges in a fixed order. Bytes: 8 d per row. FLOPs: 2 d per row.
/// </summary>
internal static class AttentionRowDots
{
    private const int Lanes = 32;

    /// <summary>The kernel.</summary>
    public static GpuKernel Dots { get; } = new(Kernel, threads: 4 * Lanes);

    /// <summary>Launches it.</summary>
    /// <param name="device">Where.</param>
    /// <param name="call">The call with both factors.</param>
    /// <param name="dots">[B,H,L].</param>
    public static void Launch(GpuDevice device, in AttentionBackwardCall call, Slice<float> dots) =>
        device.Prepare(Dots)
            .With(call.Output).With(call.OutputGradient).With(dots)
            .With(call.Batch).With(call.Tokens).With(call.Heads).With(call.HeadSize)
            .On(new GridSize(GridCover.Blocks((long)call.Batch * call.Heads * call.Tokens, Dots.Threads / Lanes)));

    private static void Kernel(
        ArrayView<float> output, ArrayView<float> dOutput, ArrayView<float> dots, int batch, int tokens, int heads, int size)
    {
        var lane = Group.IdxX & (Lanes - 1);
        var row = ((long)Grid.IdxX * (Group.DimX / Lanes)) + (Group.IdxX / Lanes);
        var index = (int)(row / tokens);
        var isInside = index < batch * heads;
        var head = new GpuAttentionHead(isInside ? index : 0, tokens, heads, size);
        var at = head.Output + ((row - ((long)index * tokens)) * head.Width);
        var sum = 0f;
        if (isInside)
        {
            for (var c = lane; c < size; c += Lanes)
            {
                sum = Scalar.Fma(output[at + c], dOutput[at + c], sum);
            }
        }

        sum += Warp.ShuffleXor(sum, 16);
        sum += Warp.ShuffleXor(sum, 8);
        sum = HeadTile.SumAcross(sum);
        if (isInside && lane == 0)
        {
            dots[row] = sum;
        }
    }
}
