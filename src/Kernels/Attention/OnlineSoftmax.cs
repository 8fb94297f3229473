using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>
/// The softmax of four rows whose scores come by and by: the largest exponent of two so far, and this thread's part of the
/// sum of powers relative to it.
/// </summary>
internal struct OnlineSoftmax
{
    public Float4 Most;
    private Float4 _sums;

    /// <summary>
    /// Before the first score: not minus infinity, whose difference from itself is NaN, but the least number. Where all scores
    /// so far are minus infinity it stays, their powers are 0, and so do the sums.
    /// </summary>
    public static OnlineSoftmax Empty
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new() { Most = Float4.Broadcast(float.MinValue) };
    }

    /// <summary>Turns scores into weights relative to the new maximum; the factors that older sums shrink by are returned.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Float4 Take(ref ScoreTile scores, int keys, float scale)
    {
        Float4 factors;
        factors.X = Take(ref scores.Row0, ref Most.X, ref _sums.X, keys, scale);
        factors.Y = Take(ref scores.Row1, ref Most.Y, ref _sums.Y, keys, scale);
        factors.Z = Take(ref scores.Row2, ref Most.Z, ref _sums.Z, keys, scale);
        factors.W = Take(ref scores.Row3, ref Most.W, ref _sums.W, keys, scale);
        return factors;
    }

    /// <summary>The sums of the whole rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly Float4 SumsAcross() => new()
    {
        X = AttentionTile.SumAcross(_sums.X),
        Y = AttentionTile.SumAcross(_sums.Y),
        Z = AttentionTile.SumAcross(_sums.Z),
        W = AttentionTile.SumAcross(_sums.W),
    };

    /// <summary>1 over each of four sums.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float4 Inverse(Float4 sums)
    {
        sums.X = 1f / sums.X;
        sums.Y = 1f / sums.Y;
        sums.Z = 1f / sums.Z;
        sums.W = 1f / sums.W;
        return sums;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Take(ref Float4 scores, ref float most, ref float sum, int keys, float scale)
    {
        var masked = AttentionTile.MaskFrom(keys, scores);
        var larger = AttentionTile.MaxAcross(AttentionTile.MaxOf(masked)) * scale;
        larger = AttentionTile.Max(larger, most);
        var factor = Scalar.Exp2(most - larger);
        scores = AttentionTile.Exp2(masked, scale, larger);
        sum = Scalar.Fma(sum, factor, AttentionTile.SumOf(scores));
        most = larger;
        return factor;
    }
}
