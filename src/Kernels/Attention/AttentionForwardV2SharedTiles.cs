using System.Diagnostics.CodeAnalysis;
using ILGPU;
using ILGPU.Runtime;

namespace DPT.Engine.Kernels;

/// <summary>
/// A block takes 16 query rows of a head; keys and values pass by in shared memory, 32 at a time. The first pass over the
/// keys finds the largest logit of every row, the second computes the logits again, their exponentials, and the weighted
/// sum of the values.
/// Threads: 128 as 16 rows by 8; a thread has four of the 32 logits of its row, and an eighth of the row's result in
/// registers. Limits: head sizes that are multiples of 4 up to 128, at the cost of the next of 32, 64, 72, 96, 128;
/// operands at multiples of 16 bytes. Shared memory: up to 44 KiB. Bytes: 12 L d for 16 rows. FLOPs: 6 L d per row; five
/// packs of shared memory for 16 fused multiply-adds.
/// </summary>
internal sealed class AttentionForwardV2SharedTiles : GpuVariant<AttentionForwardCall>
{
    private const int Rows = AttentionTile.Down;

    private static readonly AttentionHeadKernels Heads = new(
        Kernel<Head32>, AttentionTile.Threads, Rows + (2 * AttentionTile.Passing), Rows);

    public override string Name => "v2-shared-tiles";

    public override string Idea => "16 query rows a block, keys and values through shared memory, two passes";

    public override IReadOnlyList<GpuKernel> Kernels => Heads.All;

    public override bool Supports(in AttentionForwardCall call, Device device, [NotNullWhen(false)] out string? reason) =>
        AttentionHeadKernels.Supports(call.HeadSize, out reason, call.Qkv, call.Output);

    protected override void Run(GpuDevice device, in AttentionForwardCall call)
    {
        var blocks = GridCover.Blocks(call.Tokens, Rows);
        device.Prepare(Heads.For(call.HeadSize))
            .With(call.Qkv).With(call.Output).With(call.LogSumExp)
            .With(call.Tokens).With(call.Heads).With(call.HeadSize).With(blocks).With(GpuAttentionRow.ScaleOfExp2(call.HeadSize))
            .On(new GridSize(GridCover.Blocks((long)call.Batch * call.Heads * blocks, 1)));
    }

    private static void Kernel<T>(
        ArrayView<float> qkv, ArrayView<float> output, ArrayView<float> logSumExp,
        int tokens, int heads, int size, int blocks, float scale)
        where T : struct, IHeadSize
    {
        var shared = SharedMemory.GetDynamic<Float4>().AsAligned(16);
        var queries = shared;
        var keys = queries.SubView(Rows * AttentionTile.RowPacks(T.Size));
        var values = keys.SubView(AttentionTile.Passing * AttentionTile.RowPacks(T.Size));
        var weights = values.SubView(AttentionTile.Passing * AttentionTile.RowPacks(T.Size));
        var index = Grid.IdxX / blocks;
        var head = new GpuAttentionHead(index, tokens, heads, AttentionTile.HeadSize<T>(size));
        var row = (Grid.IdxX - (index * blocks)) * Rows;
        AttentionTile.Stage<T>(queries, Rows, qkv, head.Query, head.PackedWidth, row, tokens, size);

        var most = float.NegativeInfinity;
        for (var first = 0; first < tokens; first += AttentionTile.Passing)
        {
            AttentionTile.Stage<T>(keys, AttentionTile.Passing, qkv, head.Key, head.PackedWidth, first, tokens, size);
            Group.Barrier();
            var scores = AttentionTile.MaskFrom(tokens - first, AttentionTile.Products<T>(queries, AttentionTile.Y, keys));
            most = AttentionTile.Max(most, AttentionTile.MaxOf(scores));
            Group.Barrier();
        }

        most = AttentionTile.MaxAcross(most) * scale;
        var sum = 0f;
        var result = default(HeadSlice<T>);
        for (var first = 0; first < tokens; first += AttentionTile.Passing)
        {
            AttentionTile.Stage<T>(keys, AttentionTile.Passing, qkv, head.Key, head.PackedWidth, first, tokens, size);
            AttentionTile.Stage<T>(values, AttentionTile.Passing, qkv, head.Value, head.PackedWidth, first, tokens, size);
            Group.Barrier();
            var scores = AttentionTile.MaskFrom(tokens - first, AttentionTile.Products<T>(queries, AttentionTile.Y, keys));
            scores = AttentionTile.Exp2(scores, scale, most);
            sum += AttentionTile.SumOf(scores);
            ScoreTile.StoreRow(
                weights.Cast<float>(), (4 * AttentionTile.Y * AttentionTile.WeightRowPacks) + AttentionTile.X, scores);
            Warp.Barrier();
            for (var i = 0; i < AttentionTile.Passing; i += 4)
            {
                result.AddRows(
                    weights[(AttentionTile.Y * AttentionTile.WeightRowPacks) + (i / 4)],
                    HeadSlice<T>.Load(values, i),
                    HeadSlice<T>.Load(values, i + 1),
                    HeadSlice<T>.Load(values, i + 2),
                    HeadSlice<T>.Load(values, i + 3));
            }

            Group.Barrier();
        }

        sum = AttentionTile.SumAcross(sum);
        row += AttentionTile.Y;
        if (row < tokens)
        {
            result.Store(output, head.Output + ((long)row * head.Width), size, 1f / sum);
            AttentionTile.StoreLogSumExp(logSumExp, head.Row + row, most, sum);
        }
    }
}
