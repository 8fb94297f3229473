namespace DPT.Engine.Dpt;

/// <summary>
/// FreeMatch's self-adaptive fairness as the USB library computes it (spec 2.4): over the selected images, with s the
/// strong views' probabilities and h the shares of their predictions, L = sum_c a_c ln(b_c + 1e-12) where a is p~/h~
/// and b is mean(s)/h, both normalised to sum 1. A quotient that does not fit a float counts as 0: x/0 in b, and in a the
/// share h~ of a class that is never predicted, which shrinks with every update. Minimising L drives b away from where a
/// is large; the value can be negative.
/// </summary>
/// <param name="thresholds">The averages p~ and h~, taken as constants.</param>
internal sealed class FairnessTerm(SelfAdaptiveThreshold thresholds)
{
    private const double Epsilon = 1e-12;

    private readonly double[] _counts = new double[thresholds.Classes];
    private readonly double[] _a = new double[thresholds.Classes];
    private readonly double[] _b = new double[thresholds.Classes];
    private readonly double[] _slopes = new double[thresholds.Classes];

    /// <summary>Adds the term's gradient to the soft targets of the strong views.</summary>
    /// <param name="strong">Softmax of the strong views' scores, [batch,classes].</param>
    /// <param name="mask">1 for selected images, else 0, [batch].</param>
    /// <param name="weight">Weight of the term in the loss.</param>
    /// <param name="targets">
    /// Targets of a summed soft cross-entropy on the same scores, [batch,classes]. A target t has the gradient
    /// s sum(t) - t, so adding -weight s dL/ds to it adds weight times the gradient of L through the softmax.
    /// </param>
    /// <returns>L, without the weight; 0 if no image is selected.</returns>
    public double AddTo(ReadOnlySpan<float> strong, ReadOnlySpan<float> mask, double weight, Span<float> targets)
    {
        if (!Gather(strong, mask, _b, _counts))
        {
            return 0;
        }

        // The factor 1/selected of means and shares cancels in b.
        thresholds.ClassProbabilities.CopyTo(_a);
        DivideAndNormalise(_a, thresholds.ClassFrequencies);
        var total = DivideAndNormalise(_b, _counts);
        FindSlopes(total);
        for (var i = 0; i < strong.Length; i++)
        {
            targets[i] -= (float)(mask[i / _a.Length] == 0 ? 0 : weight * strong[i] * _slopes[i % _a.Length]);
        }

        var value = 0.0;
        for (var c = 0; c < _a.Length; c++)
        {
            value += _a[c] * Math.Log(_b[c] + Epsilon);
        }

        return value;
    }

    /// <summary>
    /// Of the selected images: the sum of the probabilities, and the number of predictions, of each class. False if none
    /// is selected.
    /// </summary>
    private static bool Gather(ReadOnlySpan<float> strong, ReadOnlySpan<float> mask, double[] sums, double[] counts)
    {
        Array.Clear(sums);
        Array.Clear(counts);
        for (var i = 0; i < mask.Length; i++)
        {
            if (mask[i] != 0)
            {
                var row = strong.Slice(i * sums.Length, sums.Length);
                counts[RowScores.ArgMax(row)]++;
                for (var c = 0; c < sums.Length; c++)
                {
                    sums[c] += row[c];
                }
            }
        }

        return counts.AsSpan().ContainsAnyExcept(0);
    }

    /// <summary>
    /// Makes x the quotient x / y normalised to sum 1, where quotients beyond the largest float count as 0. Returns the sum
    /// before; if it is 0, so are all quotients.
    /// </summary>
    private static double DivideAndNormalise(double[] x, ReadOnlySpan<double> y)
    {
        var total = 0.0;
        for (var c = 0; c < x.Length; c++)
        {
            var quotient = x[c] / y[c];
            x[c] = quotient <= float.MaxValue ? quotient : 0;
            total += x[c];
        }

        for (var c = 0; c < x.Length && total > 0; c++)
        {
            x[c] /= total;
        }

        return total;
    }

    /// <summary>The derivative of L by the sum of each class's probabilities.</summary>
    /// <param name="total">The sum of the quotients of b before they were normalised.</param>
    private void FindSlopes(double total)
    {
        var mean = 0.0;
        for (var c = 0; c < _slopes.Length; c++)
        {
            _slopes[c] = _a[c] / (_b[c] + Epsilon);
            mean += _slopes[c] * _b[c];
        }

        for (var c = 0; c < _slopes.Length; c++)
        {
            _slopes[c] = _counts[c] == 0 ? 0 : (_slopes[c] - mean) / (total * _counts[c]);
        }
    }
}
