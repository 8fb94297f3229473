namespace DPT.Engine.Dpt;

/// <summary>
/// exp of the mean divergence of an image's class probabilities from those of all images (Salimans et al. 2016): 1 where nothing can be
/// told apart, the number of classes where each image is surely of one and all occur equally. With Inception it is the Inception Score.
/// </summary>
public static class ClassScore
{
    /// <summary>The score of all images together.</summary>
    /// <param name="probabilities">[N, classes], rows of sum 1; N at least 1.</param>
    /// <param name="classes">Number of classes.</param>
    public static double Of(ReadOnlySpan<float> probabilities, int classes)
    {
        var count = probabilities.Length / classes;
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1, nameof(probabilities));
        var mean = new double[classes];
        for (var i = 0; i < probabilities.Length; i++)
        {
            mean[i % classes] += probabilities[i] / (double)count;
        }

        var divergence = 0.0;
        for (var i = 0; i < probabilities.Length; i++)
        {
            double share = probabilities[i];
            divergence += share > 0 ? share * Math.Log(share / mean[i % classes]) : 0;
        }

        return Math.Exp(divergence / count);
    }
}
