namespace DPT.Engine.Kernels;

/// <summary>The losses in double precision, from their definitions.</summary>
internal static class LossReference
{
    /// <summary>
    /// Cross-entropy with targets as distributions; <paramref name="gradient"/> may be null. A class that no target asks
    /// for adds nothing, whatever its score: 0 log 0 is 0. Scores without a softmax have no loss either.
    /// </summary>
    public static void CrossEntropy(
        int rows, int classes, double scale, double[] logits, double[] targets, double[]? weights,
        double[] losses, double[]? gradient)
    {
        for (var r = 0; r < rows; r++)
        {
            var probabilities = logits.AsSpan(r * classes, classes).ToArray();
            Softmax(1, classes, probabilities, probabilities);
            var maximum = logits.AsSpan(r * classes, classes).ToArray().Max();
            var logSum = maximum - Math.Log(probabilities[Array.IndexOf(logits, maximum, r * classes) - (r * classes)]);
            var weight = weights?[r] ?? 1;
            var total = targets.AsSpan(r * classes, classes).ToArray().Sum();
            losses[r] = 0 * logSum;
            for (var c = 0; c < classes; c++)
            {
                var i = (r * classes) + c;
                losses[r] += targets[i] == 0 ? 0 : targets[i] * (logSum - logits[i]);
                if (gradient != null)
                {
                    gradient[i] = scale * weight * ((probabilities[c] * total) - targets[i]);
                }
            }

            losses[r] *= weight;
        }
    }

    /// <summary>Class numbers as distributions.</summary>
    public static double[] OneHot(double[] labels, int classes)
    {
        var targets = new double[labels.Length * classes];
        for (var r = 0; r < labels.Length; r++)
        {
            targets[(r * classes) + (int)labels[r]] = 1;
        }

        return targets;
    }

    public static void Softmax(int rows, int classes, double[] logits, double[] probabilities)
    {
        for (var r = 0; r < rows; r++)
        {
            var row = logits.AsSpan(r * classes, classes).ToArray();
            var powers = row.Select(z => Math.Exp(z - row.Max())).ToArray();
            var sum = powers.Sum();
            for (var c = 0; c < classes; c++)
            {
                probabilities[(r * classes) + c] = powers[c] / sum;
            }
        }
    }

    /// <summary>Mean squared error; <paramref name="gradient"/> may be null. Masked samples are not read.</summary>
    public static void SquaredError(
        int batch, int elements, double scale, double[] prediction, double[] target, double[]? weights,
        double[] losses, double[]? gradient)
    {
        for (var b = 0; b < batch; b++)
        {
            var weight = weights?[b] ?? 1;
            losses[b] = 0;
            for (var i = b * elements; i < (b + 1) * elements; i++)
            {
                var difference = weight == 0 ? 0 : prediction[i] - target[i];
                losses[b] += weight * difference * difference / elements;
                if (gradient != null)
                {
                    gradient[i] = scale * weight * 2 * difference / elements;
                }
            }
        }
    }
}
