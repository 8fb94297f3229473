using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// One thread per query row, everything in global memory: a first pass over the keys for the largest logit, a second one
/// that computes the logits again and adds the weighted values to the row of the result.
/// Threads: 128 in a block, neighbours on neighbouring tokens, so keys and values are the same for a warp, but queries
/// and results are a whole row apart. Limits: none. Bytes: about 20 L d per row, less what the caches keep.
/// FLOPs: 6 L d per row.
/// </summary>
internal sealed class AttentionForwardV1Naive : GpuVariant<AttentionForwardCall>
{
    private static readonly GpuKernel Rows = new(Kernel, threads: 128);

    public override string Name => "v1-naive";

    public override string Idea => "one thread per query row, two passes over keys in global memory";

    public override IReadOnlyList<GpuKernel> Kernels { get; } = [Rows];

    protected override void Run(GpuDevice device, in AttentionForwardCall call) =>
        device.Prepare(Rows)
            .With(call.Qkv).With(call.Output).With(call.LogSumExp)
            .With(call.Batch).With(call.Tokens).With(call.Heads).With(call.HeadSize)
            .With(GpuAttentionRow.Scale(call.HeadSize))
            .On(new GridSize(GridCover.Blocks((long)call.Batch * call.Heads * call.Tokens, Rows.Threads)));

    private static void Kernel(
        ArrayView<float> qkv, ArrayView<float> output, ArrayView<float> logSumExp,
        int batch, int tokens, int heads, int size, float scale)
    {
        var row = ((long)Grid.IdxX * Group.DimX) + Group.IdxX;
        var index = (int)(row / tokens);
        if (index < batch * heads)
        {
            var token = (int)(row - ((long)index * tokens));
            var head = new GpuAttentionHead(index, tokens, heads, size);
            var query = head.Query + ((long)token * head.PackedWidth);
            var result = head.Output + ((long)token * head.Width);
            var max = float.NegativeInfinity;
            for (var j = 0; j < tokens; j++)
            {
                var key = head.Key + ((long)j * head.PackedWidth);
                var logit = scale * GpuAttentionRow.Dot(qkv, query, qkv, key, size);
                max = logit > max ? logit : max;
            }

            GpuAttentionRow.Clear(output, result, size);
            var sum = 0f;
            for (var j = 0; j < tokens; j++)
            {
                var key = head.Key + ((long)j * head.PackedWidth);
                var logit = scale * GpuAttentionRow.Dot(qkv, query, qkv, key, size);
                var weight = GpuAttentionRow.Exp(logit - max);
                sum += weight;
                GpuAttentionRow.Add(weight, qkv, key + head.Width, output, result, size);
            }

            for (var c = 0; c < size; c++)
            {
                output[result + c] = output[result + c] / sum;
            }

            if (logSumExp.Length > 0)
            {
                logSumExp[row] = max + GpuAttentionRow.Log(sum);
            }
        }
    }
}
