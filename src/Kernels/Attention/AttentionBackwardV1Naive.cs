using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// One thread per query row takes the largest logit and the sum of its softmax again and sums dq over the keys, then one
/// thread per key row sums dk and dv over the queries. Every row has one owner, so nothing is added atomically.
/// Threads: 128 in a block, neighbours on neighbouring tokens. Limits: none. Bytes: about 76 L d per row, less what the
/// caches keep. FLOPs: 20 L d per row.
/// </summary>
internal sealed class AttentionBackwardV1Naive : GpuVariant<AttentionBackwardCall>
{
    private static readonly GpuKernel Queries = new(QueryRow, threads: 128);
    private static readonly GpuKernel Keys = new(KeyRow, threads: 128);

    public override string Name => "v1-naive";

    public override string Idea => "one thread per row of dq, then one per row of dk and dv, all in global memory";

    public override IReadOnlyList<GpuKernel> Kernels { get; } = [Queries, Keys];

    protected override void Run(GpuDevice device, in AttentionBackwardCall call)
    {
        var count = (long)call.Batch * call.Heads * call.Tokens;
        using var rows = device.Scratch<float>(2 * count);
        foreach (var kernel in Kernels)
        {
            device.Prepare(kernel)
                .With(call.Qkv).With(call.Output).With(call.OutputGradient).With(call.QkvGradient)
                .With(rows.Slice.Range(0, count)).With(rows.Slice.Range(count, count))
                .With(call.Batch).With(call.Tokens).With(call.Heads).With(call.HeadSize)
                .With(GpuAttentionRow.Scale(call.HeadSize))
                .On(new GridSize(GridCover.Blocks(count, kernel.Threads)));
        }
    }

    private static void QueryRow(
        ArrayView<float> qkv, ArrayView<float> output, ArrayView<float> dOutput, ArrayView<float> dQkv,
        ArrayView<float> rowMax, ArrayView<float> rowSum, int batch, int tokens, int heads, int size, float scale)
    {
        var row = ((long)Grid.IdxX * Group.DimX) + Group.IdxX;
        var index = (int)(row / tokens);
        if (index < batch * heads)
        {
            var token = (int)(row - ((long)index * tokens));
            var head = new GpuAttentionHead(index, tokens, heads, size);
            var pair = new Pair(qkv, output, dOutput, rowMax, rowSum, head, size, scale);
            var query = head.Query + ((long)token * head.PackedWidth);
            pair.StoreSoftmax(token, tokens);
            var mean = pair.Mean(token);
            GpuAttentionRow.Clear(dQkv, query, size);
            for (var j = 0; j < tokens; j++)
            {
                var probability = pair.Probability(token, j);
                var dScore = pair.ScoreGradient(token, j, probability, mean);
                GpuAttentionRow.Add(dScore, qkv, head.Key + ((long)j * head.PackedWidth), dQkv, query, size);
            }
        }
    }

    private static void KeyRow(
        ArrayView<float> qkv, ArrayView<float> output, ArrayView<float> dOutput, ArrayView<float> dQkv,
        ArrayView<float> rowMax, ArrayView<float> rowSum, int batch, int tokens, int heads, int size, float scale)
    {
        var row = ((long)Grid.IdxX * Group.DimX) + Group.IdxX;
        var index = (int)(row / tokens);
        if (index < batch * heads)
        {
            var token = (int)(row - ((long)index * tokens));
            var head = new GpuAttentionHead(index, tokens, heads, size);
            var pair = new Pair(qkv, output, dOutput, rowMax, rowSum, head, size, scale);
            var key = head.Key + ((long)token * head.PackedWidth);
            var value = head.Value + ((long)token * head.PackedWidth);
            GpuAttentionRow.Clear(dQkv, key, size);
            GpuAttentionRow.Clear(dQkv, value, size);
            for (var i = 0; i < tokens; i++)
            {
                var probability = pair.Probability(i, token);
                var dScore = pair.ScoreGradient(i, token, probability, pair.Mean(i));
                GpuAttentionRow.Add(dScore, qkv, head.Query + ((long)i * head.PackedWidth), dQkv, key, size);
                GpuAttentionRow.Add(probability, dOutput, head.Output + ((long)i * head.Width), dQkv, value, size);
            }
        }
    }

    /// <summary>What a pair of a query and a key has to do with each other.</summary>
    private readonly struct Pair(
        ArrayView<float> qkv, ArrayView<float> output, ArrayView<float> dOutput, ArrayView<float> rowMax, ArrayView<float> rowSum,
        GpuAttentionHead head, int size, float scale)
    {
        /// <summary>Puts down the query's largest logit, and the sum of exponentials relative to it.</summary>
        public void StoreSoftmax(int query, int tokens)
        {
            var max = Logit(query, 0);
            for (var j = 1; j < tokens; j++)
            {
                max = HeadTile.Max(Logit(query, j), max);
            }

            var sum = 0f;
            for (var j = 0; j < tokens; j++)
            {
                sum += GpuAttentionRow.Exp(Logit(query, j) - max);
            }

            rowMax[head.Row + query] = max;
            rowSum[head.Row + query] = sum;
        }

        /// <summary>Sum of the products of the query's result and its gradient.</summary>
        public float Mean(int query)
        {
            var at = head.Output + ((long)query * head.Width);
            return GpuAttentionRow.Dot(dOutput, at, output, at, size);
        }

        public float Probability(int query, int key)
        {
            var row = head.Row + query;
            var power = GpuAttentionRow.Exp(Logit(query, key) - rowMax[row]);
            return power / rowSum[row];
        }

        public float ScoreGradient(int query, int key, float probability, float mean)
        {
            var dProbability = GpuAttentionRow.Dot(
                dOutput, head.Output + ((long)query * head.Width), qkv, head.Value + ((long)key * head.PackedWidth), size);
            return scale * probability * (dProbability - mean);
        }

        private float Logit(int query, int key) => scale * GpuAttentionRow.Dot(
            qkv, head.Query + ((long)query * head.PackedWidth), qkv, head.Key + ((long)key * head.PackedWidth), size);
    }
}
