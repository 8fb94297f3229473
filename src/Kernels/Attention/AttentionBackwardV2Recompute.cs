using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime;

namespace DPT.Engine.Kernels;

/// <summary>
/// Three launches: D = rowsum(dO O); then blocks that own 64 query rows and loop over the keys for dq, with a running
/// maximum as in the forward pass; then blocks that own 64 key rows and loop over the queries for dk and dv. Both compute
/// P = exp2(S - largest) / sum again, tile by tile in registers, and dS = P (dP - D); largest and sum of every row go from
/// the second launch to the third. Every row has one owner and adds in ascending order: no atomics.
/// Threads: 128 as 16 by 8; a thread has 4 x 4 scores and an eighth of four rows of every gradient in registers; weights
/// change hands inside a warp only. Limits: head sizes that are multiples of 4 up to 128, at the cost of the next of 32, 64,
/// 72, 96, 128; operands at multiples of 16 bytes. Shared memory: 37 KiB (d = 32) to 109 KiB (d = 128). Bytes: 8 L d for 64
/// rows, twice. FLOPs: 14 L d per row, where 10 would do if the scores were kept.
/// </summary>
/// <remarks>
/// The log-sum-exp of the forward pass is not read: as one float it loses the sum beside a logit of 10^8, and its rounding
/// error is an exponent. What is computed again is exact in that the power of the largest score is 1.
/// </remarks>
internal sealed class AttentionBackwardV2Recompute : GpuVariant<AttentionBackwardCall>
{
    private const int Rows = 4 * HeadTile.Down, Keys = HeadTile.Keys;

    private static readonly AttentionHeadKernels QueryKernels = Make(QueryRows<Head32>, sparesRegisters: true);
    private static readonly AttentionHeadKernels KeyKernels = Make(KeyRows<Head32>, sparesRegisters: false);

    public override string Name => "v2-recompute";

    public override string Idea => "tiles computed again; owners of queries sum dq, owners of keys dk and dv; no atomics";

    public override IReadOnlyList<GpuKernel> Kernels { get; } = [AttentionRowDots.Dots, .. QueryKernels.All, .. KeyKernels.All];

    public override bool Supports(in AttentionBackwardCall call, Device device, [NotNullWhen(false)] out string? reason) =>
        AttentionHeadKernels.Supports(call.HeadSize, out reason, call.Qkv, call.OutputGradient, call.QkvGradient);

    protected override void Run(GpuDevice device, in AttentionBackwardCall call)
    {
        var count = (long)call.Batch * call.Heads * call.Tokens;
        using var rows = device.Scratch<float>(3 * count);
        AttentionRowDots.Launch(device, in call, rows.Slice.Range(0, count));
        Launch(device, QueryKernels, in call, rows.Slice);
        Launch(device, KeyKernels, in call, rows.Slice);
    }

    private static AttentionHeadKernels Make(Delegate kernel, bool sparesRegisters) =>
        new(kernel, HeadTile.Threads, 2 * (Rows + Keys), Rows, sparesRegisters);

    /// <param name="device">Where.</param>
    /// <param name="kernels">Which of the two.</param>
    /// <param name="call">The call.</param>
    /// <param name="rows">[3,B,H,L]: D, the exponent of two of the largest score, and 1 over the sum of powers.</param>
    private static void Launch(GpuDevice device, AttentionHeadKernels kernels, in AttentionBackwardCall call, Slice<float> rows)
    {
        var count = rows.Length / 3;
        var blocks = GridCover.Blocks(call.Tokens, Rows);
        device.Prepare(kernels.For(call.HeadSize))
            .With(call.Qkv).With(call.OutputGradient)
            .With(rows.Range(0, count)).With(rows.Range(count, count)).With(rows.Range(2 * count, count)).With(call.QkvGradient)
            .With(call.Tokens).With(call.Heads).With(call.HeadSize).With(blocks)
            .With(GpuAttentionRow.Scale(call.HeadSize)).With(GpuAttentionRow.ScaleOfExp2(call.HeadSize))
            .On(new GridSize(GridCover.Blocks((long)call.Batch * call.Heads * blocks, 1)));
    }

