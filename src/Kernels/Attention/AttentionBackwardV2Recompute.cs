using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime;

namespace DPT.Engine.Kernels;

/// <summary>
/// Three launches: D = rowsum(dO O); then blocks that own 64 query rows and let the keys pass by for dq; then blocks that
/// own 64 key rows and let the queries pass by for dk and dv. Both compute P = exp2(S - lse) again, tile by tile in
/// registers, and dS = P (dP - D). Every row has one owner and adds in ascending order: no atomics.
/// Threads: 128 as 16 by 8; a thread has 4 x 4 scores and an eighth of four rows of every gradient in registers; weights
/// change hands inside a warp only. Limits: head sizes 32, 64, 72, 96, 128; operands at multiples of 16 bytes. Shared
/// memory: 37 KiB (d = 32) to 109 KiB (d = 128). Bytes: 8 L d for 64 rows, twice. FLOPs: 14 L d per row, where 10 would do
/// if the scores were kept.
/// </summary>
internal sealed class AttentionBackwardV2Recompute : GpuVariant<AttentionBackwardCall>
{
    private const int Rows = ScoreTile.Own;
    private const int Passing = AttentionTile.Passing;

    private static readonly AttentionHeadKernels Queries = Make(nameof(QueryRows));
    private static readonly AttentionHeadKernels Keys = Make(nameof(KeyRows));

    public override string Name => "v2-recompute";

    public override string Idea => "tiles from the log-sum-exp; owners of queries sum dq, owners of keys dk and dv; no atomics";

    public override IReadOnlyList<GpuKernel> Kernels { get; } = [AttentionRowDots.Dots, .. Queries.All, .. Keys.All];

    public override bool Supports(in AttentionBackwardCall call, Device device, [NotNullWhen(false)] out string? reason) =>
        AttentionHeadKernels.Supports(call.HeadSize, out reason, call.Qkv, call.OutputGradient, call.QkvGradient);

    protected override void Run(GpuDevice device, in AttentionBackwardCall call)
    {
        using var dots = device.Scratch<float>((long)call.Batch * call.Heads * call.Tokens);
        AttentionRowDots.Launch(device, in call, dots.Slice);
        Launch(device, Queries, in call, dots.Slice);
        Launch(device, Keys, in call, dots.Slice);
    }

    private static AttentionHeadKernels Make(string method) =>
        new(typeof(AttentionBackwardV2Recompute), method, AttentionTile.Threads, 2 * (Rows + Passing), Rows);

    private static void Launch(GpuDevice device, AttentionHeadKernels kernels, in AttentionBackwardCall call, Slice<float> dots)
    {
        var blocks = GridSize.Cover(call.Tokens, Rows);
        device.Prepare(kernels.For(call.HeadSize))
            .With(call.Qkv).With(call.LogSumExp).With(call.OutputGradient).With(dots).With(call.QkvGradient)
            .With(call.Tokens).With(call.Heads).With(blocks)
            .With(GpuAttentionRow.Scale(call.HeadSize)).With(GpuAttentionRow.ScaleOfExp2(call.HeadSize))
            .On(new GridSize(checked(call.Batch * call.Heads * blocks)));
    }

    private static void QueryRows<T>(
        ArrayView<float> qkv, ArrayView<float> logSumExp, ArrayView<float> dOutput, ArrayView<float> dots, ArrayView<float> dQkv,
        int tokens, int heads, int blocks, float scale, float scaleOfExp2)
        where T : struct, IHeadSize
    {
        var ownQueries = SharedMemory.GetDynamic<Float4>().AsAligned(16);
        var ownGradients = ownQueries.SubView(Rows * AttentionTile.RowPacks(T.Size));
        var keys = ownGradients.SubView(Rows * AttentionTile.RowPacks(T.Size));
        var values = keys.SubView(Passing * AttentionTile.RowPacks(T.Size));
        var weights = values.SubView(Passing * AttentionTile.RowPacks(T.Size));
        var index = Grid.IdxX / blocks;
        var head = new GpuAttentionHead(index, tokens, heads, T.Size);
        var row = (Grid.IdxX - (index * blocks)) * Rows;
        AttentionTile.Stage<T>(ownQueries, Rows, qkv, head.Query, head.PackedWidth, row, tokens);
        AttentionTile.Stage<T>(ownGradients, Rows, dOutput, head.Output, head.Width, row, tokens);
        var isOwner = AttentionTile.WarpOwnsRows(row, tokens);
        row += AttentionTile.Y;
        var exponents = RowValues.Load(logSumExp, head.Row, row, AttentionTile.Down, tokens).ToBase2();
        var means = RowValues.Load(dots, head.Row, row, AttentionTile.Down, tokens);

        var dQuery = default(HeadTile<T>);
        for (var first = 0; first < tokens; first += Passing)
        {
            AttentionTile.Stage<T>(keys, Passing, qkv, head.Key, head.PackedWidth, first, tokens);
            AttentionTile.Stage<T>(values, Passing, qkv, head.Value, head.PackedWidth, first, tokens);
            Group.Barrier();
            if (isOwner)
            {
                var scores = ScoreTile.Multiply<T>(ownQueries, keys);
                var gradients = ScoreTile.Multiply<T>(ownGradients, values);
                QueryRow(ref scores.Row0, gradients.Row0, exponents.Values.X, means.Values.X, scaleOfExp2, tokens - first);
                QueryRow(ref scores.Row1, gradients.Row1, exponents.Values.Y, means.Values.Y, scaleOfExp2, tokens - first);
                QueryRow(ref scores.Row2, gradients.Row2, exponents.Values.Z, means.Values.Z, scaleOfExp2, tokens - first);
                QueryRow(ref scores.Row3, gradients.Row3, exponents.Values.W, means.Values.W, scaleOfExp2, tokens - first);
                scores.Store(weights);
                Warp.Barrier();
                dQuery.AddRows(weights, keys);
            }

            Group.Barrier();
        }

        dQuery.Store(dQkv, head.Query, head.PackedWidth, row, tokens, Float4.Broadcast(scale));
    }

