using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime;

namespace DPT.Engine.Kernels;

/// <summary>
/// One pass over the keys (Milakov and Gimelshein 2018; Dao et al. 2022): every row keeps the largest logit so far and the
/// sum of exponentials relative to it, and when a larger one comes, sum and result are scaled down. A block takes 64 query
/// rows, and products run on register tiles.
/// Threads: 128 as 16 by 8; a thread has four rows, 16 apart, with four of the 32 logits of each, and an eighth of each
/// row's result in registers. Weights change hands inside a warp only. Limits: head sizes that are multiples of 4 up to
/// 128, at the cost of the next of 32, 64, 72, 96, 128; operands at multiples of 16 bytes. Shared memory: 28 KiB (d = 32)
/// to 76 KiB (d = 128). Bytes: 8 L d for 64 rows. FLOPs: 4 L d per row; eight packs of shared memory for 64 fused
/// multiply-adds.
/// </summary>
internal sealed class AttentionForwardV3OnlineSoftmax : GpuVariant<AttentionForwardCall>
{
    private const int Rows = ScoreTile.Own;

    private static readonly AttentionHeadKernels Heads = new(
        typeof(AttentionForwardV3OnlineSoftmax), nameof(Kernel), AttentionTile.Threads, Rows + (2 * AttentionTile.Passing), Rows);

    public override string Name => "v3-online-softmax";

    public override string Idea => "64 query rows a block, one pass with a running maximum, register tiles";

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
        var queries = SharedMemory.GetDynamic<Float4>().AsAligned(16);
        var keys = queries.SubView(Rows * AttentionTile.RowPacks(T.Size));
        var values = keys.SubView(AttentionTile.Passing * AttentionTile.RowPacks(T.Size));
        var weights = values.SubView(AttentionTile.Passing * AttentionTile.RowPacks(T.Size));
        var index = Grid.IdxX / blocks;
        var head = new GpuAttentionHead(index, tokens, heads, AttentionTile.HeadSize<T>(size));
        var row = (Grid.IdxX - (index * blocks)) * Rows;
        AttentionTile.Stage<T>(queries, Rows, qkv, head.Query, head.PackedWidth, row, tokens, size);

        var isOwner = AttentionTile.WarpOwnsRows(row, tokens);
        var softmax = OnlineSoftmax.Empty;
        var result = default(HeadTile<T>);
        for (var first = 0; first < tokens; first += AttentionTile.Passing)
        {
            AttentionTile.Stage<T>(keys, AttentionTile.Passing, qkv, head.Key, head.PackedWidth, first, tokens, size);
            AttentionTile.Stage<T>(values, AttentionTile.Passing, qkv, head.Value, head.PackedWidth, first, tokens, size);
            Group.Barrier();
            if (isOwner)
            {
                var scores = ScoreTile.Multiply<T>(queries, keys);
                result.Scale(softmax.Take(ref scores, tokens - first, scale));
                scores.Store(weights);
                Warp.Barrier();
                result.AddRows(weights, values);
            }

            Group.Barrier();
        }

        row += AttentionTile.Y;
        var sums = softmax.SumsAcross();
        result.Store(output, head.Output, head.Width, row, tokens, size, OnlineSoftmax.Inverse(sums));
        StoreLogSumExp(logSumExp, head.Row, row, tokens, softmax.Most.X, sums.X);
        StoreLogSumExp(logSumExp, head.Row, row + AttentionTile.Down, tokens, softmax.Most.Y, sums.Y);
        StoreLogSumExp(logSumExp, head.Row, row + (2 * AttentionTile.Down), tokens, softmax.Most.Z, sums.Z);
        StoreLogSumExp(logSumExp, head.Row, row + (3 * AttentionTile.Down), tokens, softmax.Most.W, sums.W);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreLogSumExp(ArrayView<float> logSumExp, long first, int row, int rows, float most, float sum)
    {
        if (row < rows)
        {
            AttentionTile.StoreLogSumExp(logSumExp, first + row, most, sum);
        }
    }
}
