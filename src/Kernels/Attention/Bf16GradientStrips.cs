using System.Runtime.CompilerServices;
using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// Strips of 16 rows whose gradients a warp sums in registers: of queries, past keys and values in shared memory, or of keys with scores
/// transposed, past queries and gradients of results, so that what a product leaves in a lane is again what the next one takes from it.
/// P = exp2(S - log-sum-exp) and dS = P (dP - D) are rounded to bf16 where they are multiplied.
/// </summary>
internal static class Bf16GradientStrips
{
    /// <summary>Rows on the other side at a time.</summary>
    public const int Stage = 32;

    /// <summary>Two strips of up to 5 fragments, 4 blocks of scores and 9 blocks of channels, or one with up to 8, 4 and 16.</summary>
    public const int Fragments = 2 * 5, Scores = 2 * (Stage / 8), Sums = 2 * 9;

    /// <summary>Reads a warp's strips.</summary>
    /// <param name="rows">The fragments.</param>
    /// <param name="strips">Strips, a constant.</param>
    /// <param name="shared">Where tiles lie.</param>
    /// <param name="at">First chunk of the tile.</param>
    /// <param name="row">First row of the strips.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load<T>(UInt4[] rows, int strips, ArrayView<UInt4> shared, int at, int row) where T : struct, IHeadSize
    {
        for (var i = 0; i < strips; i++)
        {
            Bf16HeadProduct.LoadRows<T>(rows, i * Bf16HeadProduct.Fragments<T>(), shared, at, row + (Bf16HeadTile.Strip * i));
        }
    }

    /// <summary>sums = 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Clear<T>(Float4[] sums, int strips) where T : struct, IHeadSize
    {
        for (var i = 0; i < strips * Bf16HeadTile.Chunks<T>(); i++)
        {
            sums[i] = default;
        }
    }

