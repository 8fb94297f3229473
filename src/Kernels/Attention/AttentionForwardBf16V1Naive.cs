using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// One warp per query row, everything in global memory and widened to floats: each lane has the score of one of 32 keys, then each
/// lane adds up four channels of the weighted values, or eight; sums shrink when a larger score comes. No tensor core: what the others
/// are measured by, and the variant for heads of any size.
/// Threads: four warps in a block, neighbours on neighbouring tokens. Limits: none. Bytes: 4 L d per row, less what the caches keep.
/// FLOPs: 4 L d per row.
/// </summary>
internal sealed class AttentionForwardBf16V1Naive : GpuVariant<AttentionForwardBf16Call>
{
    private const int Warps = 4;

    private static readonly GpuKernel Rows = new(Kernel, Warps * WarpReduce.Lanes) { Unroll = Bf16WarpRow.Packs };

    public override string Name => "v1-naive";

    public override string Idea => "one warp per query row, keys and values from global memory, no tensor core";

    public override IReadOnlyList<GpuKernel> Kernels { get; } = [Rows];

    protected override void Run(GpuDevice device, in AttentionForwardBf16Call call) =>
        device.Prepare(Rows)
            .With(call.Qkv).With(call.Output).With(call.LogSumExp)
            .With(call.Dims.Batch).With(call.Tokens).With(call.Heads).With(call.HeadSize)
            .With(Bf16Memory.HasPackedRows(call.Qkv, call.HeadSize) && Bf16Memory.HasPackedRows(call.Output, call.HeadSize) ? 1 : 0)
            .With(GpuAttentionRow.ScaleOfExp2(call.HeadSize))
            .On(new GridSize(GridCover.Blocks(call.Dims.Rows, Warps)));

    private static void Kernel(
        ArrayView<BFloat16> qkv, ArrayView<BFloat16> output, ArrayView<float> logSumExp,
        int batch, int tokens, int heads, int size, int isPacked, float scale)
    {
        var row = ((long)Grid.IdxX * Warps) + WarpReduce.Warp;
        var index = (int)(row / tokens);
        if (index < batch * heads)
        {
            var lane = WarpReduce.Lane;
            var token = (int)(row - ((long)index * tokens));
            var head = new GpuAttentionHead(index, tokens, heads, size);
            var query = head.Query + ((long)token * head.PackedWidth);
            var sums = new Float4[Bf16WarpRow.Packs];
            Bf16WarpRow.Clear(sums);

            // Not minus infinity, whose difference from itself is NaN: where all scores are that, m stays and l is 0.
            float m = float.MinValue, l = 0f;
            for (var first = 0; first < tokens; first += WarpReduce.Lanes)
            {
                var key = head.Key + ((long)(first + lane) * head.PackedWidth);
                var score = first + lane < tokens
                    ? GpuAttentionRow.Dot(qkv, query, qkv, key, size, isPacked != 0)
                    : float.NegativeInfinity;
                var max = Scalar.Max(WarpReduce.Max(score) * scale, m);
                var weight = HeadTile.Exp2(score, scale, max);
                var factor = Scalar.Exp2(m - max);
                l = Scalar.Fma(l, factor, weight);
                m = max;
                for (var c = 0; c < Bf16WarpRow.Packs; c++)
                {
                    sums[c].Scale(factor);
                }

                Bf16WarpRow.AddWeighted(
                    sums, weight, qkv, head.Value + ((long)first * head.PackedWidth), head.PackedWidth, tokens - first, size, isPacked != 0);
            }

            l = WarpReduce.Sum(l);
            Bf16WarpRow.Store(sums, 1f / l, output, head.Output + ((long)token * head.Width), size, isPacked != 0);
            if (lane == 0 && logSumExp.Length > 0)
            {
                logSumExp[row] = GpuAttentionRow.LogSumExp(m, l);
            }
        }
    }
}
