using System.Runtime.CompilerServices;
using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// The running softmax of a warp's strips of 16 rows, as tensor cores leave scores: a lane sees two rows of a strip, lane/4 (the top one)
/// and 8 more, and four neighbours see the same two. Of each row it keeps the largest exponent of two so far, and its own part of the
/// sum of powers relative to it. Two entries a strip: the top row's, then the other's.
/// </summary>
internal static class Bf16SoftmaxRows
{
    /// <summary>
    /// Nothing was seen yet. Not minus infinity, whose difference from itself is NaN: where all scores are that, the least float stays
    /// and the sum is 0.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Begin(float[] max, float[] sums, int strips)
    {
        for (var i = 0; i < 2 * strips; i++)
        {
            max[i] = float.MinValue;
            sums[i] = 0f;
        }
    }

    /// <summary>Takes scores of keys that do not exist away.</summary>
    /// <param name="s">Blocks of 16 x 8 scores.</param>
    /// <param name="blocks">How many, a constant.</param>
    /// <param name="columns">Columns of each strip, a constant.</param>
    /// <param name="keys">Keys from the first of these to the last there is.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Mask(Float4[] s, int blocks, int columns, int keys)
    {
        var left = keys - (2 * (WarpReduce.Lane & 3));
        for (var b = 0; b < blocks; b++)
        {
            var column = 8 * b % columns;
            var (hasFirst, hasSecond) = (column < left, column + 1 < left);
            s[b] = new()
            {
                X = hasFirst ? s[b].X : float.NegativeInfinity,
                Y = hasSecond ? s[b].Y : float.NegativeInfinity,
                Z = hasFirst ? s[b].Z : float.NegativeInfinity,
                W = hasSecond ? s[b].W : float.NegativeInfinity,
            };
        }
    }

    /// <summary>Turns a strip's scores into powers of two relative to the largest so far, and takes them into account.</summary>
    /// <param name="s">Blocks of scores, which become powers.</param>
    /// <param name="from">The strip's first.</param>
    /// <param name="blocks">Its blocks, a constant.</param>
    /// <param name="max">The largest exponents.</param>
    /// <param name="sums">The sums of powers.</param>
    /// <param name="strip">The strip.</param>
    /// <param name="scale">What makes an exponent of a score.</param>
    /// <returns>The factors that older sums of the two rows shrink by.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float2 Advance(Float4[] s, int from, int blocks, float[] max, float[] sums, int strip, float scale)
    {
        float top = float.NegativeInfinity, bottom = float.NegativeInfinity;
        for (var b = 0; b < blocks; b++)
        {
            var scores = s[from + b];
            top = Scalar.Max(top, Scalar.Max(scores.X, scores.Y));
            bottom = Scalar.Max(bottom, Scalar.Max(scores.Z, scores.W));
        }

        var factors = new Float2
        {
            X = Raise(max, 2 * strip, MaxOfRow(top) * scale),
            Y = Raise(max, (2 * strip) + 1, MaxOfRow(bottom) * scale),
        };
        float sumTop = 0f, sumBottom = 0f;
        for (var b = 0; b < blocks; b++)
        {
            var scores = s[from + b];
            scores.X = Power(scores.X, scale, max[2 * strip]);
            scores.Y = Power(scores.Y, scale, max[2 * strip]);
            scores.Z = Power(scores.Z, scale, max[(2 * strip) + 1]);
            scores.W = Power(scores.W, scale, max[(2 * strip) + 1]);
            sumTop += scores.X + scores.Y;
            sumBottom += scores.Z + scores.W;
            s[from + b] = scores;
        }

        sums[2 * strip] = Scalar.Fma(sums[2 * strip], factors.X, sumTop);
        sums[(2 * strip) + 1] = Scalar.Fma(sums[(2 * strip) + 1], factors.Y, sumBottom);
        return factors;
    }

    /// <summary>Multiplies both rows of a strip's sums.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Scale(Float4[] o, int from, int blocks, Float2 factors)
    {
        for (var b = 0; b < blocks; b++)
        {
            var sum = o[from + b];
            o[from + b] = new() { X = sum.X * factors.X, Y = sum.Y * factors.X, Z = sum.Z * factors.Y, W = sum.W * factors.Y };
        }
    }

    /// <summary>The sum over the four lanes that see a row, in an order that does not depend on the lane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float SumOfRow(float x)
    {
        x += Warp.ShuffleXor(x, 1);
        return x + Warp.ShuffleXor(x, 2);
    }

    /// <summary>2^(scale score - exponent), a difference of rounded numbers as in <see cref="HeadTile.Exp2"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Power(float score, float scale, float exponent) => Scalar.Exp2OrZero((score * scale) - exponent);

    private static float MaxOfRow(float x)
    {
        x = Scalar.Max(x, Warp.ShuffleXor(x, 1));
        return Scalar.Max(x, Warp.ShuffleXor(x, 2));
    }

    /// <summary>Raises a row's largest exponent; what was relative to the old one shrinks by the result.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Raise(float[] max, int row, float exponent)
    {
        var old = max[row];
        max[row] = Scalar.Max(exponent, old);
        return Scalar.Exp2OrZero(old - max[row]);
    }
}
