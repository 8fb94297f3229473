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
        var selected = 0;
        var means = new double[classes];
        var shares = new double[classes];
        for (var b = 0; b < mask.Length; b++)
        {
            if (mask[b] == 0)
            {
                continue;
            }

            var row = strong.Slice(b * classes, classes);
            selected++;
            shares[RowScores.ArgMax(row)]++;
            for (var c = 0; c < classes; c++)
            {
                means[c] += row[c];
            }
        }

        if (selected == 0)
        {
            return 0;
        }

        // Shares of counts and means of sums: the common factor 1/selected cancels in b.
        var a = Quotients(thresholds.ClassProbabilities, thresholds.ClassFrequencies, out _);
        var b1 = Quotients(means, shares, out var total);
        var (loss, inner) = (0.0, 0.0);
        var slopes = new double[classes];
        for (var c = 0; c < classes; c++)
        {
            loss += a[c] * Math.Log(b1[c] + Epsilon);
            slopes[c] = a[c] / (b1[c] + Epsilon);
            inner += slopes[c] * b1[c];
        }

        for (var c = 0; c < classes; c++)
        {
            slopes[c] = shares[c] == 0 ? 0 : (slopes[c] - inner) / (total * shares[c]);
        }

        for (var i = 0; i < strong.Length; i++)
        {
            targets[i] -= (float)(mask[i / classes] == 0 ? 0 : weight * strong[i] * slopes[i % classes]);
        }

        return loss;
    }

    /// <summary>x / y normalised to sum 1, where x / 0 counts as 0.</summary>
    private static double[] Quotients(double[] x, double[] y, out double total)
    {
        var quotients = x.Zip(y, (p, q) => q == 0 ? 0 : p / q).ToArray();
        var sum = total = quotients.Sum();
        return Array.ConvertAll(quotients, q => q / sum);
    }
}
