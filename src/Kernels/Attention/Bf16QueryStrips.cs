using System.Runtime.CompilerServices;
using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// Strips of 16 queries that a warp leads past keys and values in shared memory, in an online softmax: queries, scores, powers and sums are
/// in registers, and nothing of a row changes hands but its largest score. Powers are rounded to bf16 where they are multiplied with V, and
/// are fp32 in their sum.
/// </summary>
internal static class Bf16QueryStrips
{
    /// <summary>Keys at a time.</summary>
    public const int Keys = 64;

    /// <summary>Two strips of up to 5 fragments, 8 blocks of scores and 9 blocks of channels, or one with up to 8, 8 and 16.</summary>
    public const int Fragments = 2 * 5, Scores = 2 * (Keys / 8), Sums = 2 * 9;

    /// <summary>Nothing was seen yet.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Begin<T>(float[] m, float[] l, Float4[] o, int strips) where T : struct, IHeadSize
    {
        Bf16SoftmaxRows.Begin(m, l, strips);
        for (var i = 0; i < strips * Bf16HeadTile.Chunks<T>(); i++)
        {
            o[i] = default;
        }
    }

    /// <summary>Takes so many keys into account.</summary>
    /// <param name="q">The queries.</param>
    /// <param name="m">The largest exponents.</param>
    /// <param name="l">The sums of powers.</param>
    /// <param name="o">The sums of weighted values.</param>
    /// <param name="strips">Strips, a constant.</param>
    /// <param name="shared">Where tiles lie.</param>
    /// <param name="at">The first key.</param>
    /// <param name="values">From a key to its value.</param>
    /// <param name="count">Keys, a constant of up to <see cref="Keys"/>.</param>
    /// <param name="isWhole">Whether all exist, a constant.</param>
    /// <param name="left">Keys from the first of these to the last there is.</param>
    /// <param name="scale">What makes an exponent of a score.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Attend<T>(
        UInt4[] q, float[] m, float[] l, Float4[] o, int strips,
        ArrayView<UInt4> shared, int at, int values, int count, bool isWhole, int left, float scale)
        where T : struct, IHeadSize
    {
        var s = new Float4[Scores];
        var last = at + Bf16HeadTile.AtLast<T>(0);
        Bf16HeadProduct.MultiplyTransposed<T>(s, q, strips, shared, at + Bf16HeadTile.AtColumns<T>(0), last, count);
        if (!isWhole)
        {
            Bf16SoftmaxRows.Mask(s, strips * (count / 8), count, left);
        }

        for (var i = 0; i < strips; i++)
        {
            var factors = Bf16SoftmaxRows.Advance(s, i * (count / 8), count / 8, m, l, i, scale);
            Bf16SoftmaxRows.Scale(o, i * Bf16HeadTile.Chunks<T>(), Bf16HeadTile.Chunks<T>(), factors);
        }

        Bf16HeadProduct.AddProduct<T>(o, s, strips, shared, at + values + Bf16HeadTile.AtRows<T>(0), last + values, count);
    }

    /// <summary>Divides a strip's sums by those of its powers and writes them.</summary>
    /// <param name="o">The sums of weighted values.</param>
    /// <param name="m">The largest exponents.</param>
    /// <param name="l">The sums of powers.</param>
    /// <param name="strip">The strip of these.</param>
    /// <param name="shared">Where tiles lie.</param>
    /// <param name="own">First of 16 rows of the tile at the start that nobody else uses.</param>
    /// <param name="row">The strip's first query.</param>
    /// <param name="tokens">Queries that there are.</param>
    /// <param name="head">The head.</param>
    /// <param name="output">The result.</param>
    /// <param name="logSumExp">The log-sum-exps, or none.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Finish<T>(
        Float4[] o, float[] m, float[] l, int strip, ArrayView<UInt4> shared, int own, int row, int tokens,
        GpuAttentionHead head, ArrayView<BFloat16> output, ArrayView<float> logSumExp)
        where T : struct, IHeadSize
    {
        float top = Bf16SoftmaxRows.SumOfRow(l[2 * strip]), bottom = Bf16SoftmaxRows.SumOfRow(l[(2 * strip) + 1]);
        var from = strip * Bf16HeadTile.Chunks<T>();
        Bf16SoftmaxRows.Scale(o, from, Bf16HeadTile.Chunks<T>(), new Float2
        {
            X = Scalar.Reciprocal(top),
            Y = Scalar.Reciprocal(bottom),
        });
        Bf16HeadProduct.Store<T>(o, from, shared, own, output, head.Output + ((long)row * head.Width), head.Width, tokens - row);

        var lane = WarpReduce.Lane;
        if ((lane & 3) == 0 && logSumExp.Length > 0)
        {
            StoreLogSumExp(logSumExp, head.Row, row + (lane / 4), tokens, m[2 * strip], top);
            StoreLogSumExp(logSumExp, head.Row, row + (lane / 4) + 8, tokens, m[(2 * strip) + 1], bottom);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreLogSumExp(ArrayView<float> logSumExp, long first, int row, int rows, float exponent, float sum)
    {
        if (row < rows)
        {
            logSumExp[first + row] = GpuAttentionRow.LogSumExp(exponent, sum);
        }
    }
}