    private static void QueryRows<T>(
        ArrayView<float> qkv, ArrayView<float> dOutput,
        ArrayView<float> dots, ArrayView<float> rowMax, ArrayView<float> inverseSum, ArrayView<float> dQkv,
        int tokens, int heads, int size, int blocks, float scale, float scaleOfExp2)
        where T : struct, IHeadSize
    {
        var q = SharedMemory.GetDynamic<Float4>().AsAligned(16);
        var dO = q.SubView(Rows * HeadTile.Stride<T>());
        var k = dO.SubView(Rows * HeadTile.Stride<T>());
        var v = k.SubView(Keys * HeadTile.Stride<T>());
        var weights = v.SubView(Keys * HeadTile.Stride<T>());
        var index = Grid.IdxX / blocks;
        var head = new GpuAttentionHead(index, tokens, heads, T.IsFilled ? T.Size : size);
        var row = (Grid.IdxX - (index * blocks)) * Rows;
        HeadTile.Stage<T>(q, Rows, qkv, head.Query, head.PackedWidth, row, tokens, size);
        HeadTile.Stage<T>(dO, Rows, dOutput, head.Output, head.Width, row, tokens, size);
        var hasRows = HeadTile.WarpHasRows(row, tokens);
        row += HeadTile.Y;

        float[] d = new float[4], m = new float[4], l = new float[4], p = new float[16], dP = new float[16], tail = new float[4];
        var dQ = new Float4[16];
        HeadTile.Clear(dQ, tail, 4);
        for (var r = 0; r < 4; r++)
        {
            m[r] = float.MinValue;
            l[r] = 0f;
            d[r] = Load(dots, head.Row, row + (HeadTile.Down * r), tokens);
        }

        for (var first = 0; first < tokens; first += Keys)
        {
            HeadTile.Stage<T>(k, Keys, qkv, head.Key, head.PackedWidth, first, tokens, size);
            HeadTile.Stage<T>(v, Keys, qkv, head.Value, head.PackedWidth, first, tokens, size);
            Group.Barrier();
            if (hasRows)
            {
                HeadTile.MultiplyTransposed<T>(p, 4, q, k);
                for (var r = 0; r < 4; r++)
                {
                    HeadTile.Scale<T>(dQ, tail, r, HeadTile.OnlineSoftmax(p, m, l, r, tokens - first, scaleOfExp2));
                }

                // dS = p (dP - D), relative to m as p is.
                HeadTile.MultiplyTransposed<T>(dP, 4, dO, v);
                for (var r = 0; r < 4; r++)
                {
                    for (var j = 0; j < 4; j++)
                    {
                        p[(4 * r) + j] *= dP[(4 * r) + j] - d[r];
                    }
                }

                HeadTile.StoreWeights(weights, p, 4);
                Warp.Barrier();
                HeadTile.AddProduct<T>(dQ, tail, 4, weights, k);
            }

            Group.Barrier();
        }

        for (var r = 0; r < 4; r++)
        {
            var token = row + (HeadTile.Down * r);
            var inverse = 1f / HeadTile.SumAcross(l[r]);
            if (token < tokens)
            {
                if (HeadTile.X == 0)
                {
                    rowMax[head.Row + token] = m[r];
                    inverseSum[head.Row + token] = inverse;
                }

                HeadTile.Store<T>(dQ, tail, r, inverse * scale, dQkv, head.Query + ((long)token * head.PackedWidth), size);
            }
        }
    }

