namespace DPT.Engine.Dpt;

/// <summary>What a row of class scores says.</summary>
internal static class RowScores
{
    /// <summary>Index of the largest score; of equal ones the lowest.</summary>
    /// <exception cref="DptException">Diverged: a score is not finite, so they predict nothing.</exception>
    public static int ArgMax(ReadOnlySpan<float> scores)
    {
        var best = 0;
        for (var c = 0; c < scores.Length; c++)
        {
            if (!float.IsFinite(scores[c]))
            {
                throw new DptException(FailureKind.Diverged, $"the score of class {c} is {scores[c]}: nothing can be predicted from it");
            }

            if (scores[c] > scores[best])
            {
                best = c;
            }
        }

        return best;
    }
}
