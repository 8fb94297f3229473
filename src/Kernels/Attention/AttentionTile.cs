using System.Runtime.CompilerServices;
using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// How the tiled GPU variants lay heads out in shared memory and share the work. 128 threads stand 16 down and 8 across;
/// a warp is 4 down and 8 across, so the rows of a thread belong to its warp alone. Rows of heads are packs of four floats
/// with one pack of padding: eight threads across that read one pack each of eight rows, or eight packs of one row, meet
/// eight different groups of banks.
/// </summary>
internal static class AttentionTile
{
    public const int Threads = Across * Down;
    public const int Across = 8;
    public const int Down = 16;

    /// <summary>Rows of keys (or of queries, for the gradient of keys) that pass by in one step: four for each thread across.</summary>
    public const int Passing = 4 * Across;

    /// <summary>Packs in a row of weights: 32 and 8 of padding, for the four rows that a warp writes at once.</summary>
    public const int WeightRowPacks = 10;

    private const float Ln2 = 0.693147181f;

    /// <summary>Packs in a row of a tile of that width.</summary>
    public static int RowPacks(int width) => (width / 4) + 1;

    /// <summary>Floats of a head: a constant where heads fill the tile.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int HeadSize<T>(int size) where T : struct, IHeadSize => T.IsFilled ? T.Size : size;

    /// <summary>This thread's place across.</summary>
    public static int X => Group.IdxX & (Across - 1);

    /// <summary>This thread's place down.</summary>
    public static int Y => Group.IdxX / Across;

    /// <summary>
    /// Whether any of this warp's own rows exists: if not, it only helps to stage and to pass barriers. The same for all
    /// its lanes. With 257 tokens it spares three of four warps in every fifth block.
    /// </summary>
    /// <param name="row">First own row of the block.</param>
    /// <param name="rows">Rows that there are.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool WarpOwnsRows(int row, int rows) => row + (Y & ~3) < rows;

    /// <summary>
    /// Brings rows of a head to shared memory, eight adjacent packs by eight threads; zeros beyond the last row and beyond the
    /// head, where the next one lies.
    /// </summary>
    /// <param name="tile">Where, in shared memory.</param>
    /// <param name="count">Rows of the tile.</param>
    /// <param name="x">The array.</param>
    /// <param name="first">The head's first element in it.</param>
    /// <param name="stride">Elements from one row to the next.</param>
    /// <param name="row">First row of the tile.</param>
    /// <param name="rows">Rows that there are.</param>
    /// <param name="size">Floats of the head.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Stage<T>(
        ArrayView<Float4> tile, int count, ArrayView<float> x, long first, int stride, int row, int rows, int size)
        where T : struct, IHeadSize
    {
        for (var r = Y; r < count; r += Down)
        {
            var source = first + ((long)(row + r) * stride);
            var isRow = row + r < rows;
            var floats = isRow ? size : 0;
            for (var pack = X; pack < T.Size / 4; pack += Across)
            {
                var value = default(Float4);
                if (T.IsFilled ? isRow : 4 * pack < floats)
                {
                    value = GlobalMemory.Load4(ref x[source + (4 * pack)]);
                }

                tile[(r * RowPacks(T.Size)) + pack] = value;
            }
        }
    }

    /// <summary>The products of one own row with four passing rows, 8 apart: from this thread's place across.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float4 Products<T>(ArrayView<Float4> own, int row, ArrayView<Float4> passing) where T : struct, IHeadSize
    {
        var products = default(Float4);
        var at = row * RowPacks(T.Size);
        var other = X * RowPacks(T.Size);
        for (var pack = 0; pack < T.Size / 4; pack++)
        {
            products.AddDots(
                own[at + pack],
                passing[other + pack],
                passing[other + pack + (Across * RowPacks(T.Size))],
                passing[other + pack + (2 * Across * RowPacks(T.Size))],
                passing[other + pack + (3 * Across * RowPacks(T.Size))]);
        }

        return products;
    }

    /// <summary>The larger, over the eight threads across.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float MaxAcross(float x)
    {
        x = Max(x, Warp.ShuffleXor(x, 1));
        x = Max(x, Warp.ShuffleXor(x, 2));
        return Max(x, Warp.ShuffleXor(x, 4));
    }

    /// <summary>The sum over the eight threads across, in an order that does not depend on the thread.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float SumAcross(float x)
    {
        x += Warp.ShuffleXor(x, 1);
        x += Warp.ShuffleXor(x, 2);
        return x + Warp.ShuffleXor(x, 4);
    }

    /// <summary>Scores of this thread's four passing keys, with minus infinity for those that do not exist.</summary>
    /// <param name="keys">Keys from the first passing one to the last there is.</param>
    /// <param name="scores">One for each key, 8 apart.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float4 MaskFrom(int keys, Float4 scores)
    {
        scores.X = X < keys ? scores.X : float.NegativeInfinity;
        scores.Y = X + Across < keys ? scores.Y : float.NegativeInfinity;
        scores.Z = X + (2 * Across) < keys ? scores.Z : float.NegativeInfinity;
        scores.W = X + (3 * Across) < keys ? scores.W : float.NegativeInfinity;
        return scores;
    }

    /// <summary>2^(scale score - exponent) for four scores.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float4 Exp2(Float4 scores, float scale, float exponent)
    {
        scores.X = Exp2(scores.X, scale, exponent);
        scores.Y = Exp2(scores.Y, scale, exponent);
        scores.Z = Exp2(scores.Z, scale, exponent);
        scores.W = Exp2(scores.W, scale, exponent);
        return scores;
    }

    /// <summary>
    /// 2^(scale score - exponent). The difference of two rounded numbers: where the exponent is the largest score's, the power is
    /// 1 whatever its size. A fused multiply-add would leave its rounding error, which overflows from an exponent of 10^9 on.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Exp2(float score, float scale, float exponent) =>
        Scalar.Exp2((score * scale) - exponent);

    /// <summary>
    /// Writes the log-sum-exp of a row, if it is wanted. The power of the largest score is 1, unless all are minus infinity: then
    /// the row has no result, and no log-sum-exp either.
    /// </summary>
    /// <param name="logSumExp">The array; empty if it is not.</param>
    /// <param name="row">The row's place in it.</param>
    /// <param name="exponent">The exponent of two that the sum is relative to.</param>
    /// <param name="sum">Sum of powers of two.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreLogSumExp(ArrayView<float> logSumExp, long row, float exponent, float sum)
    {
        if (X == 0 && logSumExp.Length > 0)
        {
            logSumExp[row] = sum > 0f ? Scalar.Fma(exponent, Ln2, GpuAttentionRow.Log(sum)) : float.NaN;
        }
    }

    /// <summary>The largest of four.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float MaxOf(Float4 pack) => Max(Max(pack.X, pack.Y), Max(pack.Z, pack.W));

    /// <summary>The sum of four.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float SumOf(Float4 pack) => pack.X + pack.Y + (pack.Z + pack.W);

    /// <summary>The larger of two.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Max(float x, float y) => x > y ? x : y;
}
