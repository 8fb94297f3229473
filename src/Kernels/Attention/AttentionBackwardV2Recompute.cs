using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime;

namespace DPT.Engine.Kernels;

/// <summary>
/// Three launches: D = rowsum(dO O); then blocks that own 64 query rows and let the keys pass by for dq, with a running
/// maximum as in the forward pass; then blocks that own 64 key rows and let the queries pass by for dk and dv. Both compute
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
    private const int Rows = ScoreTile.Own;
    private const int Passing = AttentionTile.Passing;

    private static readonly AttentionHeadKernels Queries = Make(QueryRows<Head32>);
    private static readonly AttentionHeadKernels Keys = Make(KeyRows<Head32>);

    public override string Name => "v2-recompute";

    public override string Idea => "tiles computed again; owners of queries sum dq, owners of keys dk and dv; no atomics";

    public override IReadOnlyList<GpuKernel> Kernels { get; } = [AttentionRowDots.Dots, .. Queries.All, .. Keys.All];

    public override bool Supports(in AttentionBackwardCall call, Device device, [NotNullWhen(false)] out string? reason) =>
        AttentionHeadKernels.Supports(call.HeadSize, out reason, call.Qkv, call.OutputGradient, call.QkvGradient);

    protected override void Run(GpuDevice device, in AttentionBackwardCall call)
    {
        var count = (long)call.Batch * call.Heads * call.Tokens;
        using var rows = device.Scratch<float>(3 * count);
        AttentionRowDots.Launch(device, in call, rows.Slice.Range(0, count));
        Launch(device, Queries, in call, rows.Slice);
        Launch(device, Keys, in call, rows.Slice);
    }

    private static AttentionHeadKernels Make(Delegate kernel) =>
        new(kernel, AttentionTile.Threads, 2 * (Rows + Passing), Rows);

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
        ArrayView<float> dots, ArrayView<float> largest, ArrayView<float> inverseSums, ArrayView<float> dQkv,
        int tokens, int heads, int size, int blocks, float scale, float scaleOfExp2)
        where T : struct, IHeadSize
    {
        var ownQueries = SharedMemory.GetDynamic<Float4>().AsAligned(16);
        var ownGradients = ownQueries.SubView(Rows * AttentionTile.RowPacks(T.Size));
        var keys = ownGradients.SubView(Rows * AttentionTile.RowPacks(T.Size));
        var values = keys.SubView(Passing * AttentionTile.RowPacks(T.Size));
        var weights = values.SubView(Passing * AttentionTile.RowPacks(T.Size));
        var index = Grid.IdxX / blocks;
        var head = new GpuAttentionHead(index, tokens, heads, AttentionTile.HeadSize<T>(size));
        var row = (Grid.IdxX - (index * blocks)) * Rows;
        AttentionTile.Stage<T>(ownQueries, Rows, qkv, head.Query, head.PackedWidth, row, tokens, size);
        AttentionTile.Stage<T>(ownGradients, Rows, dOutput, head.Output, head.Width, row, tokens, size);
        var isOwner = AttentionTile.WarpOwnsRows(row, tokens);
        row += AttentionTile.Y;
        var means = RowValues.Load(dots, head.Row, row, AttentionTile.Down, tokens);

        var softmax = OnlineSoftmax.Empty;
        var dQuery = default(HeadTile<T>);
        for (var first = 0; first < tokens; first += Passing)
        {
            AttentionTile.Stage<T>(keys, Passing, qkv, head.Key, head.PackedWidth, first, tokens, size);
            AttentionTile.Stage<T>(values, Passing, qkv, head.Value, head.PackedWidth, first, tokens, size);
            Group.Barrier();
            if (isOwner)
            {
                var powers = ScoreTile.Multiply<T>(ownQueries, keys);
                dQuery.Scale(softmax.Take(ref powers, tokens - first, scaleOfExp2));
                var gradients = ScoreTile.Multiply<T>(ownGradients, values);
                ScoreGradients(ref powers.Row0, gradients.Row0, Float4.Broadcast(means.Values.X));
                ScoreGradients(ref powers.Row1, gradients.Row1, Float4.Broadcast(means.Values.Y));
                ScoreGradients(ref powers.Row2, gradients.Row2, Float4.Broadcast(means.Values.Z));
                ScoreGradients(ref powers.Row3, gradients.Row3, Float4.Broadcast(means.Values.W));
                powers.Store(weights);
                Warp.Barrier();
                dQuery.AddRows(weights, keys);
            }

            Group.Barrier();
        }

        var factors = OnlineSoftmax.Inverse(softmax.SumsAcross());
        if (AttentionTile.X == 0)
        {
            RowValues.Store(softmax.Most, largest, head.Row, row, AttentionTile.Down, tokens);
            RowValues.Store(factors, inverseSums, head.Row, row, AttentionTile.Down, tokens);
        }

        factors.Scale(scale);
        dQuery.Store(dQkv, head.Query, head.PackedWidth, row, tokens, size, factors);
    }

    private static void KeyRows<T>(
        ArrayView<float> qkv, ArrayView<float> dOutput,
        ArrayView<float> dots, ArrayView<float> largest, ArrayView<float> inverseSums, ArrayView<float> dQkv,
        int tokens, int heads, int size, int blocks, float scale, float scaleOfExp2)
        where T : struct, IHeadSize
    {
        var ownKeys = SharedMemory.GetDynamic<Float4>().AsAligned(16);
        var ownValues = ownKeys.SubView(Rows * AttentionTile.RowPacks(T.Size));
        var queries = ownValues.SubView(Rows * AttentionTile.RowPacks(T.Size));
        var dOutputs = queries.SubView(Passing * AttentionTile.RowPacks(T.Size));
        var weights = dOutputs.SubView(Passing * AttentionTile.RowPacks(T.Size));
        var index = Grid.IdxX / blocks;
        var head = new GpuAttentionHead(index, tokens, heads, AttentionTile.HeadSize<T>(size));
        var row = (Grid.IdxX - (index * blocks)) * Rows;
        AttentionTile.Stage<T>(ownKeys, Rows, qkv, head.Key, head.PackedWidth, row, tokens, size);
        AttentionTile.Stage<T>(ownValues, Rows, qkv, head.Value, head.PackedWidth, row, tokens, size);
        var isOwner = AttentionTile.WarpOwnsRows(row, tokens);
        row += AttentionTile.Y;

        var dKey = default(HeadTile<T>);
        var dValue = default(HeadTile<T>);
        for (var first = 0; first < tokens; first += Passing)
        {
            AttentionTile.Stage<T>(queries, Passing, qkv, head.Query, head.PackedWidth, first, tokens, size);
            AttentionTile.Stage<T>(dOutputs, Passing, dOutput, head.Output, head.Width, first, tokens, size);
            var query = first + AttentionTile.X;
            var exponents = RowValues.Load(largest, head.Row, query, AttentionTile.Across, tokens);
            var factors = RowValues.Load(inverseSums, head.Row, query, AttentionTile.Across, tokens);
            var means = RowValues.Load(dots, head.Row, query, AttentionTile.Across, tokens);
            Group.Barrier();
            if (isOwner)
            {
                var probabilities = ScoreTile.Multiply<T>(ownKeys, queries);
                KeyRow(ref probabilities.Row0, exponents, factors, scaleOfExp2, tokens - first);
                KeyRow(ref probabilities.Row1, exponents, factors, scaleOfExp2, tokens - first);
                KeyRow(ref probabilities.Row2, exponents, factors, scaleOfExp2, tokens - first);
                KeyRow(ref probabilities.Row3, exponents, factors, scaleOfExp2, tokens - first);
                probabilities.Store(weights);
                Warp.Barrier();
                dValue.AddRows(weights, dOutputs);
                Warp.Barrier();

                var gradients = ScoreTile.Multiply<T>(ownValues, dOutputs);
                ScoreGradients(ref probabilities.Row0, gradients.Row0, means.Values);
                ScoreGradients(ref probabilities.Row1, gradients.Row1, means.Values);
                ScoreGradients(ref probabilities.Row2, gradients.Row2, means.Values);
                ScoreGradients(ref probabilities.Row3, gradients.Row3, means.Values);
                probabilities.Store(weights);
                Warp.Barrier();
                dKey.AddRows(weights, queries);
            }

            Group.Barrier();
        }

        dKey.Store(dQkv, head.Key, head.PackedWidth, row, tokens, size, Float4.Broadcast(scale));
        dValue.Store(dQkv, head.Value, head.PackedWidth, row, tokens, size, Float4.Broadcast(1f));
    }

    /// <summary>Scores of one key with four queries to their probabilities.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void KeyRow(ref Float4 scores, RowValues exponents, RowValues factors, float scale, int queries)
    {
        scores = AttentionTile.MaskFrom(queries, scores);
        scores.X = AttentionTile.Exp2(scores.X, scale, exponents.Values.X) * factors.Values.X;
        scores.Y = AttentionTile.Exp2(scores.Y, scale, exponents.Values.Y) * factors.Values.Y;
        scores.Z = AttentionTile.Exp2(scores.Z, scale, exponents.Values.Z) * factors.Values.Z;
        scores.W = AttentionTile.Exp2(scores.W, scale, exponents.Values.W) * factors.Values.W;
    }

    /// <summary>dS = P (dP - D), or that times what P lacks.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void ScoreGradients(ref Float4 probabilities, Float4 dProbabilities, Float4 means)
    {
        probabilities.X *= (dProbabilities.X - means.X);
        probabilities.Y *= (dProbabilities.Y - means.Y);
        probabilities.Z *= (dProbabilities.Z - means.Z);
        probabilities.W *= (dProbabilities.W - means.W);
    }

    /// <summary>One number for each of four rows; zero for rows that do not exist, which are not written.</summary>
    private struct RowValues
    {
        public Float4 Values;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static RowValues Load(ArrayView<float> x, long first, int row, int apart, int rows)
        {
            var loaded = default(RowValues);
            loaded.Values.X = row < rows ? x[first + row] : 0f;
            loaded.Values.Y = row + apart < rows ? x[first + row + apart] : 0f;
            loaded.Values.Z = row + (2 * apart) < rows ? x[first + row + (2 * apart)] : 0f;
            loaded.Values.W = row + (3 * apart) < rows ? x[first + row + (3 * apart)] : 0f;
            return loaded;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Store(Float4 values, ArrayView<float> x, long first, int row, int apart, int rows)
        {
            Store(values.X, x, first, row, rows);
            Store(values.Y, x, first, row + apart, rows);
            Store(values.Z, x, first, row + (2 * apart), rows);
            Store(values.W, x, first, row + (3 * apart), rows);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static void Store(float value, ArrayView<float> x, long first, int row, int rows)
        {
            if (row < rows)
            {
                x[first + row] = value;
            }
        }
    }
}
