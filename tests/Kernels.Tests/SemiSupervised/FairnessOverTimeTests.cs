namespace Kernels.Tests;

/// <summary>
/// Thresholds and fairness over a training of thousands of steps in which a class is never predicted: its share shrinks until
/// the quotient p~/h~ leaves the floats, which counts as 0, and in the end is infinite.
/// </summary>
public sealed class FairnessOverTimeTests
{
    private const int Classes = 4;
    private const int Batch = 6;
    private const int Steps = 30_000;
    private const int NeverPredicted = 2;
    private const double Momentum = 0.97;

    [Test]
    public void Terms_OverThousandsOfSteps_AreTheTranscriptionAndFinite()
    {
        var random = new Random(5);
        using var run = new Selection(Classes, Batch);
        var (tau, p, h) = (0.25, Filled(), Filled());
        var (largest, sawInfinity, sawOverflow) = (0.0, false, false);
        for (var step = 0; step < Steps; step++)
        {
            var weak = Probabilities(random);
            var (averages, labels, mask) = run.Update(weak, (float)Momentum);
            Follow(weak, ref tau, p, h);
            RequireMask(mask, weak, tau, p, step);
            var strong = Probabilities(random);
            var (value, gradient) = run.Fairness(Array.ConvertAll(strong, MathF.Log), scale: 1);
            Assert.That(value, Is.EqualTo(Value(strong, mask, p, h)).Within(3e-5 * (1 + Math.Abs(value))), $"step {step}");
            Assert.That(gradient, Is.All.Matches<float>(float.IsFinite), $"step {step}");
            Assert.That(averages[1..(1 + Classes)].Sum(), Is.EqualTo(1).Within(1e-5));
            Assert.That(averages[(1 + Classes)..].Sum(), Is.EqualTo(1).Within(1e-5));
            largest = Math.Max(largest, Math.Abs(value));
            sawInfinity |= double.IsInfinity(p[NeverPredicted] / h[NeverPredicted]);
            sawOverflow |= p[NeverPredicted] / h[NeverPredicted] is > float.MaxValue and < double.PositiveInfinity;
        }

        Assert.That((sawInfinity, sawOverflow), Is.EqualTo((true, true)), "the way must lead through both");
        Assert.That(largest, Is.LessThan(30), "at most -ln 1e-12 and a little");
    }

    private static double[] Filled() => [.. Enumerable.Repeat(1.0 / Classes, Classes)];

    /// <summary>Rows in which the class is probable, but never the most probable.</summary>
    private static float[] Probabilities(Random random) =>
    [
        .. Enumerable.Range(0, Batch).SelectMany(_ =>
        {
            var scores = Enumerable.Range(0, Classes).Select(_ => Math.Exp(3 * random.NextDouble())).ToArray();
            scores[NeverPredicted] = 0.5 * scores.Where((_, c) => c != NeverPredicted).Max();
            return scores.Select(s => (float)(s / scores.Sum()));
        }),
    ];

    private static void Follow(float[] weak, ref double tau, double[] p, double[] h)
    {
        var rows = weak.Chunk(Classes).ToArray();
        static double Next(double past, double present) => (Momentum * past) + ((1 - Momentum) * present);
        tau = Next(tau, rows.Average(row => (double)row.Max()));
        for (var c = 0; c < Classes; c++)
        {
            p[c] = Next(p[c], rows.Average(row => (double)row[c]));
            h[c] = Next(h[c], rows.Average(row => Array.IndexOf(row, row.Max()) == c ? 1.0 : 0));
        }
    }

    /// <summary>Every row that is not within the rounding of floats at its threshold.</summary>
    private static void RequireMask(float[] mask, float[] weak, double tau, double[] p, int step)
    {
        foreach (var (row, b) in weak.Chunk(Classes).Select((row, b) => (row, b)))
        {
            var above = row.Max() - (tau * p[Array.IndexOf(row, row.Max())] / p.Max());
            if (Math.Abs(above) > 2e-6)
            {
                Assert.That(mask[b], Is.EqualTo(above > 0 ? 1 : 0), $"row {b} of step {step}");
            }
        }
    }

    /// <summary>The reference's: quotients are floats, and infinite ones are replaced by 0.</summary>
    private static double Value(float[] strong, float[] mask, double[] p, double[] h)
    {
        var rows = strong.Chunk(Classes).Where((_, b) => mask[b] != 0).ToArray();
        if (rows.Length == 0)
        {
            return 0;
        }

        static double[] Normalised(IEnumerable<double> quotients)
        {
            var finite = quotients.Select(q => float.IsFinite((float)q) ? q : 0).ToArray();
            return [.. finite.Select(q => q / finite.Sum())];
        }

        var classes = Enumerable.Range(0, Classes).ToArray();
        var a = Normalised(classes.Select(c => p[c] / h[c]));
        var b = Normalised(classes.Select(
            c => rows.Average(row => (double)row[c]) / rows.Average(row => Array.IndexOf(row, row.Max()) == c ? 1.0 : 0)));
        return classes.Sum(c => a[c] * Math.Log(b[c] + 1e-12));
    }
}
