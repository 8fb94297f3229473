using System.Runtime.CompilerServices;
using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// Tiles of a head for the tiled GPU variants: rows in shared memory, products of tiles in registers. 128 threads stand 16 down and
/// 8 across; a warp is 4 down and 8 across, so what a thread writes for its rows only its own warp reads. Rows are packs of four
/// floats with one pack of padding: eight threads across that read one pack each of eight rows, or eight packs of one row, meet
/// eight different groups of banks. Of every 32 channels a thread has one pack, and of the 8 that may be left one float (the tail).
/// </summary>
internal static class HeadTile
{
    public const int Threads = Across * Down;
    public const int Across = 8;
    public const int Down = 16;

    /// <summary>Rows of the tile that is multiplied with: four for each thread across.</summary>
    public const int Keys = 4 * Across;

    /// <summary>Packs in a row of weights: 32 floats and 8 of padding, for the four rows that a warp writes at once.</summary>
    public const int WeightStride = (Keys / 4) + 2;

    /// <summary>This thread's place across.</summary>
    public static int X => Group.IdxX & (Across - 1);

    /// <summary>This thread's place down.</summary>
    public static int Y => Group.IdxX / Across;

    /// <summary>Packs in a row of a tile of that width.</summary>
    public static int StrideOf(int width) => (width / 4) + 1;

    /// <summary>Packs in a row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Stride<T>() where T : struct, IHeadSize => StrideOf(T.Size);

    /// <summary>
    /// Whether any of this warp's rows exists, the same for all its lanes. If not, it only helps to stage and to pass barriers:
    /// with 257 tokens that spares three of four warps in every fifth block.
    /// </summary>
    /// <param name="row">First row of the block.</param>
    /// <param name="rows">Rows that there are.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool WarpHasRows(int row, int rows) => row + (Y & ~3) < rows;

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

