using System.Runtime.CompilerServices;
using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>Where a warp that sums gradients of strips finds rows in shared memory, which are counted from the start.</summary>
internal readonly struct Bf16GradientPlaces
{
    /// <summary>First row of its strips, of queries or of keys.</summary>
    public required int Own { get; init; }

    /// <summary>First of the gradients of their results, or of the values.</summary>
    public required int OwnSecond { get; init; }

    /// <summary>First chunk of the other side.</summary>
    public required int Other { get; init; }

    /// <summary>Chunks from a row of the other side to that of its second array.</summary>
    public required int OtherSecond { get; init; }

    /// <summary>First of as many rows as the strips have, for results, which nobody else uses.</summary>
    public required int Result { get; init; }

    /// <summary>First of those for the second gradient of keys.</summary>
    public required int ResultSecond { get; init; }
}

/// <summary>
/// What a warp does for strips of a short sequence's head, whose other side is in shared memory whole: <see cref="Bf16GradientStrips"/> from
/// the first row of that side to the last, in ascending order, what is left behind whole stages 16 rows at a time.
/// </summary>
internal static class Bf16ShortGradient
{
    /// <summary>Rows at a time.</summary>
    private const int Stage = Bf16GradientStrips.Stage;

    /// <summary>Strips of queries that a warp has at once: two where registers last.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int StripsOfQueries<T>() where T : struct, IHeadSize => T.Size <= 64 ? 2 : 1;

    /// <summary>Strips of keys, beside two kinds of sums.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int StripsOfKeys<T>() where T : struct, IHeadSize => T.Size <= 64 ? 2 : 1;

    /// <summary>Queries at a time for strips of keys: fewer where their sums leave no registers for more scores.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int StageOfKeys<T>(int strips) where T : struct, IHeadSize => strips * T.Size <= 64 ? Stage : Stage / 2;

    /// <summary>Sums and writes dq of strips.</summary>
    /// <param name="strip">The first of them.</param>
    /// <param name="count">How many, a constant.</param>
    /// <param name="places">Where they lie in shared memory.</param>
    /// <param name="dots">Log-sum-exps and D.</param>
    /// <param name="shared">Where all tiles lie.</param>
    /// <param name="dQkv">The gradient.</param>
    /// <param name="index">Number of the head in the batch.</param>
    /// <param name="tokens">Tokens of the sequence.</param>
    /// <param name="heads">Heads of a sequence.</param>
    /// <param name="scale">The scale of scores.</param>
    /// <param name="scaleOfExp2">What makes an exponent of a score.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void SumQueries<T>(
        int strip, int count, Bf16GradientPlaces places, Bf16RowDots dots, ArrayView<UInt4> shared, ArrayView<BFloat16> dQkv,
        int index, int tokens, int heads, float scale, float scaleOfExp2)
        where T : struct, IHeadSize
    {
        var row = Bf16HeadTile.Strip * strip;
        UInt4[] q = new UInt4[Bf16GradientStrips.Fragments], dO = new UInt4[Bf16GradientStrips.Fragments];
        Bf16GradientStrips.Load<T>(q, count, shared, 0, places.Own);
        Bf16GradientStrips.Load<T>(dO, count, shared, 0, places.OwnSecond);
        float[] exponents = new float[4], d = new float[4];
        for (var i = 0; i < 2 * count; i++)
        {
            var numbers = dots.Of(row + (WarpReduce.Lane / 4) + (8 * i));
            exponents[i] = numbers.X;
            d[i] = numbers.Y;
        }

        var dQ = new Float4[Bf16GradientStrips.Sums];
        Bf16GradientStrips.Clear<T>(dQ, count);
        var (first, at) = (0, places.Other);
        for (; first + Stage <= tokens; first += Stage)
        {
            Bf16GradientStrips.AddKeys<T>(dQ, q, dO, exponents, d, count, shared, at, places.OtherSecond, Stage, true, Stage, scaleOfExp2);
            at += Stage * Bf16HeadTile.Chunks<T>();
        }

        for (; first < tokens; first += Bf16HeadTile.Strip)
        {
            Bf16GradientStrips.AddKeys<T>(
                dQ, q, dO, exponents, d, count, shared, at, places.OtherSecond, Bf16HeadTile.Strip, false, tokens - first, scaleOfExp2);
            at += Bf16HeadTile.Strip * Bf16HeadTile.Chunks<T>();
        }

        // Other lanes have read the rows that are written.
        Warp.Barrier();
        var head = HeadAnew<T>(index, tokens, heads);
        Bf16GradientStrips.Store<T>(dQ, scale, count, shared, places.Result, dQkv, head.Query, head.PackedWidth, row, tokens);
    }

    /// <summary>Sums and writes dk and dv of strips.</summary>
    /// <inheritdoc cref="SumQueries{T}"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void SumKeys<T>(
        int strip, int count, Bf16GradientPlaces places, Bf16RowDots dots, ArrayView<UInt4> shared, ArrayView<BFloat16> dQkv,
        int index, int tokens, int heads, float scale, float scaleOfExp2)
        where T : struct, IHeadSize
    {
        var row = Bf16HeadTile.Strip * strip;
        UInt4[] k = new UInt4[Bf16GradientStrips.Fragments], v = new UInt4[Bf16GradientStrips.Fragments];
        Bf16GradientStrips.Load<T>(k, count, shared, 0, places.Own);
        Bf16GradientStrips.Load<T>(v, count, shared, 0, places.OwnSecond);
        Float4[] dK = new Float4[Bf16GradientStrips.Sums], dV = new Float4[Bf16GradientStrips.Sums];
        Bf16GradientStrips.Clear<T>(dK, count);
        Bf16GradientStrips.Clear<T>(dV, count);
        var (first, at) = (0, places.Other);
        var stage = StageOfKeys<T>(count);
        for (; first + stage <= tokens; first += stage)
        {
            var numbers = dots.Of(first + (WarpReduce.Lane & (stage - 1)));
            Bf16GradientStrips.AddQueries<T>(
                dK, dV, k, v, numbers.X, numbers.Y, count, shared, places.Own, places.OwnSecond, at, places.OtherSecond, stage, true, stage,
                scaleOfExp2);
            at += stage * Bf16HeadTile.Chunks<T>();
        }

        for (; first < tokens; first += Bf16HeadTile.Strip)
        {
            var numbers = dots.Of(first + (WarpReduce.Lane & (Bf16HeadTile.Strip - 1)));
            Bf16GradientStrips.AddQueries<T>(
                dK, dV, k, v, numbers.X, numbers.Y, count, shared, places.Own, places.OwnSecond, at, places.OtherSecond,
                Bf16HeadTile.Strip, false, tokens - first, scaleOfExp2);
            at += Bf16HeadTile.Strip * Bf16HeadTile.Chunks<T>();
        }

        // Other lanes have read the rows that are written.
        Warp.Barrier();
        var head = HeadAnew<T>(index, tokens, heads);
        Bf16GradientStrips.Store<T>(dK, scale, count, shared, places.Result, dQkv, head.Key, head.PackedWidth, row, tokens);
        Bf16GradientStrips.Store<T>(dV, 1f, count, shared, places.ResultSecond, dQkv, head.Value, head.PackedWidth, row, tokens);
    }

    /// <summary>Where results go; kept through the products, that would cost registers that are not there.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static GpuAttentionHead HeadAnew<T>(int index, int tokens, int heads) where T : struct, IHeadSize =>
        new(Scalar.Anew(index), Scalar.Anew(tokens), Scalar.Anew(heads), T.Size);
}
