using System.Runtime.CompilerServices;
using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// One warp per query row sums dq over the keys, then one per key row sums dk and dv over the queries; everything in global memory and
/// widened to floats: each lane has the score of one of 32 pairs, then each lane adds up four channels of the weighted rows, or eight.
/// Every row has one owner, so nothing is added atomically. No tensor core: what the others are measured by, and the variant for heads
/// of any size.
/// Threads: four warps in a block. Limits: none. Bytes: 12 L d per row, less what the caches keep. FLOPs: 14 L d per row.
/// </summary>
internal sealed class AttentionBackwardBf16V1Naive : GpuVariant<AttentionBackwardBf16Call>
{
    private const int Warps = 4;

    private static readonly GpuKernel Queries = new(QueryRow, Warps * WarpReduce.Lanes) { Unroll = Bf16WarpRow.Packs };
    private static readonly GpuKernel Keys = new(KeyRow, Warps * WarpReduce.Lanes) { Unroll = Bf16WarpRow.Packs };

    public override string Name => "v1-naive";

    public override string Idea => "one warp per row of dq, then one per row of dk and dv, from global memory, no tensor core";

    public override IReadOnlyList<GpuKernel> Kernels { get; } = [Queries, Keys];

    protected override void Run(GpuDevice device, in AttentionBackwardBf16Call call)
    {
        var isPacked = Bf16Memory.HasPackedRows(call.Qkv, call.HeadSize) && Bf16Memory.HasPackedRows(call.Output, call.HeadSize)
            && Bf16Memory.HasPackedRows(call.OutputGradient, call.HeadSize) && Bf16Memory.HasPackedRows(call.QkvGradient, call.HeadSize);
        using var dots = device.Scratch<float>(call.Dims.Rows);
        foreach (var kernel in Kernels)
        {
            device.Prepare(kernel)
                .With(call.Qkv).With(call.Output).With(call.OutputGradient).With(call.LogSumExp).With(dots.Slice).With(call.QkvGradient)
                .With(call.Dims.Batch).With(call.Tokens).With(call.Heads).With(call.HeadSize)
                .With(isPacked ? 1 : 0)
                .With(GpuAttentionRow.Scale(call.HeadSize)).With(GpuAttentionRow.ScaleOfExp2(call.HeadSize))
                .On(new GridSize(GridCover.Blocks(call.Dims.Rows, Warps)));
        }
    }

    private static void QueryRow(
        ArrayView<BFloat16> qkv, ArrayView<BFloat16> output, ArrayView<BFloat16> dOutput, ArrayView<float> logSumExp,
        ArrayView<float> dots, ArrayView<BFloat16> dQkv, int batch, int tokens, int heads, int size, int isPacked, float scale, float scaleOfExp2)
    {
        var row = ((long)Grid.IdxX * Warps) + WarpReduce.Warp;
        var index = (int)(row / tokens);
        if (index < batch * heads)
        {
            var token = (int)(row - ((long)index * tokens));
            var head = new GpuAttentionHead(index, tokens, heads, size);
            var pair = new Pair(qkv, dOutput, logSumExp, dots, head, size, isPacked != 0, scaleOfExp2);
            pair.StoreDot(output, token);
            var dQuery = new Float4[Bf16WarpRow.Packs];
            Bf16WarpRow.Clear(dQuery);
            for (var first = 0; first < tokens; first += WarpReduce.Lanes)
            {
                var key = first + WarpReduce.Lane;
                var dScore = 0f;
                if (key < tokens)
                {
                    dScore = pair.ScoreGradient(token, key, pair.Probability(token, key));
                }

                Bf16WarpRow.AddWeighted(
                    dQuery, dScore, qkv, head.Key + ((long)first * head.PackedWidth), head.PackedWidth, tokens - first, size, isPacked != 0);
            }

            Bf16WarpRow.Store(dQuery, scale, dQkv, head.Query + ((long)token * head.PackedWidth), size, isPacked != 0);
        }
    }

    private static void KeyRow(
        ArrayView<BFloat16> qkv, ArrayView<BFloat16> output, ArrayView<BFloat16> dOutput, ArrayView<float> logSumExp,
        ArrayView<float> dots, ArrayView<BFloat16> dQkv, int batch, int tokens, int heads, int size, int isPacked, float scale, float scaleOfExp2)
    {
        var row = ((long)Grid.IdxX * Warps) + WarpReduce.Warp;
        var index = (int)(row / tokens);
        if (index < batch * heads)
        {
            var token = (int)(row - ((long)index * tokens));
            var head = new GpuAttentionHead(index, tokens, heads, size);
            var pair = new Pair(qkv, dOutput, logSumExp, dots, head, size, isPacked != 0, scaleOfExp2);
            Float4[] dKey = new Float4[Bf16WarpRow.Packs], dValue = new Float4[Bf16WarpRow.Packs];
            Bf16WarpRow.Clear(dKey);
            Bf16WarpRow.Clear(dValue);
            for (var first = 0; first < tokens; first += WarpReduce.Lanes)
            {
                var query = first + WarpReduce.Lane;
                float probability = 0f, dScore = 0f;
                if (query < tokens)
                {
                    probability = pair.Probability(query, token);
                    dScore = pair.ScoreGradient(query, token, probability);
                }

                Bf16WarpRow.AddWeighted(
                    dKey, dScore, qkv, head.Query + ((long)first * head.PackedWidth), head.PackedWidth, tokens - first, size, isPacked != 0);
                Bf16WarpRow.AddWeighted(
                    dValue, probability, dOutput, head.Output + ((long)first * head.Width), head.Width, tokens - first, size, isPacked != 0);
            }

            Bf16WarpRow.Store(dKey, scale, dQkv, head.Key + ((long)token * head.PackedWidth), size, isPacked != 0);
            Bf16WarpRow.Store(dValue, 1f, dQkv, head.Value + ((long)token * head.PackedWidth), size, isPacked != 0);
        }
    }

    /// <summary>What a pair of a query and a key has to do with each other.</summary>
    private readonly struct Pair(
        ArrayView<BFloat16> qkv, ArrayView<BFloat16> dOutput, ArrayView<float> logSumExp, ArrayView<float> dots,
        GpuAttentionHead head, int size, bool isPacked, float scaleOfExp2)
    {
        /// <summary>Puts down the sum of the products of the query's result and its gradient, for all lanes.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void StoreDot(ArrayView<BFloat16> output, int query)
        {
            var row = head.Output + ((long)query * head.Width);
            if (WarpReduce.Lane == 0)
            {
                dots[head.Row + query] = GpuAttentionRow.Dot(dOutput, row, output, row, size, isPacked);
            }

            Warp.Barrier();
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public float Probability(int query, int key)
        {
            var score = GpuAttentionRow.Dot(
                qkv, head.Query + ((long)query * head.PackedWidth), qkv, head.Key + ((long)key * head.PackedWidth), size, isPacked);
            return HeadTile.Exp2(score, scaleOfExp2, logSumExp[head.Row + query] * GpuAttentionRow.Log2E);
        }

        /// <summary>Of the scaled score.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public float ScoreGradient(int query, int key, float probability)
        {
            var row = head.Output + ((long)query * head.Width);
            var value = head.Value + ((long)key * head.PackedWidth);
            return probability * (GpuAttentionRow.Dot(dOutput, row, qkv, value, size, isPacked) - dots[head.Row + query]);
        }
    }
}