                tile[(r * Stride<T>()) + pack] = value;
            }
        }
    }

    /// <summary>
    /// s = a b^T on a register tile: rows of a, 16 apart, with four of b, 8 apart. With four rows, eight packs are read from shared
    /// memory for 64 fused multiply-adds.
    /// </summary>
    /// <param name="s">Row i, column j at 4 i + j.</param>
    /// <param name="rows">Rows of a thread, a constant: 1 or 4.</param>
    /// <param name="a">[16 rows][d/4 + 1].</param>
    /// <param name="b">[32][d/4 + 1].</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void MultiplyTransposed<T>(float[] s, int rows, ArrayView<Float4> a, ArrayView<Float4> b)
        where T : struct, IHeadSize
    {
        for (var i = 0; i < rows; i++)
        {
            for (var j = 0; j < 4; j++)
            {
                s[(4 * i) + j] = 0f;
            }
        }

        for (var c = 0; c < Scalar.Rolled(T.Size / 4); c++)
        {
            var column = new Float4[4];
            for (var j = 0; j < 4; j++)
            {
                column[j] = b[((X + (Across * j)) * Stride<T>()) + c];
            }

            for (var i = 0; i < rows; i++)
            {
                var row = a[((Y + (Down * i)) * Stride<T>()) + c];
                for (var j = 0; j < 4; j++)
                {
                    s[(4 * i) + j] = row.Dot(column[j], s[(4 * i) + j]);
                }
            }
        }
    }

    /// <summary>Whether this thread's column j is one of so many keys.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsKey(int j, int keys) => X + (Across * j) < keys;

    /// <summary>
    /// Turns the scores of a row into powers of two relative to the largest score so far. The row's eight threads are neighbours
    /// in their warp.
    /// </summary>
    /// <param name="s">Scores, of which 4 r + j becomes a power.</param>
    /// <param name="m">The largest exponent of each row; not below the least float, since minus infinity less itself is NaN.</param>
    /// <param name="l">This thread's part of each row's sum of powers.</param>
    /// <param name="r">The row.</param>
    /// <param name="keys">Keys from the first of these to the last there is.</param>
    /// <param name="scale">What makes an exponent of a score.</param>
    /// <returns>The factor that older sums shrink by.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float OnlineSoftmax(float[] s, float[] m, float[] l, int r, int keys, float scale)
    {
        var max = float.NegativeInfinity;
        for (var j = 0; j < 4; j++)
        {
            s[(4 * r) + j] = IsKey(j, keys) ? s[(4 * r) + j] : float.NegativeInfinity;
            max = Max(s[(4 * r) + j], max);
        }

        max = Max(MaxAcross(max) * scale, m[r]);
        var sum = 0f;
        for (var j = 0; j < 4; j++)
        {
            s[(4 * r) + j] = Exp2(s[(4 * r) + j], scale, max);
            sum += s[(4 * r) + j];
        }

        var factor = Scalar.Exp2(m[r] - max);
        l[r] = Scalar.Fma(l[r], factor, sum);
        m[r] = max;
        return factor;
    }

    /// <summary>Puts weights down for <see cref="AddProduct"/>, which the same warp reads.</summary>
    /// <param name="weights">[16 rows][10] packs.</param>
    /// <param name="s">Row i, column j at 4 i + j.</param>
    /// <param name="rows">Rows of a thread, a constant: 1 or 4.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreWeights(ArrayView<Float4> weights, float[] s, int rows)
    {
        var floats = weights.Cast<float>();
        for (var i = 0; i < rows; i++)
        {
            for (var j = 0; j < 4; j++)
            {
                floats[(4 * (Y + (Down * i)) * WeightStride) + X + (Across * j)] = s[(4 * i) + j];
            }
        }
    }

    /// <summary>o = 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Clear(Float4[] o, float[] tail, int rows)
    {
        for (var r = 0; r < rows; r++)
        {
            tail[r] = 0f;
            for (var c = 0; c < 4; c++)
            {
                o[(4 * r) + c] = default;
            }
        }
    }

    /// <summary>One row of o times a factor.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Scale<T>(Float4[] o, float[] tail, int r, float factor) where T : struct, IHeadSize
    {
        tail[r] *= factor;
        for (var c = 0; c < T.Size / 32; c++)
        {
            o[(4 * r) + c].Scale(factor);
        }
    }

    /// <summary>o += p v, for rows 16 apart: the 32 rows of v in ascending order.</summary>
    /// <param name="o">Row r, channels 4 (x + 8 c).. at 4 r + c.</param>
    /// <param name="tail">Of each row the channel behind the packs.</param>
    /// <param name="rows">Rows of a thread, a constant: 1 or 4.</param>
    /// <param name="p">[16 rows][10].</param>
    /// <param name="v">[32][d/4 + 1].</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AddProduct<T>(Float4[] o, float[] tail, int rows, ArrayView<Float4> p, ArrayView<Float4> v)
        where T : struct, IHeadSize
    {
        for (var i = 0; i < Scalar.Rolled(Keys / 4); i++)
        {
            var b = new Float4[16];
            var bTail = new float[4];
            for (var j = 0; j < 4; j++)
            {
                for (var c = 0; c < T.Size / 32; c++)
                {
                    b[(4 * j) + c] = v[(((4 * i) + j) * Stride<T>()) + X + (Across * c)];
                }

                bTail[j] = HasTail<T>() ? v.Cast<float>()[(4 * ((4 * i) + j) * Stride<T>()) + TailChannel<T>()] : 0f;
            }

            for (var r = 0; r < rows; r++)
            {
                var weights = p[((Y + (Down * r)) * WeightStride) + i];
                for (var c = 0; c < T.Size / 32; c++)
                {
                    o[(4 * r) + c].AddScaled(weights.X, b[c]);
                    o[(4 * r) + c].AddScaled(weights.Y, b[4 + c]);
                    o[(4 * r) + c].AddScaled(weights.Z, b[8 + c]);
                    o[(4 * r) + c].AddScaled(weights.W, b[12 + c]);
                }

                if (HasTail<T>())
                {
                    tail[r] = weights.Dot(bTail[0], bTail[1], bTail[2], bTail[3], tail[r]);
                }
            }
        }
    }

    /// <summary>Writes a factor times a row of o to global memory, as far as the head goes.</summary>
    /// <param name="o">As in <see cref="AddProduct"/>.</param>
    /// <param name="tail">As there.</param>
    /// <param name="r">Which row.</param>
    /// <param name="factor">The factor.</param>
    /// <param name="x">The array.</param>
    /// <param name="at">The row's first element in it.</param>
    /// <param name="size">Floats of the head.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store<T>(Float4[] o, float[] tail, int r, float factor, ArrayView<float> x, long at, int size)
        where T : struct, IHeadSize
    {
        Scale<T>(o, tail, r, factor);
        for (var c = 0; c < T.Size / 32; c++)
        {
            if (T.IsFilled || 4 * (X + (Across * c)) < size)
            {
                GlobalMemory.Store4(ref x[at + (4 * (X + (Across * c)))], o[(4 * r) + c]);
            }
        }

        if (HasTail<T>() && (T.IsFilled || TailChannel<T>() < size))
        {
            x[at + TailChannel<T>()] = tail[r];
        }
    }

    /// <summary>Writes the log-sum-exp of a row, if it is wanted.</summary>
    /// <param name="logSumExp">The array; empty if it is not.</param>
    /// <param name="row">The row's place in it.</param>
    /// <param name="exponent">The exponent of two that the sum is relative to.</param>
    /// <param name="sum">Sum of powers of two.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreLogSumExp(ArrayView<float> logSumExp, long row, float exponent, float sum)
    {
        if (X == 0 && logSumExp.Length > 0)
        {
            logSumExp[row] = GpuAttentionRow.LogSumExp(exponent, sum);
        }
    }

    /// <summary>
    /// 2^(scale score - exponent). The difference of two rounded numbers: where the exponent is the largest score's, the power is
    /// 1 whatever its size. A fused multiply-add would leave its rounding error, which overflows from an exponent of 10^9 on.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Exp2(float score, float scale, float exponent) => Scalar.Exp2((score * scale) - exponent);

    /// <summary>The larger of two.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Max(float x, float y) => x > y ? x : y;

    /// <summary>The largest, over the eight threads across.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float MaxAcross(float x)
    {
        for (var mask = 1; mask < Across; mask *= 2)
        {
            x = Max(x, Warp.ShuffleXor(x, mask));
        }

        return x;
    }

    /// <summary>The sum over the eight threads across, in an order that does not depend on the thread.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float SumAcross(float x)
    {
        for (var mask = 1; mask < Across; mask *= 2)
        {
            x += Warp.ShuffleXor(x, mask);
        }

        return x;
    }

    private static bool HasTail<T>() where T : struct, IHeadSize => (T.Size & 31) != 0;

    private static int TailChannel<T>() where T : struct, IHeadSize => (T.Size & ~31) + X;
}
