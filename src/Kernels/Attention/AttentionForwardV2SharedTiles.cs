using System.Diagnostics.CodeAnalysis;
using ILGPU;
using ILGPU.Runtime;

namespace DPT.Engine.Kernels;

/// <summary>
/// A block takes 16 query rows of a head; it loops over keys and values in shared memory, 32 at a time. The first pass over the
/// keys finds the largest logit of every row, the second computes the logits again, their exponentials, and the weighted
/// sum of the values.
/// Threads: 128 as 16 rows by 8; a thread has four of the 32 logits of its row, and an eighth of the row's result in
/// registers. Limits: head sizes that are multiples of 4 up to 128, at the cost of the next of 32, 64, 72, 96, 128;
/// operands at multiples of 16 bytes. Shared memory: up to 44 KiB. Bytes: 12 L d for 16 rows. FLOPs: 6 L d per row; five
/// packs of shared memory for 16 fused multiply-adds.
/// </summary>
internal sealed class AttentionForwardV2SharedTiles : GpuVariant<AttentionForwardCall>
{
    private const int Rows = HeadTile.Down, Keys = HeadTile.Keys;

    private static readonly AttentionHeadKernels Heads = new(
        Kernel<Head32>, HeadTile.Threads, Rows + (2 * Keys), Rows);

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
        var q = SharedMemory.GetDynamic<Float4>().AsAligned(16);
        var k = q.SubView(Rows * HeadTile.Stride<T>());
        var v = k.SubView(Keys * HeadTile.Stride<T>());
        var p = v.SubView(Keys * HeadTile.Stride<T>());
        var index = Grid.IdxX / blocks;
        var head = new GpuAttentionHead(index, tokens, heads, T.IsFilled ? T.Size : size);
        var row = (Grid.IdxX - (index * blocks)) * Rows;
        HeadTile.Stage<T>(q, Rows, qkv, head.Query, head.PackedWidth, row, tokens, size);

        var s = new float[4];
        var max = float.NegativeInfinity;
        for (var first = 0; first < tokens; first += Keys)
        {
            HeadTile.Stage<T>(k, Keys, qkv, head.Key, head.PackedWidth, first, tokens, size);
            Group.Barrier();
            HeadTile.MultiplyTransposed<T>(s, 1, q, k);
            for (var j = 0; j < 4; j++)
            {
                max = HeadTile.IsKey(j, tokens - first) ? HeadTile.Max(s[j], max) : max;
            }

            Group.Barrier();
        }

        max = HeadTile.MaxAcross(max) * scale;
        var sum = 0f;
        var o = new Float4[4];
        var tail = new float[4];
        HeadTile.Clear(o, tail, 1);
        for (var first = 0; first < tokens; first += Keys)
        {
            HeadTile.Stage<T>(k, Keys, qkv, head.Key, head.PackedWidth, first, tokens, size);
            HeadTile.Stage<T>(v, Keys, qkv, head.Value, head.PackedWidth, first, tokens, size);
            Group.Barrier();
            HeadTile.MultiplyTransposed<T>(s, 1, q, k);
            for (var j = 0; j < 4; j++)
            {
                s[j] = HeadTile.IsKey(j, tokens - first) ? HeadTile.Exp2(s[j], scale, max) : 0f;
                sum += s[j];
            }

            HeadTile.StoreWeights(p, s, 1);
            Warp.Barrier();
            HeadTile.AddProduct<T>(o, tail, 1, p, v);
            Group.Barrier();
        }

        sum = HeadTile.SumAcross(sum);
        row += HeadTile.Y;
        if (row < tokens)
        {
            HeadTile.Store<T>(o, tail, 0, 1f / sum, output, head.Output + ((long)row * head.Width), size);
            HeadTile.StoreLogSumExp(logSumExp, head.Row + row, max, sum);
        }
    }
}