    private static void KeyRows<T>(
        ArrayView<float> qkv, ArrayView<float> logSumExp, ArrayView<float> dOutput, ArrayView<float> dots, ArrayView<float> dQkv,
        int tokens, int heads, int blocks, float scale, float scaleOfExp2)
        where T : struct, IHeadSize
    {
        var ownKeys = SharedMemory.GetDynamic<Float4>().AsAligned(16);
        var ownValues = ownKeys.SubView(Rows * AttentionTile.RowPacks(T.Size));
        var queries = ownValues.SubView(Rows * AttentionTile.RowPacks(T.Size));
        var dOutputs = queries.SubView(Passing * AttentionTile.RowPacks(T.Size));
        var weights = dOutputs.SubView(Passing * AttentionTile.RowPacks(T.Size));
        var index = Grid.IdxX / blocks;
        var head = new GpuAttentionHead(index, tokens, heads, T.Size);
        var row = (Grid.IdxX - (index * blocks)) * Rows;
        AttentionTile.Stage<T>(ownKeys, Rows, qkv, head.Key, head.PackedWidth, row, tokens);
        AttentionTile.Stage<T>(ownValues, Rows, qkv, head.Value, head.PackedWidth, row, tokens);
        var isOwner = AttentionTile.WarpOwnsRows(row, tokens);
        row += AttentionTile.Y;

        var dKey = default(HeadTile<T>);
        var dValue = default(HeadTile<T>);
        for (var first = 0; first < tokens; first += Passing)
        {
            AttentionTile.Stage<T>(queries, Passing, qkv, head.Query, head.PackedWidth, first, tokens);
            AttentionTile.Stage<T>(dOutputs, Passing, dOutput, head.Output, head.Width, first, tokens);
            var query = first + AttentionTile.X;
            var exponents = RowValues.Load(logSumExp, head.Row, query, AttentionTile.Across, tokens).ToBase2();
            var means = RowValues.Load(dots, head.Row, query, AttentionTile.Across, tokens);
            Group.Barrier();
            if (isOwner)
            {
                var probabilities = ScoreTile.Multiply<T>(ownKeys, queries);
                KeyRow(ref probabilities.Row0, exponents, scaleOfExp2, tokens - first);
                KeyRow(ref probabilities.Row1, exponents, scaleOfExp2, tokens - first);
                KeyRow(ref probabilities.Row2, exponents, scaleOfExp2, tokens - first);
                KeyRow(ref probabilities.Row3, exponents, scaleOfExp2, tokens - first);
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

        dKey.Store(dQkv, head.Key, head.PackedWidth, row, tokens, Float4.Broadcast(scale));
        dValue.Store(dQkv, head.Value, head.PackedWidth, row, tokens, Float4.Broadcast(1f));
    }

    /// <summary>Scores of one query with four keys to their gradients.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void QueryRow(ref Float4 scores, Float4 dProbabilities, float exponent, float mean, float scale, int keys)
    {
        scores = AttentionTile.Exp2(AttentionTile.MaskFrom(keys, scores), scale, exponent);
        ScoreGradients(ref scores, dProbabilities, Float4.Broadcast(mean));
    }

    /// <summary>Scores of one key with four queries to their probabilities.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void KeyRow(ref Float4 scores, RowValues exponents, float scale, int queries)
    {
        scores = AttentionTile.MaskFrom(queries, scores);
        scores.X = AttentionTile.Exp2(scores.X, scale, exponents.Values.X);
        scores.Y = AttentionTile.Exp2(scores.Y, scale, exponents.Values.Y);
        scores.Z = AttentionTile.Exp2(scores.Z, scale, exponents.Values.Z);
        scores.W = AttentionTile.Exp2(scores.W, scale, exponents.Values.W);
    }

    /// <summary>dS = P (dP - D).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void ScoreGradients(ref Float4 probabilities, Float4 dProbabilities, Float4 means)
    {
        probabilities.X = Scalar.Multiply(probabilities.X, Scalar.Subtract(dProbabilities.X, means.X));
        probabilities.Y = Scalar.Multiply(probabilities.Y, Scalar.Subtract(dProbabilities.Y, means.Y));
        probabilities.Z = Scalar.Multiply(probabilities.Z, Scalar.Subtract(dProbabilities.Z, means.Z));
        probabilities.W = Scalar.Multiply(probabilities.W, Scalar.Subtract(dProbabilities.W, means.W));
    }

    /// <summary>One number for each of four rows; zero for rows that do not exist.</summary>
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

        /// <summary>Logarithms as exponents of two.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly RowValues ToBase2()
        {
            var exponents = this;
            exponents.Values.Scale(GpuAttentionRow.Log2E);
            return exponents;
        }
    }
}
