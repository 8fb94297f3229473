namespace DPT.Engine.Dpt;

/// <summary>What a row of class scores says.</summary>
internal static class RowScores
{
    /// <summary>Index of the largest score; of equal ones the lowest, and NaN is never larger.</summary>
    public static int ArgMax(ReadOnlySpan<float> scores)
    {
        var best = 0;
        for (var c = 1; c < scores.Length; c++)
        {
            if (scores[c] > scores[best])
            {
                best = c;
            }
        }

        return best;
    }
}
