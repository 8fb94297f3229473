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
    private const int Rows = 64, Keys = 32, Across = HeadTile.Across, Down = HeadTile.Down;
    private const float Ln2 = 0.693147181f;

    private static readonly AttentionHeadKernels Heads = new(
        Kernel<Head32>, Across * Down, Rows + (2 * Keys), Rows);

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
        // Packs of four floats: q [64][d/4 + 1], k and v [32][d/4 + 1], p [64][10].
        var q = SharedMemory.GetDynamic<Float4>().AsAligned(16);
        var k = q.SubView(Rows * HeadTile.Stride<T>());
        var v = k.SubView(Keys * HeadTile.Stride<T>());
        var p = v.SubView(Keys * HeadTile.Stride<T>());
        int x = Group.IdxX & (Across - 1), y = Group.IdxX / Across;
        var index = Grid.IdxX / blocks;
        var head = new GpuAttentionHead(index, tokens, heads, T.IsFilled ? T.Size : size);
        var row = (Grid.IdxX - (index * blocks)) * Rows;
        HeadTile.Stage<T>(q, Rows, qkv, head.Query, head.PackedWidth, row, tokens, size);

        // Not minus infinity, whose difference from itself is NaN: where all logits are that, m stays and l is 0.
        float[] m = new float[4], l = new float[4], tail = new float[4];
        var o = new Float4[16];
        for (var r = 0; r < 4; r++)
        {
            m[r] = float.MinValue;
            l[r] = 0f;
            tail[r] = 0f;
            for (var c = 0; c < 4; c++)
            {
                o[(4 * r) + c] = default;
            }
        }

        // A warp whose rows are all behind the last one only helps to stage.
        var isOwner = row + (y & ~3) < tokens;
        for (var first = 0; first < tokens; first += Keys)
        {
            HeadTile.Stage<T>(k, Keys, qkv, head.Key, head.PackedWidth, first, tokens, size);
            HeadTile.Stage<T>(v, Keys, qkv, head.Value, head.PackedWidth, first, tokens, size);
            Group.Barrier();
            if (isOwner)
            {
                // s = q k^T.
                var s = new float[16];
                for (var i = 0; i < 4; i++)
                {
                    for (var j = 0; j < 4; j++)
                    {
                        s[(4 * i) + j] = 0f;
                    }
                }

                for (var c = 0; c < T.Size / 4; c++)
                {
                    var b = new Float4[4];
                    for (var j = 0; j < 4; j++)
                    {
                        b[j] = k[((x + (Across * j)) * HeadTile.Stride<T>()) + c];
                    }

                    for (var r = 0; r < 4; r++)
                    {
                        var a = q[((y + (Down * r)) * HeadTile.Stride<T>()) + c];
                        for (var j = 0; j < 4; j++)
                        {
                            s[(4 * r) + j] = a.Dot(b[j], s[(4 * r) + j]);
                        }
                    }
                }

                // p = 2^(s - m): a row's eight threads are neighbours in its warp.
                for (var r = 0; r < 4; r++)
                {
                    var max = float.NegativeInfinity;
                    for (var j = 0; j < 4; j++)
                    {
                        s[(4 * r) + j] = first + x + (Across * j) < tokens ? s[(4 * r) + j] : float.NegativeInfinity;
                        max = HeadTile.Max(s[(4 * r) + j], max);
                    }

                    max = HeadTile.Max(HeadTile.MaxAcross(max) * scale, m[r]);
                    var factor = Scalar.Exp2(m[r] - max);
                    m[r] = max;
                    var sum = 0f;
                    for (var j = 0; j < 4; j++)
                    {
                        var power = Scalar.Exp2((s[(4 * r) + j] * scale) - max);
                        sum += power;
                        p.Cast<float>()[((y + (Down * r)) * HeadTile.WeightStride) + x + (Across * j)] = power;
                    }

                    l[r] = Scalar.Fma(l[r], factor, sum);
                    tail[r] *= factor;
                    for (var c = 0; c < T.Size / 32; c++)
                    {
                        o[(4 * r) + c].Scale(factor);
                    }
                }

                Warp.Barrier();

                // o += p v.
                for (var i = 0; i < Keys / 4; i++)
                {
                    var b = new Float4[16];
                    var bTail = new float[4];
                    for (var j = 0; j < 4; j++)
                    {
                        for (var c = 0; c < T.Size / 32; c++)
                        {
                            b[(4 * j) + c] = v[(((4 * i) + j) * HeadTile.Stride<T>()) + x + (Across * c)];
                        }

                        bTail[j] = HeadTile.HasTail<T>() ? HeadTile.Tail<T>(v, (4 * i) + j) : 0f;
                    }

                    for (var r = 0; r < 4; r++)
                    {
                        var a = p[((y + (Down * r)) * (HeadTile.WeightStride / 4)) + i];
                        for (var c = 0; c < T.Size / 32; c++)
                        {
                            o[(4 * r) + c].AddScaled(a.X, b[c]);
                            o[(4 * r) + c].AddScaled(a.Y, b[4 + c]);
                            o[(4 * r) + c].AddScaled(a.Z, b[8 + c]);
                            o[(4 * r) + c].AddScaled(a.W, b[12 + c]);
                        }

                        tail[r] = a.Dot(bTail[0], bTail[1], bTail[2], bTail[3], tail[r]);
                    }
                }
            }

            Group.Barrier();
        }

        for (var r = 0; r < 4; r++)
        {
            var token = row + y + (Down * r);
            var sum = HeadTile.SumAcross(l[r]);
            if (token < tokens)
            {
                var at = head.Output + ((long)token * head.Width);
                for (var c = 0; c < T.Size / 32; c++)
                {
                    o[(4 * r) + c].Scale(1f / sum);
                    HeadTile.StorePack<T>(output, at, 4 * (x + (Across * c)), size, o[(4 * r) + c]);
                }

                HeadTile.StoreTail<T>(output, at, size, tail[r] * (1f / sum));
                if (x == 0 && logSumExp.Length > 0)
                {
                    logSumExp[head.Row + token] = sum > 0f ? Scalar.Fma(m[r], Ln2, GpuAttentionRow.Log(sum)) : float.NaN;
                }
            }
        }
    }
}
