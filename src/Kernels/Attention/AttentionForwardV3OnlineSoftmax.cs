using System.Diagnostics.CodeAnalysis;
using ILGPU;
using ILGPU.Runtime;

namespace DPT.Engine.Kernels;

/// <summary>
/// One pass over the keys (Milakov and Gimelshein 2018; Dao et al. 2022): every row keeps the largest logit so far (m) and the
/// sum of exponentials relative to it (l), and when a larger one comes, l and the result (o) are scaled down. A block takes 64
/// query rows, and products run on register tiles.
/// Threads: 128 as 16 by 8; a thread has four rows, 16 apart, with four of the 32 logits of each, 8 apart, and an eighth of each
/// row of o in registers. Probabilities change hands inside a warp only. Limits: head sizes that are multiples of 4 up to 128, at
/// the cost of the next of 32, 64, 72, 96, 128; operands at multiples of 16 bytes. Shared memory: 28 KiB (d = 32) to 76 KiB
/// (d = 128). Bytes: 8 L d for 64 rows. FLOPs: 4 L d per row; eight packs of shared memory for 64 fused multiply-adds.
/// </summary>
internal sealed class AttentionForwardV3OnlineSoftmax : GpuVariant<AttentionForwardCall>
{
    private const int Rows = 4 * HeadTile.Down, Keys = HeadTile.Keys;

    private static readonly AttentionHeadKernels Heads = new(
        Kernel<Head32>, HeadTile.Threads, Rows + (2 * Keys), Rows);

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
        var q = SharedMemory.GetDynamic<Float4>().AsAligned(16);
        var k = q.SubView(Rows * HeadTile.Stride<T>());
        var v = k.SubView(Keys * HeadTile.Stride<T>());
        var p = v.SubView(Keys * HeadTile.Stride<T>());
        var index = Grid.IdxX / blocks;
        var head = new GpuAttentionHead(index, tokens, heads, T.IsFilled ? T.Size : size);
        var row = (Grid.IdxX - (index * blocks)) * Rows;
        HeadTile.Stage<T>(q, Rows, qkv, head.Query, head.PackedWidth, row, tokens, size);

        float[] m = new float[4], l = new float[4], s = new float[16], tail = new float[4];
        var o = new Float4[16];
        HeadTile.Clear(o, tail, 4);
        for (var r = 0; r < 4; r++)
        {
            // Not minus infinity, whose difference from itself is NaN: where all scores are that, m stays and l is 0.
            m[r] = float.MinValue;
            l[r] = 0f;
        }

        var hasRows = HeadTile.WarpHasRows(row, tokens);
        for (var first = 0; first < tokens; first += Keys)
        {
            HeadTile.Stage<T>(k, Keys, qkv, head.Key, head.PackedWidth, first, tokens, size);
            HeadTile.Stage<T>(v, Keys, qkv, head.Value, head.PackedWidth, first, tokens, size);
            Group.Barrier();
            if (hasRows)
            {
                HeadTile.MultiplyTransposed<T>(s, 4, q, k);
                for (var r = 0; r < 4; r++)
                {
                    HeadTile.Scale<T>(o, tail, r, HeadTile.OnlineSoftmax(s, m, l, r, tokens - first, scale));
                }

                HeadTile.StoreWeights(p, s, 4);
                Warp.Barrier();
                HeadTile.AddProduct<T>(o, tail, 4, p, v);
            }

            Group.Barrier();
        }

        for (var r = 0; r < 4; r++)
        {
            var token = row + HeadTile.Y + (HeadTile.Down * r);
            var sum = HeadTile.SumAcross(l[r]);
            if (token < tokens)
            {
                HeadTile.Store<T>(o, tail, r, 1f / sum, output, head.Output + ((long)token * head.Width), size);
                HeadTile.StoreLogSumExp(logSumExp, head.Row + token, m[r], sum);
            }
        }
    }
}