    private static void KeyRows<T>(
        ArrayView<float> qkv, ArrayView<float> dOutput,
        ArrayView<float> dots, ArrayView<float> rowMax, ArrayView<float> inverseSum, ArrayView<float> dQkv,
        int tokens, int heads, int size, int blocks, float scale, float scaleOfExp2)
        where T : struct, IHeadSize
    {
        var k = SharedMemory.GetDynamic<Float4>().AsAligned(16);
        var v = k.SubView(Rows * HeadTile.Stride<T>());
        var q = v.SubView(Rows * HeadTile.Stride<T>());
        var dO = q.SubView(Keys * HeadTile.Stride<T>());
        var weights = dO.SubView(Keys * HeadTile.Stride<T>());
        var index = Grid.IdxX / blocks;
        var head = new GpuAttentionHead(index, tokens, heads, T.IsFilled ? T.Size : size);
        var row = (Grid.IdxX - (index * blocks)) * Rows;
        HeadTile.Stage<T>(k, Rows, qkv, head.Key, head.PackedWidth, row, tokens, size);
        HeadTile.Stage<T>(v, Rows, qkv, head.Value, head.PackedWidth, row, tokens, size);
        var hasRows = HeadTile.WarpHasRows(row, tokens);
        row += HeadTile.Y;

        float[] d = new float[4], m = new float[4], inverse = new float[4], p = new float[16], dP = new float[16];
        float[] kTail = new float[4], vTail = new float[4];
        Float4[] dK = new Float4[16], dV = new Float4[16];
        HeadTile.Clear(dK, kTail, 4);
        HeadTile.Clear(dV, vTail, 4);
        for (var first = 0; first < tokens; first += Keys)
        {
            HeadTile.Stage<T>(q, Keys, qkv, head.Query, head.PackedWidth, first, tokens, size);
            HeadTile.Stage<T>(dO, Keys, dOutput, head.Output, head.Width, first, tokens, size);
            for (var j = 0; j < 4; j++)
            {
                var query = first + HeadTile.X + (HeadTile.Across * j);
                m[j] = Load(rowMax, head.Row, query, tokens);
                inverse[j] = Load(inverseSum, head.Row, query, tokens);
                d[j] = Load(dots, head.Row, query, tokens);
            }

            Group.Barrier();
            if (hasRows)
            {
                HeadTile.MultiplyTransposed<T>(p, 4, k, q);
                for (var r = 0; r < 4; r++)
                {
                    for (var j = 0; j < 4; j++)
                    {
                        p[(4 * r) + j] = HeadTile.IsKey(j, tokens - first)
                            ? HeadTile.Exp2(p[(4 * r) + j], scaleOfExp2, m[j]) * inverse[j]
                            : 0f;
                    }
                }

                HeadTile.StoreWeights(weights, p, 4);
                Warp.Barrier();
                HeadTile.AddProduct<T>(dV, vTail, 4, weights, dO);
                Warp.Barrier();

                HeadTile.MultiplyTransposed<T>(dP, 4, v, dO);
                for (var r = 0; r < 4; r++)
                {
                    for (var j = 0; j < 4; j++)
                    {
                        p[(4 * r) + j] *= dP[(4 * r) + j] - d[j];
                    }
                }

                HeadTile.StoreWeights(weights, p, 4);
                Warp.Barrier();
                HeadTile.AddProduct<T>(dK, kTail, 4, weights, q);
            }

            Group.Barrier();
        }

        for (var r = 0; r < 4; r++)
        {
            var token = row + (HeadTile.Down * r);
            if (token < tokens)
            {
                HeadTile.Store<T>(dK, kTail, r, scale, dQkv, head.Key + ((long)token * head.PackedWidth), size);
                HeadTile.Store<T>(dV, vTail, r, 1f, dQkv, head.Value + ((long)token * head.PackedWidth), size);
            }
        }
    }

    /// <summary>A row's number; zero for rows that do not exist, which are not written.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Load(ArrayView<float> x, long first, int row, int rows) => row < rows ? x[first + row] : 0f;
}