    /// <summary>Adds what so many keys give to dq.</summary>
    /// <param name="dQ">The sums.</param>
    /// <param name="q">The queries.</param>
    /// <param name="dO">The gradients of their results.</param>
    /// <param name="exponents">Their log-sum-exps to base two.</param>
    /// <param name="d">Their rows of D.</param>
    /// <param name="strips">Strips, a constant.</param>
    /// <param name="shared">Where tiles lie.</param>
    /// <param name="at">The first key.</param>
    /// <param name="values">From a key to its value.</param>
    /// <param name="count">Keys, a constant.</param>
    /// <param name="isWhole">Whether all exist, a constant.</param>
    /// <param name="left">Keys from the first of these to the last there is.</param>
    /// <param name="scale">What makes an exponent of a score.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AddKeys<T>(
        Float4[] dQ, UInt4[] q, UInt4[] dO, float[] exponents, float[] d, int strips,
        ArrayView<UInt4> shared, int at, int values, int count, bool isWhole, int left, float scale)
        where T : struct, IHeadSize
    {
        Float4[] p = new Float4[Scores], dP = new Float4[Scores];
        var (columns, last) = (at + Bf16HeadTile.AtColumns<T>(0), at + Bf16HeadTile.AtLast<T>(0));
        Bf16HeadProduct.MultiplyTransposed<T>(p, q, strips, shared, columns, last, count);
        Bf16HeadProduct.MultiplyTransposed<T>(dP, dO, strips, shared, columns + values, last + values, count);
        if (!isWhole)
        {
            Bf16SoftmaxRows.Mask(p, strips * (count / 8), count, left);
        }

        for (var i = 0; i < strips; i++)
        {
            for (var b = 0; b < count / 8; b++)
            {
                var (score, gradient) = (p[(i * (count / 8)) + b], dP[(i * (count / 8)) + b]);
                var powers = Powers(score, scale, OfRows(exponents[2 * i], exponents[(2 * i) + 1]));
                p[(i * (count / 8)) + b] = Gradients(powers, gradient, OfRows(d[2 * i], d[(2 * i) + 1]));
            }
        }

        Bf16HeadProduct.AddProduct<T>(dQ, p, strips, shared, at + Bf16HeadTile.AtRows<T>(0), last, count);
    }

    /// <summary>Adds what so many queries give to dk and dv: scores are transposed, keys down and queries across.</summary>
    /// <param name="dK">The sums of keys.</param>
    /// <param name="dV">The sums of values.</param>
    /// <param name="k">The keys.</param>
    /// <param name="v">The values.</param>
    /// <param name="exponent">The log-sum-exp to base two of this lane's query.</param>
    /// <param name="d">Its row of D.</param>
    /// <param name="strips">Strips, a constant.</param>
    /// <param name="shared">Where tiles lie.</param>
    /// <param name="own">First row of the keys in the tile at the start, for those that are not kept.</param>
    /// <param name="ownValues">First row of the values.</param>
    /// <param name="at">The first query.</param>
    /// <param name="gradients">From a query to the gradient of its result.</param>
    /// <param name="count">Queries, a constant.</param>
    /// <param name="isWhole">Whether all exist, a constant.</param>
    /// <param name="left">Queries from the first of these to the last there is.</param>
    /// <param name="scale">What makes an exponent of a score.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AddQueries<T>(
        Float4[] dK, Float4[] dV, UInt4[] k, UInt4[] v, float exponent, float d, int strips,
        ArrayView<UInt4> shared, int own, int ownValues, int at, int gradients, int count, bool isWhole, int left,
        float scale)
        where T : struct, IHeadSize
    {
        Float4[] p = new Float4[Scores], dS = new Float4[Scores];
        var last = at + Bf16HeadTile.AtLast<T>(0);
        var (columns, rows) = (at + Bf16HeadTile.AtColumns<T>(0), at + Bf16HeadTile.AtRows<T>(0));
        if (Reloads<T>())
        {
            Load<T>(k, strips, shared, 0, own);
        }

        Bf16HeadProduct.MultiplyTransposed<T>(p, k, strips, shared, columns, last, count);
        if (ReloadsValues<T>(strips))
        {
            Load<T>(v, strips, shared, 0, ownValues);
        }

        Bf16HeadProduct.MultiplyTransposed<T>(dS, v, strips, shared, columns + gradients, last + gradients, count);
        if (!isWhole)
        {
            Bf16SoftmaxRows.Mask(p, strips * (count / 8), count, left);
        }

        for (var b = 0; b < count / 8; b++)
        {
            var column = (8 * b) + (2 * (WarpReduce.Lane & 3));
            float m0 = Warp.Shuffle(exponent, column), m1 = Warp.Shuffle(exponent, column + 1);
            float d0 = Warp.Shuffle(d, column), d1 = Warp.Shuffle(d, column + 1);
            for (var i = 0; i < strips; i++)
            {
                var (score, gradient) = (p[(i * (count / 8)) + b], dS[(i * (count / 8)) + b]);
                score = Powers(score, scale, OfColumns(m0, m1));
                p[(i * (count / 8)) + b] = score;
                dS[(i * (count / 8)) + b] = Gradients(score, gradient, OfColumns(d0, d1));
            }
        }

        Bf16HeadProduct.AddProduct<T>(dV, p, strips, shared, rows + gradients, last + gradients, count);
        Bf16HeadProduct.AddProduct<T>(dK, dS, strips, shared, rows, last, count);
    }

    /// <summary>Writes a factor times the sums, through rows of shared memory that nobody else uses.</summary>
    /// <param name="sums">The sums.</param>
    /// <param name="factor">The factor.</param>
    /// <param name="strips">Strips, a constant.</param>
    /// <param name="shared">Where tiles lie.</param>
    /// <param name="own">First of these rows in the tile at the start.</param>
    /// <param name="x">The gradient.</param>
    /// <param name="first">The head's first element in it.</param>
    /// <param name="stride">Elements from one row to the next.</param>
    /// <param name="row">First row of the strips.</param>
    /// <param name="rows">Rows that there are.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store<T>(
        Float4[] sums, float factor, int strips, ArrayView<UInt4> shared, int own, ArrayView<BFloat16> x, long first, int stride, int row, int rows)
        where T : struct, IHeadSize
    {
        for (var i = 0; i < strips; i++)
        {
            var from = i * Bf16HeadTile.Chunks<T>();
            Bf16SoftmaxRows.Scale(sums, from, Bf16HeadTile.Chunks<T>(), new Float2 { X = factor, Y = factor });
            var (tile, token) = (own + (Bf16HeadTile.Strip * i), row + (Bf16HeadTile.Strip * i));
            Bf16HeadProduct.Store<T>(sums, from, shared, tile, x, first + ((long)token * stride), stride, rows - token);
        }
    }

    /// <summary>P of a lane's scores in a block of 16 x 8.</summary>
    /// <param name="scores">S.</param>
    /// <param name="scale">What makes an exponent of a score.</param>
    /// <param name="exponents">The log-sum-exps to base two of their queries.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float4 Powers(Float4 scores, float scale, Float4 exponents) => new()
    {
        X = Bf16SoftmaxRows.Power(scores.X, scale, exponents.X),
        Y = Bf16SoftmaxRows.Power(scores.Y, scale, exponents.Y),
        Z = Bf16SoftmaxRows.Power(scores.Z, scale, exponents.Z),
        W = Bf16SoftmaxRows.Power(scores.W, scale, exponents.W),
    };

    /// <summary>dS = P (dP - D) of a lane's scores in a block.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float4 Gradients(Float4 powers, Float4 dP, Float4 d) => new()
    {
        X = powers.X * (dP.X - d.X),
        Y = powers.Y * (dP.Y - d.Y),
        Z = powers.Z * (dP.Z - d.Z),
        W = powers.W * (dP.W - d.W),
    };

    /// <summary>What a lane's top and bottom row have, for each of its numbers in a block whose rows are queries.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float4 OfRows(float top, float bottom) => new() { X = top, Y = top, Z = bottom, W = bottom };

    /// <summary>What a lane's two columns have, for each of its numbers in a block whose columns are queries.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float4 OfColumns(float left, float right) => new() { X = left, Y = right, Z = left, W = right };

    /// <summary>Beside two kinds of sums of the widest heads there is no room in registers for keys and values.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Reloads<T>() where T : struct, IHeadSize => T.Size > 96;

    /// <summary>Beside those of two strips there is none for values.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool ReloadsValues<T>(int strips) where T : struct, IHeadSize => strips * T.Size > 96;
}
