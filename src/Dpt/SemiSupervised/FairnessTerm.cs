namespace DPT.Engine.Dpt;

/// <summary>
/// FreeMatch's self-adaptive fairness as the USB library computes it (spec 2.4): over the selected images, with s the
/// strong views' probabilities and h the shares of their predictions, L = sum_c a_c ln(b_c + 1e-12) where a is p~/h~
/// and b is mean(s)/h, both normalised to sum 1, and x/0 counts as 0. Minimising it drives b away from where a is
/// large; the value can be negative.
/// </summary>
internal static class FairnessTerm
{
    private const double Epsilon = 1e-12;

    /// <summary>Adds the term's gradient to the soft targets of the strong views.</summary>
    /// <param name="thresholds">The averages p~ and h~, taken as constants.</param>
    /// <param name="strong">Softmax of the strong views' scores, [batch,classes].</param>
    /// <param name="mask">1 for selected images, else 0, [batch].</param>
    /// <param name="weight">Weight of the term in the loss.</param>
    /// <param name="targets">
    /// Targets of a summed soft cross-entropy on the same scores, [batch,classes]. A target t has the gradient
    /// s sum(t) - t, so adding -weight s dL/ds to it adds weight times the gradient of L through the softmax.
    /// </param>
    /// <returns>L, without the weight; 0 if no image is selected.</returns>
    public static double AddTo(
        ThresholdState thresholds, ReadOnlySpan<float> strong, ReadOnlySpan<float> mask, double weight,
        Span<float> targets)
    {
        var classes = thresholds.ClassProbabilities.Length;
        var (sums, counts) = Gather(strong, mask, classes);
        if (counts.Sum() == 0)
        {
            return 0;
        }

        // The factor 1/selected of means and shares cancels in b.
        var (a, _) = Quotients(thresholds.ClassProbabilities, thresholds.ClassFrequencies);
        var (b, total) = Quotients(sums, counts);
        var slopes = a.Zip(b, (x, y) => x / (y + Epsilon)).ToArray();
        var mean = slopes.Zip(b, (slope, y) => slope * y).Sum();
        for (var c = 0; c < classes; c++)
        {
            slopes[c] = counts[c] == 0 ? 0 : (slopes[c] - mean) / (total * counts[c]);
        }

        for (var i = 0; i < strong.Length; i++)
        {
            targets[i] -= (float)(mask[i / classes] == 0 ? 0 : weight * strong[i] * slopes[i % classes]);
        }

        return a.Zip(b, (x, y) => x * Math.Log(y + Epsilon)).Sum();
    }

    /// <summary>Of the selected images: the sum of the probabilities, and the number of predictions, of each class.</summary>
    private static (double[] Sums, double[] Counts) Gather(
        ReadOnlySpan<float> strong, ReadOnlySpan<float> mask, int classes)
    {
        var sums = new double[classes];
        var counts = new double[classes];
        for (var i = 0; i < mask.Length; i++)
        {
            if (mask[i] != 0)
            {
                var row = strong.Slice(i * classes, classes);
                counts[RowScores.ArgMax(row)]++;
                for (var c = 0; c < classes; c++)
                {
                    sums[c] += row[c];
                }
            }
        }

        return (sums, counts);
    }

    /// <summary>x / y normalised to sum 1, where x / 0 counts as 0, and the sum before.</summary>
    private static (double[] Normalised, double Total) Quotients(double[] x, double[] y)
    {
        var quotients = x.Zip(y, (p, q) => q == 0 ? 0 : p / q).ToArray();
        var total = quotients.Sum();
        return (Array.ConvertAll(quotients, q => q / total), total);
    }
}
